"""What one more analysis takes: a question and its result, here made up in the test. Nothing else has to know
of it, and all that others have works for it too."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from interp.ablation import NO_ABLATION, Ablation, Need, ReferenceMeans, bank_means, parse_ablation
from interp.analyses.question import Question, RunQuestion, means_over, tokens_of
from interp.backend import Backend
from interp.engine.predict import losses
from interp.engine.runs import Run
from interp.errors import PuzzlescopeError
from interp.export.programs import Sample, given, off_lines, program_of
from interp.export.tables import Header, Table
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle
from interp.resumable import Steps, finish
from interp.tokens import STRUCTURES
from tests.support.models import SMALL, saved_model
from tests.support.programs import printed

pytestmark = pytest.mark.usefixtures("few_references")

OFF = parse_ablation("L1.attn:mean,L0.H2", SMALL)


@dataclass(eq=False)
class Hardness:
    """The loss on each puzzle, as far as it is known."""

    n: int
    found: dict[str, float] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        return 8 * self.n

    @property
    def fraction(self) -> float:
        return len(self.found) / self.n

    def rows(self) -> tuple[dict[str, Any], ...]:
        return tuple({"puzzle": name, "loss": loss} for name, loss in self.found.items())

    def summary(self) -> str:
        return f"{max(self.found, key=self.found.__getitem__)} is the hardest of {self.n} puzzles."


BEGUN: list[str] = []


@dataclass(frozen=True)
class HardnessOf(Question[Hardness]):
    """How hard each of these puzzles is for the model. It fills up puzzle by puzzle."""

    puzzles: tuple[Puzzle, ...]
    ablation: Ablation = NO_ABLATION

    @property
    def means_over(self) -> tuple[Need, ...]:
        return means_over(self.puzzles, self.ablation)

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[Hardness, Hardness]:
        BEGUN.append(self.ablation.text)
        state = Hardness(len(self.puzzles))
        yield state
        for puzzle in self.puzzles:
            loss, _ = losses(model, tokens_of((puzzle,)), self.ablation, means)
            state.found[puzzle.id] = loss.mean()
            yield None
        return state

    def program(self, model: str) -> str:
        sample = Sample.of(self.puzzles)
        return program_of(
            [f"model = load_model({model!r})", *sample.lines, *off_lines(self.ablation)],
            [f"print(losses(model, tokens{given(self.ablation)})[0].by_puzzle().tolist())"],
        )


@dataclass(frozen=True)
class SizeOfStream(RunQuestion[float]):
    """How large the residual stream before a layer is, in a cached run."""

    layer: int = 0

    def of_run(self, model: PuzzleGPT, run: Run) -> Steps[None, float]:
        yield from ()
        return float(run.before[self.layer].norm())

    def program(self, model: str) -> str:
        return "print('no program')"


@pytest.fixture(scope="module")
def name(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def backend() -> Backend:
    return Backend()


@pytest.fixture(scope="module")
def puzzles(backend: Backend) -> tuple[Puzzle, ...]:
    """Three puzzles, in more than one order of the grids."""
    return tuple(backend.bank().filter(structure=structure)[k] for k, structure in enumerate(STRUCTURES[:3]))


@pytest.mark.parametrize("off", [NO_ABLATION, OFF], ids=["clean", "with means"])
def test_it_is_answered_like_any_other(
    backend: Backend, name: str, puzzles: tuple[Puzzle, ...], off: Ablation
) -> None:
    question = HardnessOf(puzzles, off)
    found = backend.ask(name, question)
    model = backend.model(name)
    means = bank_means(model, backend.bank()) if off.needs_means else None
    expected, _ = losses(model, tokens_of(puzzles), off, means, batch=1)
    assert list(found.found.values()) == pytest.approx(expected.by_puzzle().tolist(), rel=1e-6)
    assert found.fraction == 1
    alone = finish(question.steps(model, means))
    assert alone.found == found.found, "no backend is needed"


def test_it_is_kept_under_itself(backend: Backend, name: str, puzzles: tuple[Puzzle, ...]) -> None:
    found = backend.ask(name, HardnessOf(puzzles, OFF))
    begun = len(BEGUN)
    assert backend.ask(name, HardnessOf(puzzles, OFF)) is found
    watch = backend.watch(name, HardnessOf(puzzles, OFF))
    assert watch.finished and watch.state is found and len(BEGUN) == begun
    assert backend.ask(name, HardnessOf(puzzles)) is not found
    assert backend.ask(name, HardnessOf(puzzles[:2], OFF)) is not found


def test_those_who_ask_at_once_share_it(name: str, puzzles: tuple[Puzzle, ...]) -> None:
    shared, go, question = Backend(), threading.Barrier(4), HardnessOf(puzzles)
    shared.model(name)
    BEGUN.clear()

    def ask(k: int) -> Hardness:
        go.wait()
        return shared.ask(name, question) if k % 2 else shared.watch(name, question).result()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, range(4)))
    assert all(one is found[0] for one in found) and BEGUN == [""]


def test_one_sees_it_fill_up(backend: Backend, name: str) -> None:
    with backend.watch(name, HardnessOf(tuple(backend.bank().limit(40)))) as watch:
        seen = []
        while not watch.finished:
            if watch.state is not None:
                seen.append((watch.state, watch.state.fraction))
            watch.wait()
    assert {id(state) for state, _ in seen} == {id(watch.state)}, "the same object all the time"
    assert [fraction for _, fraction in seen] == sorted(fraction for _, fraction in seen)


def test_its_rows_go_into_a_table(backend: Backend, name: str, puzzles: tuple[Puzzle, ...]) -> None:
    found = backend.ask(name, HardnessOf(puzzles))
    lines = Table(Header(name, backend.checkpoint_id(name), ()), found.rows()).csv().splitlines()
    assert "puzzle,loss" in lines and len(lines) == lines.index("puzzle,loss") + 1 + len(puzzles)
    assert found.summary().startswith(max(found.found, key=found.found.__getitem__))


def test_its_program_repeats_it(backend: Backend, name: str, puzzles: tuple[Puzzle, ...]) -> None:
    question = HardnessOf(puzzles, OFF)
    said = printed(question.program(name)).strip().strip("[]").split(", ")
    found = backend.ask(name, question).found.values()
    assert [float(loss) for loss in said] == pytest.approx(list(found), rel=1e-4)


def test_a_question_about_a_run_is_given_the_cached_one(
    backend: Backend, name: str, puzzles: tuple[Puzzle, ...]
) -> None:
    size = backend.ask(name, SizeOfStream(puzzles[0], OFF, layer=2))
    runs = len(backend._supplies.runs)
    assert backend.ask(name, SizeOfStream(puzzles[0], OFF, layer=1)) != size
    assert len(backend._supplies.runs) == runs, "the same run"
    model = backend.model(name)
    means = bank_means(model, backend.bank())
    assert finish(SizeOfStream(puzzles[0], OFF, layer=2).steps(model, means)) == pytest.approx(size)


def test_a_question_that_forgets_its_means_is_refused_in_a_sentence(
    backend: Backend, name: str, puzzles: tuple[Puzzle, ...]
) -> None:
    class Forgetful(HardnessOf):
        @property
        def means_over(self) -> tuple[Need, ...]:
            return ()

    with pytest.raises(PuzzlescopeError, match="reference means"):
        backend.ask(name, Forgetful(puzzles, OFF))
