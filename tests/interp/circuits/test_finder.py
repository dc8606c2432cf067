"""Small circuits: as faithful as was asked for, minimal, and no accident."""

from dataclasses import replace

import numpy as np
import pytest

from interp import load_model
from interp.circuits.attribution import attribute_edges
from interp.circuits.finder import (
    Circuit,
    Judge,
    Target,
    eliminate,
    find_circuit,
    pairs_alike,
    random_circuits,
    sizes,
    top_circuit,
)
from interp.circuits.graph import Graph, connected
from interp.circuits.runs import CircuitRuns
from interp.circuits.scores import EdgeScores
from interp.engine.forward import weights_of
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.pairs import Pair, shipped_pairs
from interp.resumable import finish
from tests.interp.circuits.by_hooks import drawn_by, far_apart, pairs_with_a_gap
from tests.support.models import SMALL

GRAPH = Graph(SMALL)
TARGET = 0.8


@pytest.fixture(scope="module")
def model() -> PuzzleGPT:
    return far_apart()


@pytest.fixture(scope="module")
def scores(model: PuzzleGPT, pairs: list[Pair]) -> EdgeScores:
    return attribute_edges(model, pairs)


@pytest.fixture(scope="module")
def top(runs: CircuitRuns, scores: EdgeScores) -> list[Circuit]:
    return [one for one in top_circuit.steps(runs, scores, TARGET) if one is not None]


@pytest.fixture(scope="module")
def small(runs: CircuitRuns, top: list[Circuit]) -> Circuit:
    return eliminate(runs, top[-1], TARGET)


def share(runs: CircuitRuns, kept: np.ndarray) -> float:
    """Faithfulness from its definition."""
    whole, empty = (runs.metrics(mask).mean() for mask in (GRAPH.possible, np.zeros_like(GRAPH.possible)))
    return float((runs.metrics(kept).mean() - empty) / (whole - empty))


def test_the_first_faithful_circuit_is_taken(
    runs: CircuitRuns, scores: EdgeScores, top: list[Circuit]
) -> None:
    assert [one.faithfulness >= TARGET for one in top] == [False] * (len(top) - 1) + [True]
    for circuit, n in zip(top, sizes(GRAPH.n_edges), strict=False):
        assert np.array_equal(circuit.kept, connected(GRAPH, scores.top(n)))
        assert circuit.faithfulness == pytest.approx(share(runs, circuit.kept), abs=1e-9)
        assert len(circuit.edges) == len(circuit) == circuit.kept.sum() <= n


def test_what_elimination_leaves_is_minimal(runs: CircuitRuns, top: list[Circuit], small: Circuit) -> None:
    assert 0 < len(small) < len(top[-1])
    assert not (small.kept & ~top[-1].kept).any()
    assert np.array_equal(small.kept, connected(GRAPH, small.kept))
    assert small.faithfulness == pytest.approx(share(runs, small.kept), abs=1e-9)
    assert small.faithfulness >= TARGET
    for edge in small.edges:
        without = small.kept.copy()
        without[GRAPH.place(edge)] = False
        assert share(runs, without) < TARGET + 1e-6


def test_chance_is_far_less_faithful(runs: CircuitRuns, small: Circuit) -> None:
    found = list(random_circuits(GRAPH, small.kept, 8))
    assert all(one.sum() == len(small) and not (one & ~GRAPH.possible).any() for one in found)
    assert len({one.tobytes() for one in found}) == 8
    for kind in ("q", "mlp", "logits"):
        of_kind = [reader.rpartition(".")[2] == kind for reader in GRAPH.readers]
        assert {one[of_kind].sum() for one in found} == {small.kept[of_kind].sum()}
    assert max(share(runs, one) for one in found) < small.faithfulness


def test_many_are_judged_as_one_is(runs: CircuitRuns, small: Circuit) -> None:
    masks = np.stack([small.kept, *random_circuits(GRAPH, small.kept, 9, seed=3)])
    judge = Judge(runs)
    np.testing.assert_allclose(finish(judge.each(masks)), [judge.of(one) for one in masks], atol=1e-5)


def test_what_cannot_be_had_is_told_in_a_sentence(
    runs: CircuitRuns, scores: EdgeScores, small: Circuit
) -> None:
    with pytest.raises(PuzzlescopeError, match="up to 1, got 5"):
        top_circuit(runs, scores, 5.0)
    with pytest.raises(PuzzlescopeError, match="whole number of edges from 1 on"):
        Target("size", 2.5)
    with pytest.raises(PuzzlescopeError, match="begin with more edges"):
        eliminate(runs, small, 0.99)
    with pytest.raises(PuzzlescopeError, match="answers none of these puzzles right"):
        top_circuit(runs, scores, Target("solved"))


def test_the_share_is_what_is_dropped_together(runs: CircuitRuns, top: list[Circuit]) -> None:
    first = [
        next(one for one in eliminate.steps(runs, top[-1], TARGET, share=share) if one is not None)
        for share in (1e-9, 0.5)
    ]
    assert len(top[-1]) > len(first[0]) > len(first[1]) > 0
    assert min(one.faithfulness for one in first) >= TARGET


def test_circuits_have_as_many_edges_as_was_asked_for(runs: CircuitRuns, scores: EdgeScores) -> None:
    wanted = Target("size", 20)
    top = top_circuit(runs, scores, wanted)
    assert 0 < len(top) <= 20
    more = next(n for n in range(GRAPH.n_edges) if connected(GRAPH, scores.top(n)).sum() > 20)
    assert np.array_equal(top.kept, connected(GRAPH, scores.top(more - 1)))
    found = find_circuit(runs, scores, wanted)
    assert 0 < len(found) <= 20
    assert found.faithfulness == pytest.approx(share(runs, found.kept), abs=1e-9)
    assert found.faithfulness > top.faithfulness


def test_edges_that_score_nothing_do_not_take_the_place_of_others(
    runs: CircuitRuns, scores: EdgeScores
) -> None:
    """In a planted circuit they are no connections: an edge of it that does harm goes before one of them."""
    planted = connected(GRAPH, scores.top(12))
    known = replace(scores, total=np.where(planted, scores.total, 0))
    found = find_circuit(runs, known, Target("size", int(planted.sum())))
    assert np.array_equal(found.kept, planted)


def test_a_circuit_of_nodes_has_every_edge_between_them(runs: CircuitRuns, scores: EdgeScores) -> None:
    found = find_circuit(runs, scores, TARGET, by="nodes")
    assert 0 < found.size == len(found.parts) < len(GRAPH.writers) - 1
    names = {"embed", *found.parts}
    owners = {edge.reader if edge.reader.endswith("mlp") else edge.reader[:-2] for edge in found.edges}
    assert owners - {"logi"} <= names and {edge.writer for edge in found.edges} <= names
    assert all(
        found.kept[GRAPH.place(edge)]
        for edge in GRAPH.edges()
        if edge.writer in names
        and (edge.reader == "logits" or edge.reader in names or edge.reader[:-2] in names)
    )
    assert found.faithfulness >= TARGET
    for part in found.parts:
        without = found.kept.copy()
        without[:, GRAPH.writers.index(part)] = False
        assert share(runs, without) < TARGET
    drawn = list(random_circuits(GRAPH, found.kept, 3, by="nodes"))
    assert all((one[:, 1:].any(0).sum()) <= found.size for one in drawn)


@pytest.fixture(scope="module")
def right() -> CircuitRuns:
    """Runs of a pair whose base's answer is what the model draws: solved, whatever it draws. The heads of the
    last layer write next to nothing."""
    model = far_apart()
    model.blocks[2].attn.W_O.mul_(1e-4)
    pair = pairs_with_a_gap()[0]
    return CircuitRuns(weights_of(model), [replace(pair, base=drawn_by(model, pair.base))])


def test_answers_that_are_right_stay_right(right: CircuitRuns) -> None:
    assert Judge(right).ends.right == (True,)
    scores = attribute_edges(right.weights.model, right.pairs)
    found = find_circuit(right, scores, Target("solved"), by="nodes")
    answers = [pair.base.grids[3] for pair in right.pairs]
    assert found.size < len(GRAPH.writers) - 1
    assert pairs_alike(right, found.kept, answers)[1].all()
    for part in found.parts:
        without = found.kept.copy()
        without[:, GRAPH.writers.index(part)] = False
        assert not pairs_alike(right, without, answers)[1].all()


def test_a_gap_is_worked_out_once(model: PuzzleGPT, scores: EdgeScores, pairs: list[Pair]) -> None:
    runs = CircuitRuns(weights_of(model), pairs)
    Judge(runs)
    kept = runs.ends
    top_circuit(runs, scores, TARGET)
    assert runs.ends is kept


def test_the_whole_model_answers_a_puzzle_right_and_the_empty_one_does_not() -> None:
    pair = shipped_pairs("rule", "frame")[0]
    runs, answers = CircuitRuns(weights_of(load_model()), [pair]), [pair.base.grids[3]]
    graph = runs.graph
    cells, solved = pairs_alike(runs, graph.possible, answers)
    assert cells.tolist() == [1.0] and solved.tolist() == [True]
    cells, solved = pairs_alike(runs, np.zeros_like(graph.possible), answers)
    assert 0.5 < cells[0] < 1 and solved.tolist() == [False]


def test_of_a_number_of_edges_those_are_left_that_are_nearest_to_the_model(runs: CircuitRuns) -> None:
    """Not those that keep most: without an edge that does harm more than all of the gap is kept."""
    whole = Circuit(GRAPH, GRAPH.possible, 1.0)
    places = np.argwhere(GRAPH.possible)
    fewer = np.repeat(GRAPH.possible[None], len(places), 0)
    fewer[np.arange(len(places)), places[:, 0], places[:, 1]] = False
    shares = finish(Judge(runs).standings(fewer, GRAPH.possible)).faithfulness
    nearest, most = np.abs(1 - shares).argmin(), shares.argmax()
    assert shares[most] > 1 + abs(1 - shares[nearest])
    found = eliminate(runs, whole, Target("size", GRAPH.n_edges - 1))
    assert np.array_equal(found.kept, connected(GRAPH, fewer[nearest]))
