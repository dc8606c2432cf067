"""What a visitor looks in on: begun once, given up when something else is looked at, stopped and gone on
with."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from app.live import sweeps, watching
from app.live.watching import Watched, look_in
from app.state.scene import Scene
from interp import load_puzzles
from interp.ablation import (
    COMPONENT_KINDS,
    MEAN,
    NO_ABLATION,
    ZERO,
    Lookback,
    Method,
    components_of,
    parse_ablation,
)
from interp.backend import Backend
from interp.errors import PuzzlescopeError
from tests.support.models import SMALL


class Fake:
    """A watch whose progress a test decides."""

    def __init__(self, fraction: float | None = 0.0, error: Exception | None = None):
        self.state = None if fraction is None else SimpleNamespace(fraction=fraction)
        self.error, self.closed, self.dropped = error, 0, False

    @property
    def finished(self) -> bool:
        if self.error is not None:
            raise self.error
        return self.state is not None and self.state.fraction == 1

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """This visitor's, without a page around."""
    found = Watched()
    for module in (watching, sweeps):
        monkeypatch.setattr(module, "watched", lambda: found)
    return found


def test_it_is_begun_once_and_filled_up(mine: Watched) -> None:
    begun: list[Fake] = []

    def begin() -> Fake:
        begun.append(Fake(None))
        return begun[-1]

    assert look_in("lens", "key", begin).progress == 0.0
    begun[0].state = SimpleNamespace(fraction=0.5)
    seen = look_in("lens", "key", begin)
    assert seen.state is begun[0].state and (seen.progress, seen.stopped) == (0.5, False)
    begun[0].state.fraction = 1
    assert look_in("lens", "key", begin).progress is None
    assert len(begun) == 1 and not begun[0].closed


def test_looking_at_something_else_gives_it_up(mine: Watched) -> None:
    first, second, other = Fake(0.2), Fake(0.1), Fake(0.3)
    look_in("lens", "one", lambda: first)
    look_in("heads", "one", lambda: other)
    assert look_in("lens", "two", lambda: second).state is second.state
    assert first.closed and not second.closed and not other.closed, "another group is left alone"


def test_what_is_stopped_stays_and_can_be_begun_anew(mine: Watched) -> None:
    first, again = Fake(0.4), Fake(0.0)
    look_in("lens", "key", lambda: first)
    mine.stop("lens")
    seen = look_in("lens", "key", lambda: again)
    assert first.closed and seen.state is first.state
    assert seen.progress is None and seen.stopped
    mine.forget("lens")
    seen = look_in("lens", "key", lambda: again)
    assert seen.state is again.state and seen.progress == 0.0 and not seen.stopped


def test_what_was_finished_is_not_called_stopped(mine: Watched) -> None:
    look_in("lens", "key", lambda: Fake(1.0))
    mine.stop("lens")
    assert not look_in("lens", "key", lambda: Fake(0.0)).stopped


def test_an_error_reaches_who_looks(mine: Watched) -> None:
    with pytest.raises(PuzzlescopeError, match="no good"):
        look_in("lens", "key", lambda: Fake(error=PuzzlescopeError("no good")))


def test_who_goes_away_gives_up_everything(mine: Watched) -> None:
    fakes = [Fake(), Fake()]
    for k, fake in enumerate(fakes):
        look_in(f"group {k}", "key", lambda fake=fake: fake)
    mine.close()
    assert [fake.closed for fake in fakes] == [1, 1]


# ---- the sweeps of the board and the charts ----------------------------------------------------------------


@pytest.fixture
def scene(model_folder: str) -> Scene:
    return Scene(model_folder, load_puzzles("bank", task="grow", limit=1)[0])


def complete(scene: Scene, backend: Backend) -> sweeps.Measured:
    for _ in range(2000):
        measured = sweeps.board_sweep(scene, backend)
        if measured.progress is None:
            return measured
        for watch in sweeps.watched().known("board", sweeps.board_key(scene, backend)) or []:
            watch.wait()
    raise AssertionError(measured)


def test_the_board_of_one_puzzle_has_a_first_look(mine: Watched, scene: Scene) -> None:
    backend = Backend()
    measured = complete(scene, backend)
    assert measured.first_look is not None and measured.states[0] is not None
    assert measured.states[0].complete and not measured.stopped
    assert measured.states[0].components == tuple(components_of(SMALL, COMPONENT_KINDS))
    assert len(measured.states[0].finished_rows) == len(measured.first_look.finished_rows)


def test_another_base_is_another_sweep(mine: Watched, scene: Scene) -> None:
    off = parse_ablation("L1.attn", SMALL)
    here, backend = replace(scene, ablation=off), Backend()
    assert sweeps.sweep_base(here) == NO_ABLATION and sweeps.sweep_base(replace(here, base="off")) == off
    clean, on_top = (complete(one, backend).states[0] for one in (here, replace(here, base="off")))
    assert clean is not None and on_top is not None
    assert clean.finished_rows[0].loss.mean() != on_top.finished_rows[0].loss.mean()


@pytest.mark.parametrize(("method", "used"), [(ZERO, ZERO), (MEAN, MEAN), (Lookback(100), ZERO)])
def test_looking_back_measures_no_worth(scene: Scene, method: Method, used: Method) -> None:
    assert sweeps.sweep_method(replace(scene, method=method)) == used
