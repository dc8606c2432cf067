"""Runs cut down to a circuit: whole, empty, and one edge short."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from interp import load_puzzles
from interp.circuits import branches, writes
from interp.circuits import runs as runs_of
from interp.circuits.exact import exact_edges
from interp.circuits.graph import Graph, connected
from interp.circuits.runs import CircuitRuns
from interp.engine.forward import weights_of
from interp.model import PuzzleGPT
from interp.pairs import Pair, shipped_pairs
from interp.resumable import finish
from tests.interp.circuits import by_hooks
from tests.support.models import SMALL

GRAPH = Graph(SMALL)
EMPTY = np.zeros_like(GRAPH.possible)


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    return [shipped_pairs("rule", task)[0] for task in ("detect", "frame")]


@pytest.fixture(scope="module")
def runs(model: PuzzleGPT, pairs: list[Pair]) -> CircuitRuns:
    return CircuitRuns(weights_of(model), pairs)


def clean(model: PuzzleGPT, pairs: list[Pair], end: int) -> Tensor:
    prompts = torch.stack([by_hooks.tokens_of(pair)[end] for pair in pairs])
    with torch.inference_mode():
        return model(prompts)[:, -100:]


def test_with_all_edges_it_is_the_clean_run_and_with_none_the_other(
    model: PuzzleGPT, runs: CircuitRuns, pairs: list[Pair]
) -> None:
    torch.testing.assert_close(runs.logits(GRAPH.possible), clean(model, pairs, 0), atol=2e-4, rtol=1e-4)
    torch.testing.assert_close(runs.logits(EMPTY), clean(model, pairs, 1), atol=2e-4, rtol=1e-4)


def test_one_edge_short_it_is_the_exact_effect(
    model: PuzzleGPT, runs: CircuitRuns, pairs: list[Pair]
) -> None:
    """By another way: the effect is computed from the reader on, with nothing taken apart."""
    exact = exact_edges(model, pairs[:1])
    places = np.argwhere(GRAPH.possible)[:: GRAPH.n_edges // 30]
    masks = np.repeat(GRAPH.possible[None], len(places), 0)
    masks[np.arange(len(places)), places[:, 0], places[:, 1]] = False
    whole = runs.metrics(GRAPH.possible)[0]
    found = whole - runs.of_logits(runs.each(masks, 0), [0] * len(places))
    np.testing.assert_allclose(found, exact.total[places[:, 0], places[:, 1]], atol=5e-5)


def test_a_circuit_is_what_hooks_on_every_reader_make_of_it(pairs: list[Pair], runs: CircuitRuns) -> None:
    """Reader by reader, in the order of the run: each reads what it is told to, from writes that are read off
    a run with the hooks of all readers before it."""
    model, rng = by_hooks.watched_model(), np.random.default_rng(1)
    mask = GRAPH.possible & (rng.random(GRAPH.possible.shape) < 0.5)
    base, other = by_hooks.tokens_of(pairs[0])
    others = by_hooks.written(model, other)
    mine = {"embed": by_hooks.written(model, base)["embed"]}
    stream: dict[str, Tensor] = {}
    for reader, kept in zip(GRAPH.readers, mask, strict=True):
        count = GRAPH.below[GRAPH.readers.index(reader)]
        read = sum((mine if kept[k] else others)[writer] for k, writer in enumerate(GRAPH.writers[:count]))
        assert isinstance(read, Tensor)
        stream[reader] = read
        if reader.endswith(".v"):
            mine[reader[:-2]] = _head(model, reader[:-2], stream)
        elif reader.endswith("mlp"):
            block = model.blocks[int(reader[1])]
            with torch.inference_mode():
                mine[reader] = block.mlp(block.ln2(read[None]))[0]
    expected = stream["logits"][-100:] @ model.unembed.W_U + model.unembed.b_U
    torch.testing.assert_close(runs.logits(mask)[0], expected, atol=5e-4, rtol=1e-4)


def _head(model: PuzzleGPT, name: str, stream: dict[str, Tensor]) -> Tensor:
    layer, head = int(name[1]), int(name[4:])
    block = model.blocks[layer]
    W = {one: getattr(block.attn, f"W_{one.upper()}")[head] for one in "qkvo"}
    with torch.inference_mode():
        q, k, v = (block.ln1(stream[f"{name}.{one}"][None])[0] @ W[one] for one in "qkv")
        scores = (q @ k.T / q.shape[1] ** 0.5).masked_fill(torch.ones(404, 404).triu(1) > 0, -torch.inf)
        found: Tensor = scores.softmax(-1) @ v @ W["o"]
    return found


@pytest.mark.parametrize("fill", ["mean", "zero"])
def test_what_is_on_no_path_makes_no_difference(model: PuzzleGPT, pairs: list[Pair], fill: str) -> None:
    bank = load_puzzles("bank").filter(structure=pairs[0].base.structure).limit(6)
    runs = CircuitRuns(weights_of(model), pairs[:1], fill, bank)
    rng = np.random.default_rng(2)
    mask = GRAPH.possible & (rng.random(GRAPH.possible.shape) < 0.5)
    torch.testing.assert_close(runs.logits(GRAPH.possible), clean(model, pairs[:1], 0), atol=2e-4, rtol=1e-4)
    assert not torch.allclose(runs.logits(mask), runs.logits(EMPTY), atol=1e-3)


def test_pruned_to_paths_the_circuit_answers_the_same(runs: CircuitRuns) -> None:
    rng = np.random.default_rng(3)
    mask = GRAPH.possible & (rng.random(GRAPH.possible.shape) < 0.25)
    pruned = connected(GRAPH, mask)
    assert 0 < pruned.sum() < mask.sum()
    torch.testing.assert_close(runs.logits(mask), runs.logits(pruned), atol=1e-4, rtol=1e-4)
    assert not torch.allclose(runs.logits(pruned), runs.logits(EMPTY), atol=1e-3)


@pytest.mark.parametrize("fill", ["pair", "zero"])
def test_branched_off_a_near_circuit_they_are_the_same(
    model: PuzzleGPT, pairs: list[Pair], fill: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One edge less, of every reader several; a writer less; some edges less; and one that is no part. All
    against runs of their own over all positions."""
    runs, rng = CircuitRuns(weights_of(model), pairs[:1], fill), np.random.default_rng(4)
    near = connected(GRAPH, GRAPH.possible & (rng.random(GRAPH.possible.shape) < 0.6))
    places = np.argwhere(near)[::3]
    masks = np.repeat(near[None], len(places) + 4, 0)
    masks[np.arange(len(places)), places[:, 0], places[:, 1]] = False
    masks[-3, :, GRAPH.head(1, 2)] = False
    masks[-2] &= rng.random(near.shape) < 0.9
    masks[-1] = GRAPH.possible
    found = torch.cat([runs.each(some, 0, near) for some in np.array_split(masks, 3)])
    monkeypatch.setattr(runs_of, "first_difference", lambda *ends: 0)
    plain = CircuitRuns(weights_of(model), pairs[:1], fill).each(masks, 0)
    torch.testing.assert_close(found, plain, atol=1e-4, rtol=1e-4)
    assert float((plain - plain[-4]).abs().amax((1, 2)).median()) > 1e-3


def test_only_what_differs_is_computed(model: PuzzleGPT, pairs: list[Pair]) -> None:
    """A circuit of one path runs the parts on it, at the positions from where the ends differ."""
    runs = CircuitRuns(weights_of(model), pairs[:1])
    path = GRAPH.mask([GRAPH.edge("embed", "L1.H2.v"), GRAPH.edge("L1.H2", "logits")])
    runs.each(path[None], 0, path)
    cut, kept = runs._cut[0], runs._trunks[0].kept
    first = int(np.flatnonzero(np.diff(runs_of.prompts(pairs[0]), axis=0))[0])
    assert 0 < first == cut.window.start and cut.streams["mlp", 0].shape[1] == 404 - first
    moved = [(kept.z[layer] != cut.z[layer]).flatten(1).any(1).tolist() for layer in range(3)]
    assert moved == [[False] * 4, [False, False, True, False], [False] * 4]
    assert all(kept.mlps[layer] is cut.mlps[layer] for layer in range(3))


def test_streams_of_one_product_are_those_that_are_added_up(
    runs: CircuitRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In runs by themselves, one after the other in the same memory, and in one that others branch off."""
    rng = np.random.default_rng(5)
    masks = np.stack([connected(GRAPH, GRAPH.possible & (rng.random(EMPTY.shape) < 0.6)) for _ in range(3)])
    fewer = masks[0] & (rng.random((6, *EMPTY.shape)) < 0.995)
    used: list[int] = []
    product = branches.Branch._product

    def counted(self: branches.Branch, layer: int, readers: list[int]) -> Tensor:
        used.append(layer)
        return product(self, layer, readers)

    monkeypatch.setattr(branches.Branch, "_product", counted)
    found = [runs.each(masks, pair) for pair in (0, 1)] + [runs.each(fewer, 1, near=masks[0])]
    assert {0, 1, 2} >= set(used) >= {1, 2}
    used.clear()
    monkeypatch.setattr(branches, "FEWEST", 1000)
    runs.each(masks, 0, near=masks[1])  # the run that is kept is computed anew
    expected = [runs.each(masks, pair) for pair in (0, 1)] + [runs.each(fewer, 1, near=masks[0])]
    assert not used
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_means_are_kept_within_bounds(model: PuzzleGPT, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the bank's own puzzles has another mean: it is not in its own."""
    monkeypatch.setattr(writes, "REFERENCE", 4)
    monkeypatch.setattr(writes, "MEANS", 2)
    bank, weights = load_puzzles("bank"), weights_of(model)
    own = list(bank.filter(structure=bank[0].structure))[:4]
    pairs = [replace(shipped_pairs("rule", "frame")[0], base=one) for one in own]
    fills, found = writes.Fills(weights, "mean", bank), list[Tensor]()
    for pair in [*pairs, pairs[0]]:
        found.append(finish(fills.of(pair)))
        assert len(fills._means) <= 2
    for pair, own_mean in zip([*pairs, pairs[0]], found, strict=True):
        torch.testing.assert_close(own_mean, writes.fill_of(weights, pair, "mean", bank), atol=0, rtol=0)
    assert not torch.equal(found[0], found[1])
