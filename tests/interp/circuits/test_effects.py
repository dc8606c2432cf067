"""Effects of edges, exact and estimated, against the model's own hooks, differentiated by PyTorch."""

import random

import numpy as np
import pytest
import torch

from interp import load_puzzles
from interp.circuits import windows, writes
from interp.circuits.attribution import attribute_edges
from interp.circuits.blocks import BLOCKS
from interp.circuits.exact import exact_edges
from interp.circuits.graph import Edge, Graph
from interp.circuits.scores import EdgeScores, agreement
from interp.engine.forward import weights_of
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.pairs import Pair, shipped_pairs
from tests.interp.circuits import by_hooks
from tests.support.models import SMALL

CLASSES = ("q", "k", "v", "mlp", "logits")


@pytest.fixture(scope="module")
def pair() -> Pair:
    return shipped_pairs("rule", "detect")[0]


@pytest.fixture(scope="module")
def watched() -> PuzzleGPT:
    return by_hooks.watched_model()


@pytest.fixture(scope="module")
def exact(model: PuzzleGPT, pair: Pair) -> EdgeScores:
    return exact_edges(model, [pair])


@pytest.fixture(scope="module")
def eap(model: PuzzleGPT, pair: Pair) -> EdgeScores:
    return attribute_edges(model, [pair], steps=0)


def some_edges(kind: str, n: int) -> list[Edge]:
    edges = [edge for edge in Graph(SMALL).edges() if edge.reader.rpartition(".")[2] == kind]
    return random.Random(kind).sample(edges, n)


def of(scores: EdgeScores, edge: Edge) -> float:
    return float(scores.total[scores.graph.place(edge)])


@pytest.mark.parametrize("kind", CLASSES)
def test_exact_effects_are_those_of_one_hook_at_a_time(
    exact: EdgeScores, watched: PuzzleGPT, pair: Pair, kind: str
) -> None:
    edges = some_edges(kind, 12)
    expected = [by_hooks.effect(watched, pair, edge.writer, edge.reader) for edge in edges]
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose([of(exact, edge) for edge in edges], expected, atol=2e-5)


@pytest.mark.parametrize("kind", CLASSES)
def test_eap_is_the_slope_at_which_an_edge_is_cut(
    eap: EdgeScores, watched: PuzzleGPT, pair: Pair, kind: str
) -> None:
    base, other = by_hooks.tokens_of(pair)
    mine, others = by_hooks.written(watched, base), by_hooks.written(watched, other)
    metric = by_hooks.metric_of(pair)
    for edge in some_edges(kind, 6):
        share = torch.zeros((), requires_grad=True)
        added = share * (others[edge.writer] - mine[edge.writer])
        metric(by_hooks.with_added(watched, base, edge.reader, added)).backward()
        assert share.grad is not None
        assert of(eap, edge) == pytest.approx(-float(share.grad), abs=2e-5, rel=1e-3)


def test_what_the_logits_read_adds_up_to_the_whole_difference(exact: EdgeScores, eap: EdgeScores) -> None:
    """The logits read the sum of all writes, with no LayerNorm between."""
    for scores in (exact, eap):
        assert scores.total[-1].sum() == pytest.approx(scores.clean - scores.empty, abs=1e-4)
    np.testing.assert_allclose(exact.total[-1], eap.total[-1], atol=2e-5)


def test_eap_ig_adds_up_to_the_whole_difference_over_what_the_embedding_writes(
    model: PuzzleGPT, pair: Pair
) -> None:
    scores = attribute_edges(model, [pair], steps=60)
    assert scores.total[:, 0].sum() == pytest.approx(scores.clean - scores.empty, rel=0.02)


def test_parts_by_block_add_up(eap: EdgeScores) -> None:
    assert eap.blocks is not None
    assert len(eap.blocks) == len(BLOCKS)
    np.testing.assert_allclose(eap.blocks.sum(0), eap.total, atol=1e-12)
    before = [BLOCKS.index(name) for name in ("start", "first grid")]
    np.testing.assert_allclose(eap.blocks[before], 0)  # the ends are the same up to the second grid


@pytest.mark.parametrize("which", ["q", "k"])
def test_the_changed_pattern_is_that_of_a_run_with_the_edge_cut(
    model: PuzzleGPT, watched: PuzzleGPT, pair: Pair, which: str
) -> None:
    scores = attribute_edges(model, [pair], steps=0, attention=True)
    base, other = by_hooks.tokens_of(pair)
    mine, others = by_hooks.written(watched, base), by_hooks.written(watched, other)
    for edge in some_edges(which, 4):
        layer, head = (int(part[1:]) for part in edge.reader.split(".")[:2])
        name, seen = f"blocks.{layer}.attn.hook_pattern", {}

        def kept(pattern: torch.Tensor, hook: object, seen: dict[str, torch.Tensor] = seen) -> torch.Tensor:
            seen["whole"] = pattern.detach().clone().requires_grad_()
            return seen["whole"]

        logits = watched.run_with_hooks(base[None], fwd_hooks=[(name, kept)])
        by_hooks.metric_of(pair)(logits).backward()
        with watched.hooks(fwd_hooks=[(name, lambda pattern, hook, seen=seen: seen.update(cut=pattern))]):
            by_hooks.with_added(watched, base, edge.reader, others[edge.writer] - mine[edge.writer])
        gradient = seen["whole"].grad
        assert gradient is not None
        change = (seen["whole"] - seen["cut"])[0, head] * gradient[0, head]
        assert of(scores, edge) == pytest.approx(float(change.detach().sum()), abs=2e-5, rel=1e-3)


@pytest.mark.parametrize("fill", ["mean", "resample", "zero"])
def test_what_cut_edges_read_may_be_something_else(model: PuzzleGPT, pair: Pair, fill: str) -> None:
    bank = load_puzzles("bank").filter(structure=pair.base.structure).limit(20)
    scores = exact_edges(model, [pair], fill=fill, bank=bank)
    assert scores.total[-1].sum() == pytest.approx(scores.clean - scores.empty, rel=1e-4, abs=1e-4)
    estimate = attribute_edges(model, [pair], steps=0, fill=fill, bank=bank)
    np.testing.assert_allclose(scores.total[-1], estimate.total[-1], atol=5e-5)


@pytest.mark.parametrize("without", ["windows", "fused attention"])
def test_what_is_left_out_makes_no_difference(
    model: PuzzleGPT,
    pair: Pair,
    exact: EdgeScores,
    eap: EdgeScores,
    monkeypatch: pytest.MonkeyPatch,
    without: str,
) -> None:
    """All positions are computed, those before the two ends differ too; or by attention written out."""
    through = attribute_edges(model, [pair], steps=7, attention=True)
    first = int(np.flatnonzero(np.diff(writes.prompts(pair), axis=0))[0])
    if without == "windows":
        monkeypatch.setattr(writes, "first_difference", lambda *ends: 0)
    else:
        monkeypatch.setattr(windows, "flash_for", lambda *heads: None)
    other = writes.fill_of(weights_of(model), pair, "pair")
    both = writes.BothRuns(weights_of(model), pair, "pair", other)
    assert both.window.start == (0 if without == "windows" else first)
    for known, again in (
        (exact, exact_edges(model, [pair])),
        (eap, attribute_edges(model, [pair], steps=0)),
        (through, attribute_edges(model, [pair], steps=7, attention=True)),
    ):
        np.testing.assert_allclose(again.total, known.total, atol=2e-5)
        assert (again.clean, again.empty) == pytest.approx((known.clean, known.empty), abs=1e-5)


def test_over_several_pairs_it_is_the_mean_and_the_first_cell_can_be_taken_alone(model: PuzzleGPT) -> None:
    pairs = shipped_pairs("rule", "detect")[:2]
    both = attribute_edges(model, pairs, steps=2)
    each = [attribute_edges(model, [pair], steps=2) for pair in pairs]
    np.testing.assert_allclose(both.total, (each[0].total + each[1].total) / 2, atol=1e-9)
    assert both.pairs == 2
    assert both.clean == pytest.approx((each[0].clean + each[1].clean) / 2)
    first = attribute_edges(model, pairs[:1], steps=0, first_only=True)
    metric = by_hooks.metric_of(pairs[0], first_only=True)
    with torch.no_grad():
        expected = float(metric(model(by_hooks.tokens_of(pairs[0])[:1])))
    assert first.clean == pytest.approx(expected, abs=1e-5)
    assert first.clean != pytest.approx(each[0].clean, abs=1e-3)


def test_an_estimate_agrees_with_itself_and_not_with_noise(exact: EdgeScores, eap: EdgeScores) -> None:
    same = agreement(exact, exact)
    assert same.spearman == pytest.approx(1)
    assert set(same.overlap.values()) == {1.0}
    shuffled = np.zeros_like(exact.total)
    rng = np.random.default_rng(0)
    shuffled[exact.graph.possible] = rng.permutation(exact.values)
    noise = EdgeScores(exact.graph, shuffled, None, "eap", "pair", 1, exact.clean, exact.empty)
    assert abs(agreement(noise, exact).spearman) < 0.2 < agreement(eap, exact).spearman


def test_the_top_edges_are_by_what_was_asked(exact: EdgeScores) -> None:
    values = exact.values
    assert set(np.abs(exact.total[exact.top(20)])) == set(np.sort(np.abs(values))[-20:])
    assert set(exact.total[exact.top(20, signed=True)]) == set(np.sort(values)[-20:])
    assert (exact.top(0).sum(), exact.top(10_000).sum()) == (0, exact.graph.n_edges)


@pytest.mark.parametrize(
    ("kind", "n", "said"),
    [("noise", 1, "no contrast"), ("order", 1, "positions align"), ("rule", 0, "no pair")],
)
def test_pairs_that_do_not_fit_are_told_in_a_sentence(model: PuzzleGPT, kind: str, n: int, said: str) -> None:
    pairs = shipped_pairs(kind, "detect")[:n]
    for scored in (exact_edges, attribute_edges):
        with pytest.raises(PuzzlescopeError, match=said):
            scored(model, pairs)
    with pytest.raises(PuzzlescopeError, match="the bank"):
        attribute_edges(model, shipped_pairs("rule", "detect")[:1], fill="mean")
