"""What a visitor looks in on: begun once, given up when something else is looked at, stopped and gone on
with."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from app.live import experiments, sweeps, synergies, watching
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
    for module in (watching, sweeps, experiments, synergies):
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


def test_what_was_given_up_for_later_wishes_is_called_stopped(mine: Watched) -> None:
    begun = Fake(0.5)
    mine.keep("board", "key", [begun])
    assert not mine.stopped("board")
    begun.dropped = True
    assert mine.stopped("board")
    assert mine.known("board", "another") is None and not mine.stopped("board")


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


def settled(scene: Scene, backend: Backend) -> sweeps.Measured:
    """What there is once nothing is computed any more."""
    for _ in range(2000):
        measured = sweeps.board_sweep(scene, backend)
        if measured.progress is None:
            return measured
        for group in sweeps.GROUPS:
            for watch in sweeps.watched()._of(group):
                watch.wait()
    raise AssertionError(measured)


def complete(scene: Scene, backend: Backend) -> sweeps.Measured:
    """The same for a visitor who asks for exact values."""
    sweeps.measure(scene, backend)
    return settled(scene, backend)


def test_exact_values_are_for_those_who_stay(
    mine: Watched, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, clock = Backend(), [0.0]
    monkeypatch.setattr(watching.time, "monotonic", lambda: clock[0])
    first = sweeps.board_sweep(scene, backend)
    assert first.under_way and first.first_look is None
    glanced = settled(scene, backend)
    assert glanced.waits and glanced.under_way and glanced.states == (None,)
    rows, rough = sweeps.rows_of(glanced)
    assert rough and len(rows) == 1 + len(components_of(SMALL, COMPONENT_KINDS))
    assert mine.due() == watching.LINGER and not backend.working
    clock[0] = watching.LINGER - 0.1
    assert settled(scene, backend).waits and mine.due() == pytest.approx(0.1)
    clock[0] = watching.LINGER
    version = mine.version(sweeps.GROUPS)
    stayed = settled(scene, backend)
    assert mine.version(sweeps.GROUPS) != version
    assert stayed.states[0] is not None and stayed.states[0].complete and not stayed.under_way
    assert sweeps.rows_of(stayed)[1] is False
    another = Watched()
    monkeypatch.setattr(sweeps, "watched", lambda: another)
    assert settled(scene, backend).states[0] is stayed.states[0], "what is kept need not be waited for"


def test_another_ablation_below_the_board_is_stayed_with_anew(
    mine: Watched, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, clock = Backend(), [0.0]
    monkeypatch.setattr(watching.time, "monotonic", lambda: clock[0])
    settled(replace(scene, base="off"), backend)
    clock[0] = watching.LINGER
    other = replace(scene, base="off", ablation=parse_ablation("L1.attn", SMALL))
    assert settled(other, backend).waits
    assert settled(replace(scene, sample=4), backend).states[0] is not None, "there is nothing else to see"


def test_what_is_not_begun_can_be_stopped_and_measured(mine: Watched, scene: Scene) -> None:
    backend = Backend()
    sweeps.stop(scene, backend)
    stopped = sweeps.board_sweep(scene, backend)
    assert stopped.stopped and not stopped.under_way
    again = complete(scene, backend)
    assert again.states[0] is not None and again.states[0].complete and not again.stopped


def test_experiments_are_tried_for_those_who_stay(mine: Watched, scene: Scene) -> None:
    backend = Backend()
    settled(scene, backend)
    assert experiments.costliest(scene, backend) is None and experiments.under_way(scene, backend)
    assert not mine.known(experiments.LAYERS, (scene.model, scene.puzzle)), "nothing is asked for"
    complete(scene, backend)
    for _ in range(2000):
        if not experiments.under_way(scene, backend):
            break
        for group in experiments.GROUPS:
            for watch in mine._of(group):
                watch.wait()
    assert experiments.costliest(scene, backend) is not None and experiments.tried(scene, backend)


def test_the_tour_speaks_of_the_costliest_layer_and_does_not_wait(mine: Watched, scene: Scene) -> None:
    experiments.costliest(replace(scene, tour=1), Backend())
    assert mine.known(experiments.LAYERS, (scene.model, scene.puzzle))


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


def test_the_other_effect_is_measured_for_those_who_stay(
    mine: Watched, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, clock = Backend(), [0.0]
    monkeypatch.setattr(watching.time, "monotonic", lambda: clock[0])
    here = replace(scene, ablation=parse_ablation("L1.attn", SMALL), base="off")
    assert sweeps.other_sweep(scene, backend) is None, "nothing is off"
    board = complete(here, backend).states[0]
    waits = sweeps.other_sweep(here, backend)
    assert waits is not None and waits.waits and sweeps.filling(here, backend) and not backend.working
    clock[0] = watching.LINGER
    sweeps.other_sweep(here, backend)
    for watch in mine._of(sweeps.OTHER):
        while not watch.finished:
            watch.wait()
    rows = sweeps.other_rows(here, backend)
    whole = complete(scene, backend).states[0]
    assert whole is not None and board is not None and not sweeps.filling(here, backend)
    assert [row.loss.mean() for row in rows] == [row.loss.mean() for row in whole.common()]
    assert sweeps.is_given(here) and not sweeps.is_given(replace(here, base="clean"))
    turned = sweeps.other_rows(replace(here, base="clean"), backend)
    assert [one.loss.mean() for one in turned] == [one.loss.mean() for one in board.common()], "kept: at once"
    sweeps.stop(here, backend)
    assert sweeps.other_sweep(here, backend) is None and sweeps.other_rows(here, backend) == []


def test_pairs_are_measured_when_they_are_asked_for(mine: Watched, scene: Scene) -> None:
    backend = Backend()
    assert synergies.pairs(scene, backend) is None
    synergies.begin(scene, backend)
    mine.stop(synergies.GROUP)
    seen = synergies.pairs(scene, backend)
    assert seen is not None and seen.stopped and seen.progress is None
    synergies.begin(scene, backend)
    for watch in mine._of(synergies.GROUP):
        while not watch.finished:
            watch.wait()
    seen = synergies.pairs(scene, backend)
    assert seen is not None and seen.state is not None and seen.state.complete and not seen.stopped
    other = replace(scene, ablation=parse_ablation("L1.attn", SMALL))
    again = synergies.pairs(other, backend)
    assert again is not None and again.state is seen.state, "from the whole model it is the same"
    assert synergies.pairs(replace(other, base="off"), backend) is None
    assert synergies.pairs(other, backend) is not None, "what is kept is shown at once"


@pytest.mark.parametrize(("method", "used"), [(ZERO, ZERO), (MEAN, MEAN), (Lookback(100), ZERO)])
def test_looking_back_measures_no_worth(scene: Scene, method: Method, used: Method) -> None:
    assert sweeps.sweep_method(replace(scene, method=method)) == used
