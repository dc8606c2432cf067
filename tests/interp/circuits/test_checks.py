"""What a certificate asks a circuit, each against its definition, computed another way."""

from dataclasses import replace

import numpy as np
import pytest

from interp import load_puzzles
from interp.circuits.attribution import attribute_edges
from interp.circuits.certificate import Chance, certificate_json, certify, check_apart
from interp.circuits.checks.answers import Answers, count_answers
from interp.circuits.checks.greedy import greedy_answers
from interp.circuits.checks.knockouts import NEEDED, completeness, minimality
from interp.circuits.finder import Circuit, Judge, Target, edge_classes, random_circuits, top_kept
from interp.circuits.graph import Graph
from interp.circuits.runs import CircuitRuns
from interp.circuits.scores import EdgeScores
from interp.engine.forward import weights_of
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.pairs import Pair
from interp.puzzles import PuzzleSet
from interp.resumable import finish
from tests.interp.circuits.by_hooks import drawn_by, far_apart, others_with_a_gap, pairs_with_a_gap
from tests.support.models import SMALL

GRAPH = Graph(SMALL)


@pytest.fixture(scope="module")
def model() -> PuzzleGPT:
    return far_apart()


@pytest.fixture(scope="module")
def scores(model: PuzzleGPT, pairs: list[Pair]) -> EdgeScores:
    return attribute_edges(model, pairs, steps=0)


@pytest.fixture(scope="module")
def circuit(runs: CircuitRuns, scores: EdgeScores) -> Circuit:
    kept = top_kept(scores, 200)
    return Circuit(GRAPH, kept, Judge(runs).of(kept))


@pytest.fixture(scope="module")
def bank(pairs: list[Pair]) -> PuzzleSet:
    """Two puzzles of each order of the grids that the pairs have, of their task."""
    found = load_puzzles("bank").filter(task="replace_color")
    orders = {pair.base.structure for pair in others_with_a_gap()} | {p.base.structure for p in pairs}
    return PuzzleSet("few", tuple(p for one in orders for p in found.filter(structure=one).limit(2)))


# ---- greedy decoding ---------------------------------------------------------------------------------------


def test_the_whole_model_draws_what_plain_decoding_draws(model: PuzzleGPT, runs: CircuitRuns) -> None:
    found = greedy_answers(runs, GRAPH.possible)
    expected = [drawn_by(model, pair.base).grids[3].ravel() for pair in runs.pairs]
    assert np.array_equal(found, expected)
    assert not np.array_equal(found, runs.answers)


@pytest.mark.parametrize("fill", ["pair", "zero"])
def test_a_circuit_draws_each_cell_given_its_own_before(
    model: PuzzleGPT, pairs: list[Pair], circuit: Circuit, fill: str
) -> None:
    """Cell by cell, a run each; both runs are given what was drawn."""
    runs = CircuitRuns(weights_of(model), pairs[:1], fill)
    drawn = runs.answers[0].copy()
    for cell in range(100):
        drawn[cell] = int(finish(runs.given(0, drawn)).logits(circuit.kept)[0, cell].argmax())
    assert np.array_equal(greedy_answers(runs, circuit.kept)[0], drawn)
    forced = runs.logits(circuit.kept).argmax(-1).numpy()
    assert not np.array_equal(drawn, forced[0]), "the same as given the true cells: the test says nothing"
    assert np.array_equal(greedy_answers(runs, circuit.kept, list(forced))[0], drawn)


# ---- knockouts ---------------------------------------------------------------------------------------------


def test_completeness_compares_both_with_the_same_edges_cut(runs: CircuitRuns, circuit: Circuit) -> None:
    judge = Judge(runs)
    found = completeness(judge, circuit, 2, seed=3)
    assert found.n == 2 and 0 < found.mean <= found.most
    for name, own in edge_classes(GRAPH).items():
        if (own & circuit.kept).any():
            ours, whole = judge.of(circuit.kept & ~own), judge.of(GRAPH.possible & ~(own & circuit.kept))
            assert found.by_class[name] == pytest.approx(abs(ours - whole), abs=1e-4)
    nothing_cut = completeness(judge, Circuit(GRAPH, GRAPH.possible, 1.0), 1)
    assert nothing_cut.most == pytest.approx(0, abs=1e-9), "the whole model lacks nothing"


def test_minimality_is_what_is_lost_with_each_edge(runs: CircuitRuns, circuit: Circuit) -> None:
    judge = Judge(runs)
    found = minimality(judge, circuit)
    drops = dict(zip(circuit.edges, found.drops, strict=True))
    for edge in circuit.edges[::9]:
        without = circuit.kept.copy()
        without[GRAPH.place(edge)] = False
        assert drops[edge] == pytest.approx(circuit.faithfulness - judge.of(without), abs=1e-4)
    assert found.needed == np.mean([drop >= NEEDED for drop in found.drops])
    assert found.least == min(found.drops)


# ---- stability ---------------------------------------------------------------------------------------------


def test_every_pairs_scores_are_kept_and_drawn_anew(model: PuzzleGPT, scores: EdgeScores) -> None:
    assert scores.each is not None
    np.testing.assert_allclose(scores.each.mean(0), scores.total)
    one = attribute_edges(model, pairs_with_a_gap()[1:], steps=0)
    np.testing.assert_allclose(scores.each[1], one.total, atol=1e-6)
    drawn = scores.resampled(30, 12, seed=1)
    tops = {replace(scores, total=own).top(30).tobytes() for own in (*scores.each, scores.total)}
    assert {one.tobytes() for one in drawn} == tops, "of two pairs: either alone, or both"
    with pytest.raises(PuzzlescopeError, match="two pairs or more"):
        one.resampled(30, 5)


# ---- the certificate ---------------------------------------------------------------------------------------


def test_a_full_certificate_says_everything(
    model: PuzzleGPT, circuit: Circuit, scores: EdgeScores, bank: PuzzleSet
) -> None:
    """It goes on from the quick one, which measures nothing again."""
    held_out, found_by = others_with_a_gap(), pairs_with_a_gap()
    quick = [
        one
        for one in certify.steps(model, circuit, held_out, scores=scores, found_by=found_by, n_random=2)
        if one is not None
    ]
    assert quick[0].chance is None and quick[0].pairs == 2
    steps = certify.steps(
        model, circuit, held_out, depth="full", known=quick[-1], n_random=3, found_by=found_by, bank=bank
    )
    found = [one for one in steps if one is not None]
    assert found[0].chance is not None and found[0].chance.n == 3
    last = found[-1]
    for name in ("faithfulness", "kl", "solved", "answers", "sizes", "stable"):
        assert getattr(last, name) is getattr(quick[-1], name) is not None
    judge = Judge(CircuitRuns(weights_of(model), held_out))
    each = np.array([judge.of(one) for one in random_circuits(GRAPH, circuit.kept, 3)])
    expected = Chance.of(each)
    assert last.chance is not None
    assert [*vars(last.chance).values()] == pytest.approx([*vars(expected).values()], abs=1e-4)
    assert last.fills is not None and list(last.fills) == ["pair", "mean", "resample", "zero"]
    assert last.fills["pair"].faithfulness == pytest.approx(last.faithfulness, abs=1e-4)
    zero = CircuitRuns(weights_of(model), held_out, "zero")
    assert last.fills["zero"].faithfulness == pytest.approx(_share(zero, circuit.kept), rel=1e-3)
    assert len({own.faithfulness for own in last.fills.values()}) == 4
    told = certificate_json(last, circuit)
    assert told.keys() >= {"kl", "solved", "cpr", "cmd", "random", "held_out", "completeness", "minimality"}
    assert told.keys() - {"meanings"} - told["meanings"].keys() <= {"sizes", "held_out"}
    assert told["held_out"]["logit_difference"].keys() == {"circuit", "whole", "empty"}


def test_other_pairs_are_asked_for_edges_in_the_same_order(
    model: PuzzleGPT, circuit: Circuit, scores: EdgeScores
) -> None:
    for signed in (False, True):
        found = certify(model, circuit, others_with_a_gap(), scores=scores, n_random=1, signed=signed).stable
        n = len(circuit)
        own = scores.top(n, signed=signed)
        each = [
            float((one & own).sum() / (one | own).sum()) for one in scores.resampled(n, 100, signed=signed)
        ]
        assert found is not None and found.mean == pytest.approx(np.mean(each))
    assert not np.array_equal(scores.top(n), scores.top(n, signed=True))


def test_answers_are_counted_as_greedy_decoding_draws_them(model: PuzzleGPT, pairs: list[Pair]) -> None:
    """On puzzles whose truth is what the model draws it is right, and a circuit where it draws the same."""
    own = [*pairs, *others_with_a_gap()]
    right = [replace(pair, base=drawn_by(model, pair.base)) for pair in own[:3]]
    asked = [*right, own[3]]
    for kept in (GRAPH.possible, GRAPH.mask([GRAPH.edge("embed", "logits")])):
        runs = CircuitRuns(weights_of(model), asked)
        greedy = (greedy_answers(runs, kept) == runs.answers).all(1)
        steps = list(count_answers.steps(weights_of(model), kept, asked))
        assert steps == [None] * (3 * 4 + 1), "of the one that is answered wrong only the whole model is run"
        found = count_answers(weights_of(model), kept, asked)
        assert (found.pairs, found.whole, found.kept) == (4, 3, int(greedy[:3].sum()))
        assert found.kept == (3 if kept is GRAPH.possible else 0)


def test_right_answers_stay_right_if_enough_of_them_show_it() -> None:
    """Eight of eight show little; what the model answers wrong does not count; one that goes wrong is one."""
    few = Answers.of(np.array([True] * 8 + [False]), np.array([True] * 9))
    assert (few.pairs, few.whole, few.kept) == (9, 8, 8) and few.at_least == pytest.approx(0.05 ** (1 / 8))
    assert few.undecided and "shows no more than that at least 69% of such answers" in few.reason
    enough = few.with_more(Answers.of(np.ones(21, bool), np.ones(21, bool)))
    assert enough.whole == 29 and not enough.undecided and not enough.reason
    wrong = enough.with_more(Answers.of(np.ones(35, bool), np.arange(35) > 3))
    assert (
        not wrong.undecided and "Of 64 held-out answers" in wrong.reason and "60 stay right" in wrong.reason
    )
    assert wrong.at_least == pytest.approx(0.8629, abs=1e-3), (
        "Clopper and Pearson, 4 wrong of 64, one-sided 95 %"
    )


def _share(runs: CircuitRuns, kept: np.ndarray) -> float:
    ours, whole, empty = (
        runs.metrics(one).mean() for one in (kept, GRAPH.possible, np.zeros_like(GRAPH.possible))
    )
    return float((ours - empty) / (whole - empty))


def test_the_pairs_held_out_are_others(pairs: list[Pair]) -> None:
    check_apart(pairs, others_with_a_gap())
    with pytest.raises(PuzzlescopeError, match="share 2 puzzles"):
        check_apart(pairs, [pairs[1].swapped()])
    with pytest.raises(PuzzlescopeError, match="Of the 3 pairs held out 2 are there more than once"):
        check_apart([], [*pairs, pairs[0]])


def test_a_verdict_gives_its_reasons(model: PuzzleGPT, pairs: list[Pair], circuit: Circuit) -> None:
    """A circuit is accepted on the pairs that it is faithful on; what claims more than it keeps, and what is
    no better than chance, is not."""
    good = certify(model, circuit, pairs, n_random=4)
    assert good.verdict is not None and good.verdict.accepted and not good.verdict.reasons
    false = certify(model, replace(circuit, faithfulness=good.faithfulness + 0.06), pairs, n_random=1)
    assert false.verdict is not None and not false.verdict.accepted
    assert "more than 0.05 below" in false.verdict.reasons[0]
    asked = Target("faithfulness", min(1.0, good.faithfulness))
    assert certify(model, circuit, pairs, n_random=1, target=asked).verdict.accepted
    solved = certify(
        model, replace(circuit, faithfulness=2.0), pairs, n_random=1, target=Target("solved")
    ).verdict
    assert solved is not None and solved.undecided, "no share of the gap was asked for"
    assert solved.reasons == (
        "The whole model answers none of the held-out puzzles right: none can stay right.",
    )
    whole = certify(model, Circuit(GRAPH, GRAPH.possible, 1.0), pairs, n_random=1)
    assert whole.verdict is not None
    assert [reason for reason in whole.verdict.reasons if "no nearer to the whole" in reason]
