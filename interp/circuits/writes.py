"""What every component writes in a run, and what an edge that is cut reads in its place."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, get_args

import numpy as np
import torch
from cachetools import LRUCache
from jaxtyping import Float, Int
from torch import Tensor

from interp.ablation import Resample
from interp.circuits.blocks import POSITIONS
from interp.circuits.graph import Graph
from interp.circuits.planted.runs import planted_writes
from interp.circuits.windows import (
    Early,
    Toward,
    Window,
    first_difference,
    normalized,
    queries_keys_values,
)
from interp.engine.contrast import Contrast, equal_prefixes
from interp.engine.forward import Gates, LayerGates, Weights, embed, unembed
from interp.engine.halves import Halves, run_halves
from interp.errors import PuzzlescopeError
from interp.grids import CELLS
from interp.pairs import Pair
from interp.puzzles import Puzzle, PuzzleSet
from interp.resumable import Steps, resumable
from interp.tokens import with_start

Fill = Literal["pair", "mean", "resample", "zero"]
FILLS: dict[Fill, str] = {
    "pair": "what the writer writes in the pair's other run",
    "mean": "what it writes on average over puzzles in the same order of the grids",
    "resample": "what it writes in another puzzle of the same task and order of the grids",
    "zero": "nothing",
}
"""What an edge that is cut reads."""
assert set(FILLS) == set(get_args(Fill))

REFERENCE = 64
"""Puzzles over which the mean is taken."""
MEANS = 8
"""Means that are kept at a time: 23 MB each of the default model, and one for each order of the grids is the
rule."""

Writes = Float[Tensor, "writer pos d_model"]


@dataclass(frozen=True, eq=False)
class Recorded:
    """A run of one prompt, with all that its components write.

    Attributes:
        writes: of every writer; together they are the stream after the last layer. Of a planted circuit,
            where there is no such stream, 0 of a writer whom nobody reads.
        layers: the run, layer by layer; none of a planted circuit.
        logits: that predict the answer's cells.
    """

    writes: Writes
    layers: tuple[Halves, ...]
    logits: Float[Tensor, "100 vocab"]

    @property
    def after(self) -> Float[Tensor, "pos d_model"]:
        """The stream after the last layer."""
        return self.layers[-1].post[0]


def recorded(weights: Weights, tokens: Int[Tensor, " 404"]) -> Recorded:
    """The run of a puzzle's prompt, without its last token (which predicts nothing).

    Args:
        tokens: of the prompt up to there, start token included.
    """
    if weights.model.planted is not None:
        writes, logits = planted_writes(weights.model, tokens)
        return Recorded(writes, (), logits)
    graph, cfg = Graph(weights.cfg), weights.cfg
    gates = Gates(tuple(LayerGates() for _ in range(cfg.n_layers)))
    resid = embed(weights.model, tokens[None])
    writes = resid.new_empty(len(graph.writers), *resid.shape[1:])
    writes[0] = resid[0]
    layers = []
    for layer in range(cfg.n_layers):
        halves = run_halves(weights, layer, resid, gates)
        assert halves.z is not None
        W_O = weights.layers[layer].block.attn.W_O
        first = graph.head(layer, 0)
        writes[first : first + cfg.n_heads] = torch.einsum("phd,hdm->hpm", halves.z[0], W_O)
        writes[graph.mlp(layer)] = halves.mlp_out[0]
        layers.append(halves)
        resid = halves.post
    return Recorded(writes, tuple(layers), unembed(weights.model, resid[:, -CELLS:])[0])


def prompts(pair: Pair, answer: Int[np.ndarray, " 100"] | None = None) -> Int[np.ndarray, "2 404"]:
    """What both runs of a pair are given, base first: start token included, the same answer in both, and
    without the last cell.

    Args:
        answer: the tokens of its cells; left out, the base's own.
    """
    tokens = equal_prefixes(pair)
    if answer is not None:
        tokens[:, -CELLS:] = answer
    found: Int[np.ndarray, "2 404"] = with_start(tokens)[:, :POSITIONS]
    return found.astype(np.int64)


@resumable
def fill_of(
    weights: Weights,
    pair: Pair,
    fill: Fill,
    bank: PuzzleSet | None = None,
    seed: int = 0,
    answer: Int[np.ndarray, " 100"] | None = None,
) -> Steps[None, Writes]:
    """What edges that are cut read in a pair's runs; pauses after every run that it takes.

    Args:
        bank: from which the mean and another puzzle are taken.
        seed: which other puzzle is drawn.
        answer: what both runs of the pair are given (:func:`prompts`).

    Raises:
        PuzzlescopeError: if there is no bank where one is needed, or nothing in it to take.
    """
    if fill == "pair":
        return recorded(weights, tokens_for(weights, prompts(pair, answer)[1])).writes
    if fill == "zero":
        graph = Graph(weights.cfg)
        shape = (len(graph.writers), POSITIONS, weights.cfg.d_model)
        return torch.zeros(shape, device=weights.model.device, dtype=weights.model.dtype)
    if bank is None:
        raise PuzzlescopeError(f"Give the bank of puzzles, from which the fill {fill} is taken.")
    if fill == "resample":
        return (yield from _mean_writes(weights, [Resample(seed).donor(pair.base, bank)]))
    return (yield from _mean_writes(weights, reference(pair, bank)))


class Fills:
    """What edges that are cut read, of one pair after the other; a mean over the same puzzles is taken once.

    Args:
        fill, bank: as of :func:`fill_of`.
    """

    def __init__(self, weights: Weights, fill: Fill, bank: PuzzleSet | None = None):
        self._weights, self._fill, self._bank = weights, fill, bank
        # Pairs of the bank's own puzzles have one each: a puzzle is not in the mean that is its own.
        self._means: LRUCache[tuple[Puzzle, ...], Writes] = LRUCache(MEANS)

    def of(self, pair: Pair) -> Steps[None, Writes]:
        """Those of a pair's runs, with a pause after every run that it takes."""
        if self._fill != "mean" or self._bank is None:
            found = yield from fill_of.steps(self._weights, pair, self._fill, self._bank)
            yield None
            return found
        puzzles = reference(pair, self._bank)
        known = self._means.get(puzzles)
        if known is None:
            known = yield from fill_of.steps(self._weights, pair, self._fill, self._bank)
            self._means[puzzles] = known
        return known


def reference(pair: Pair, bank: PuzzleSet) -> tuple[Puzzle, ...]:
    """The puzzles over which a pair's mean is taken: of its order of the grids, its base not among them."""
    others = (one for one in bank.filter(structure=pair.base.structure) if one.cells != pair.base.cells)
    return tuple(islice(others, REFERENCE))


def _mean_writes(weights: Weights, puzzles: Sequence[Puzzle]) -> Steps[None, Writes]:
    if not puzzles:
        raise PuzzlescopeError("Expected puzzles in the same order of the grids to take a mean of, got none.")
    total: Tensor | None = None
    for puzzle in puzzles:
        tokens = with_start(puzzle.tokens)[:POSITIONS].astype(np.int64)
        writes = recorded(weights, tokens_for(weights, tokens)).writes
        total = writes if total is None else total.add_(writes)
        yield None
    assert total is not None
    return total / len(puzzles)


def tokens_for(weights: Weights, tokens: Int[np.ndarray, " pos"]) -> Int[Tensor, " pos"]:
    """Tokens where a model's weights are."""
    return torch.from_numpy(tokens).to(weights.model.device)


class BothRuns:
    """A pair's clean run, and what a cut edge reads instead of it: what scoring edges begins with. All of it
    is at the positions of a window: from where the two differ, to the last cell that the metric looks at.

    Attributes:
        window: these positions.
        metric: of the streams at the contrast cells after the last layer.
        clean: the run of the base, at all positions.
        early: its keys and values before the window, of every layer.
        change: what cut edges read less what the clean run's writers write.
        value: the metric of the clean run.
        empty: the metric with every edge cut.

    Args:
        fill: its name.
        other: what cut edges read (:class:`Fills`).
        first_only: the metric is taken at the first contrast cell only.
    """

    def __init__(self, weights: Weights, pair: Pair, fill: Fill, other: Writes, *, first_only: bool = False):
        self.weights, self.graph, self.fill = weights, Graph(weights.cfg), fill
        contrast, device = Contrast.of(pair, first_only=first_only), weights.model.device
        self.metric = Toward.of(weights, contrast)
        self.clean = recorded(weights, tokens_for(weights, prompts(pair)[0]))
        start = first_difference(self.clean.writes[0], other[0])
        self.window = Window.of(start, device, contrast.cells)
        self.change: Writes = (other - self.clean.writes)[:, self.window.all].contiguous()
        after = self.clean.after[self.window.all][self.window.asked]
        self.value = float(self.metric(after))
        self.empty = float(self.metric(after + self.change[:, self.window.asked].sum(0)))
        self.early = tuple(self._early(layer) for layer in range(weights.cfg.n_layers))

    def _early(self, layer: int) -> Early:
        before = self.clean.layers[layer].pre[0, : self.window.start]
        x = normalized(self.weights.layers[layer].block.ln1, before)
        _, k, v = queries_keys_values(self.weights, layer, x)
        return k.contiguous(), v.contiguous()
