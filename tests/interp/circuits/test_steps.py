"""Nobody who clicks waits for more than one run of a circuit's search: every run is a step of its own."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from interp import load_puzzles
from interp.circuits import branches, runs, writes
from interp.circuits.certificate import certify
from interp.circuits.finder import AT_ONCE, Circuit, Judge, Target
from interp.circuits.graph import Graph
from interp.circuits.questions import AnswerWithout, CertificateOf, CircuitOf, EdgeEffects
from interp.circuits.questions.sample import Pairs
from interp.circuits.runs import CircuitRuns
from interp.model import PuzzleGPT
from interp.pairs import Pair
from interp.resumable import Steps
from tests.interp.circuits.by_hooks import far_apart
from tests.support.models import SMALL

PUZZLE = load_puzzles("bank").find("cffa39f1fc")
TWO = Pairs("rule", "replace_color", 2)
EDGES = tuple(Graph(SMALL).edges())[:30]


@pytest.fixture(scope="module")
def model() -> PuzzleGPT:
    return far_apart()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many runs, and rows of runs that branch off another, there have been since it was last cleared.
    Where every edge is cut nothing is run."""
    found: Counter[str] = Counter()

    def count(place: Any, name: str, kind: str, rows: Callable[..., int] = lambda *_: 1) -> None:
        known = getattr(place, name)

        def wrapped(*arguments: Any, **options: Any) -> Any:
            found[kind] += rows(*arguments)
            return known(*arguments, **options)

        monkeypatch.setattr(place, name, wrapped)

    count(writes, "recorded", "runs")
    count(runs, "everything_cut", "runs")
    count(branches.Branch, "logits", "rows", lambda branch: branch._rows * branch._mask.any())
    return found


def most(steps: Steps[Any, Any], counted: Counter[str]) -> dict[str, int]:
    """What at most is run in one step."""
    found: dict[str, int] = {}
    for _ in each(steps):
        found = {kind: max(found.get(kind, 0), counted[kind]) for kind in {*found, *counted}}
        counted.clear()
    return found


def each(steps: Steps[Any, Any]) -> Iterator[None]:
    """A step after the other, the last one too."""
    for _ in steps:
        yield
    yield


@pytest.mark.parametrize("fill", ["pair", "mean", "resample"])
@pytest.mark.parametrize("how", ["eap", "exact"])
def test_edges_are_scored_run_by_run(
    model: PuzzleGPT, counted: Counter[str], how: Any, fill: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "REFERENCE", 3)
    assert most(EdgeEffects(TWO, how, fill).steps(model, None), counted) == {"runs": 1}


@pytest.mark.parametrize("fill", ["pair", "mean"])
def test_a_certificate_is_made_run_by_run(
    model: PuzzleGPT, counted: Counter[str], fill: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "REFERENCE", 3)
    asked = EdgeEffects(TWO, "eap", fill)
    *_, effects = [one for one in asked.steps(model, None) if one is not None]
    counted.clear()
    found = most(CertificateOf(asked, EDGES, TWO).of_basis(model, effects), counted)
    assert found == {"runs": 1, "rows": 1}


def test_of_a_certificate_faithfulness_is_told_first_then_random_circuits_a_few_at_a_time(
    model: PuzzleGPT, pairs: list[Pair], runs: CircuitRuns
) -> None:
    kept = runs.graph.mask(EDGES)
    told = [one for one in certify.steps(model, Circuit(runs.graph, kept, 1.0), pairs, n_random=6) if one]
    assert [None if one.chance is None else one.chance.n for one in told] == [None, 4, 6, 6]
    (faithfulness,) = {one.faithfulness for one in told}
    assert faithfulness == pytest.approx(Judge(runs).of(kept), abs=1e-5)
    assert [one.solved is None for one in told] == [True, True, True, False]
    assert [one.verdict is None for one in told] == [True, True, True, False]


@pytest.mark.parametrize("by", ["edges", "nodes"])
def test_a_search_takes_a_few_circuits_that_are_nearly_the_same_together(
    model: PuzzleGPT, counted: Counter[str], by: Any
) -> None:
    asked = EdgeEffects(TWO, "eap")
    *_, effects = [one for one in asked.steps(model, None) if one is not None]
    counted.clear()
    wanted = CircuitOf(asked, Target("size", 12 if by == "edges" else 4), by=by)
    found = most(wanted.of_basis(model, effects), counted)
    assert found["runs"] == 1 and found["rows"] <= AT_ONCE + 1  # and the run that they branch off


def test_an_answer_with_edges_cut_is_drawn_run_by_run(model: PuzzleGPT, counted: Counter[str]) -> None:
    found = most(AnswerWithout(Pairs("rule", puzzle=PUZZLE), EDGES).steps(model, None), counted)
    assert found == {"runs": 1, "rows": 1}
