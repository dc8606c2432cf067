"""Edge effects, exactly: every edge cut in a run of its own.

An edge is cut by putting, in its reader's input alone, something else in the place of what the writer writes
there; the reader's LayerNorm sees that, and everything after is computed anew (direct path patching:
Goldowsky-Dill et al., 2023, "Localizing Model Behavior with Path Patching"). The estimates of
:mod:`interp.circuits.attribution` are held against it.

A run of a cut edge branches off the clean run at its reader's layer: of an edge into a head, one head of that
layer is computed anew, its MLP, and the layers above. Over all edges that is what takes the time.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from interp.circuits.attribution import check_pairs
from interp.circuits.gradients import normalized
from interp.circuits.planted.effects import exact_effects
from interp.circuits.scores import EdgeScores, mean_scores
from interp.circuits.writes import BothRuns, Fill
from interp.engine.forward import Gates, LayerGates, Weights, run_layer, unembed, weights_of
from interp.engine.halves import mlp_half
from interp.grids import CELLS
from interp.model import PuzzleGPT
from interp.model.hooks import say_ignored
from interp.pairs import Pair
from interp.puzzles import PuzzleSet
from interp.resumable import Steps, resumable

ROWS = 8
"""Edges that are cut in one pass. More take more memory and are no faster on a CPU."""


@resumable
def exact_edges(
    model: PuzzleGPT,
    pairs: Sequence[Pair],
    *,
    first_only: bool = False,
    fill: Fill = "pair",
    bank: PuzzleSet | None = None,
) -> Steps[EdgeScores, EdgeScores]:
    """Exact effects of all edges, mean over some pairs, with a pause after every few edges.

    Args, errors: as :func:`interp.circuits.attribution.attribute_edges`.

    Yields:
        The scores over the pairs so far, after every pair.
    """
    check_pairs(pairs)
    say_ignored(model, "effects of edges", planted=True)
    weights, found = weights_of(model), list[EdgeScores]()
    for pair in pairs:
        one = ExactEdges(weights, pair, fill, bank, first_only=first_only)
        yield from one.all()
        found.append(one.scores())
        yield mean_scores(found)
    return mean_scores(found)


class ExactEdges(BothRuns):
    """The exact effects of a pair's edges, as they become known.

    Attributes:
        effects: by how much the metric falls when each edge is cut; nan where that is not known yet.
    """

    def __init__(
        self,
        weights: Weights,
        pair: Pair,
        fill: Fill = "pair",
        bank: PuzzleSet | None = None,
        *,
        first_only: bool = False,
    ):
        super().__init__(weights, pair, fill, bank, first_only=first_only)
        self._change = self.other - self.clean.writes
        self._none = Gates(tuple(LayerGates() for _ in range(weights.cfg.n_layers)))
        self.effects: Float[np.ndarray, "reader writer"] = np.where(self.graph.possible, np.nan, 0.0)

    @property
    def fraction(self) -> float:
        """How much is known, 0 to 1."""
        return 1 - float(np.isnan(self.effects).sum()) / self.graph.n_edges

    def scores(self) -> EdgeScores:
        """All effects, when they are known."""
        return EdgeScores(
            self.graph, self.effects.copy(), None, "exact", self.fill, 1, self.value, self.empty
        )

    def all(self) -> Steps[None, None]:
        """Cut every edge whose effect is not known yet."""
        if self.weights.model.planted is not None:
            yield from exact_effects(self, self.effects)
            return
        for reader in range(len(self.graph.readers)):
            yield from self.into(reader)

    def into(self, reader: int) -> Steps[None, None]:
        """Cut the edges into one reader, a few at a time. An edge whose writer writes the same in its place
        has no effect, and is not run."""
        writers = np.flatnonzero(np.isnan(self.effects[reader]))
        same = (self._change[torch.from_numpy(writers)] == 0).flatten(1).all(1).cpu().numpy()
        self.effects[reader, writers[same]] = 0.0
        writers = writers[~same]
        for some in (writers[first : first + ROWS] for first in range(0, len(writers), ROWS)):
            resid, layer = self._read(reader, torch.from_numpy(some).to(self._change.device))
            yield None
            for later in range(layer, self.weights.cfg.n_layers):
                last = CELLS if later == self.weights.cfg.n_layers - 1 else None
                resid = run_layer(self.weights, later, resid, self._none, last=last)
                yield None
            values = self.metric(unembed(self.weights.model, resid[:, -CELLS:]))
            self.effects[reader, some] = self.value - values.double().cpu().numpy()

    def _read(self, reader: int, writers: Tensor) -> tuple[Float[Tensor, "row pos d_model"], int]:
        """The stream after a reader's layer with each of these edges into it cut, and the layer after it."""
        change, n_layers = self._change[writers], self.weights.cfg.n_layers
        if reader == len(self.graph.readers) - 1:
            return self.clean.after + change, n_layers
        for layer in range(n_layers):
            halves, inputs = self.clean.layers[layer], self.graph.inputs(layer)
            if reader == inputs.stop:
                # the MLP alone reads the change; the stream that it writes to has none
                wrote = mlp_half(self.weights, layer, halves.mid + change, self._none) - halves.mid - change
                return halves.mid + wrote, layer + 1
            if reader < inputs.stop:
                head, number = divmod(reader - inputs.start, 3)
                assert halves.z is not None
                z = self._head(layer, head, number, halves.pre + change)
                W_O = self.weights.layers[layer].block.attn.W_O[head]
                mid = halves.mid + (z - halves.z[:, :, head]) @ W_O
                return mlp_half(self.weights, layer, mid, self._none), layer + 1
        raise AssertionError(reader)

    def _head(
        self, layer: int, head: int, number: int, stream: Float[Tensor, "row pos d_model"]
    ) -> Float[Tensor, "row pos d_head"]:
        """What a head hands on when its queries (0), keys (1) or values (2) read this stream."""
        block, pre = self.weights.layers[layer].block, self.clean.layers[layer].pre
        weights = [W[head] for W in (block.attn.W_Q, block.attn.W_K, block.attn.W_V)]
        read = [stream if own == number else pre for own in range(3)]
        q, k, v = (
            (normalized(block.ln1, own) @ W)[:, None].expand(len(stream), -1, -1, -1)
            for own, W in zip(read, weights, strict=True)
        )
        return F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=block.attn.scale)[:, 0]
