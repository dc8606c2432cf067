"""Edge effects, exactly: every edge cut in a run of its own.

An edge is cut by putting, in its reader's input alone, something else in the place of what the writer writes
there; the reader's LayerNorm sees that, and everything after is computed anew (direct path patching:
Goldowsky-Dill et al., 2023, "Localizing Model Behavior with Path Patching"). The estimates of
:mod:`interp.circuits.attribution` are held against it.

A run of a cut edge branches off the clean run at its reader's layer: of an edge into a head, one head of that
layer is computed anew, its MLP, and the layers above; and all of it at a window's positions only
(:mod:`interp.circuits.windows`). Over all edges that is what takes the time. So the edges of a pass go side
by side (:mod:`interp.engine.side_by_side`): threads that shared each product would wait for each other. An
edge whose writer writes the same in its place costs nothing, one into the logits next to nothing.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from interp.circuits.attribution import OnePair, over_pairs
from interp.circuits.planted.effects import PlantedEffects
from interp.circuits.scores import EdgeScores
from interp.circuits.windows import attend, by_head, normalized, queries_keys_values
from interp.circuits.writes import BothRuns, Fill, Writes
from interp.engine.forward import Weights
from interp.engine.side_by_side import lanes, side_by_side
from interp.model import PuzzleGPT
from interp.model.hooks import is_planted
from interp.pairs import Pair
from interp.puzzles import PuzzleSet
from interp.resumable import Steps, resumable

T = TypeVar("T")
R = TypeVar("R")
Stream = Float[Tensor, "writer asked d_model"]
ROWS = 8
"""Edges that are cut in one pass, in 90 MB of the default model's activations at all positions, shared out
among threads. More take more memory and are no faster on a CPU."""


@resumable
def exact_edges(
    model: PuzzleGPT,
    pairs: Sequence[Pair],
    *,
    first_only: bool = False,
    fill: Fill = "pair",
    bank: PuzzleSet | None = None,
    known: list[EdgeScores] | None = None,
) -> Steps[EdgeScores, EdgeScores]:
    """Exact effects of all edges, mean over some pairs, with a pause after every few edges.

    Args:
        known: scores of the first pairs, each pair's own, from another time; those of the rest are added to
            it.

    Other arguments and errors as of :func:`interp.circuits.attribution.attribute_edges`.

    Yields:
        The scores over the pairs so far, after every pair, those that were known among them.
    """

    def of(weights: Weights, pair: Pair, other: Writes) -> OnePair:
        if is_planted(model):
            return PlantedEffects(weights, pair, fill, other, first_only=first_only)
        return ExactEdges(weights, pair, fill, other, first_only=first_only)

    return (yield from over_pairs(model, pairs, fill, bank, of, known))


class ExactEdges(BothRuns):
    """The exact effects of a pair's edges, as they become known (arguments as of
    :class:`interp.circuits.writes.BothRuns`).

    Attributes:
        effects: by how much the metric falls when each edge is cut; nan where that is not known yet.
    """

    def __init__(
        self,
        weights: Weights,
        pair: Pair,
        fill: Fill,
        other: Writes,
        *,
        first_only: bool = False,
    ):
        super().__init__(weights, pair, fill, other, first_only=first_only)
        self.effects: Float[np.ndarray, "reader writer"] = np.where(self.graph.possible, np.nan, 0.0)
        same = (self.change == 0).flatten(1).all(1).cpu().numpy()
        self.effects[self.graph.possible & same] = 0.0

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
        """Cut every edge whose effect is not known yet, a few writers at a time."""
        self.effects[-1] = -(self.metric(self.change[:, self.window.asked]) - self.metric.constant).cpu()
        for layer in range(self.weights.cfg.n_layers):
            inputs = self.graph.inputs(layer)
            heads = range(inputs.start, inputs.stop)
            for writers in self._unknown(heads):
                yield from self._into_heads(layer, writers)
            for writers in self._unknown(range(inputs.stop, inputs.stop + 1)):
                yield from self._into_mlp(layer, writers)

    def _unknown(self, readers: range) -> list[list[Int[np.ndarray, " writer"]]]:
        """The writers of whom an edge into one of these is not known, a few at a time, and of these so many
        for each thread."""
        writers = np.flatnonzero(np.isnan(self.effects[readers]).any(0))
        some = [writers[first : first + ROWS] for first in range(0, len(writers), ROWS)]
        n = lanes(self.clean.writes.device)
        return [np.array_split(own, min(n, len(own))) for own in some]

    def _into_heads(self, layer: int, writers: Sequence[Int[np.ndarray, " writer"]]) -> Steps[None, None]:
        """Cut these writers' edges into the queries, then the keys, then the values of each head of a layer:
        what the heads read is worked out once, for all of them."""
        block, halves = self.weights.layers[layer].block, self.clean.layers[layer]
        pre, asked = halves.pre[:, self.window.all], self._asked(layer)
        clean = queries_keys_values(self.weights, layer, normalized(block.ln1, pre))
        assert halves.z is not None
        before = by_head(halves.z[:, self.window.all].flatten(2), self.weights.cfg.n_heads)
        mid = halves.mid[:, self.window.all]
        if asked is not None:
            before, mid = before[:, :, asked], mid[:, asked]

        def read(own: Int[np.ndarray, " writer"]) -> tuple[Tensor, Tensor, Tensor]:
            cut = normalized(block.ln1, pre + self._changed(own))
            return queries_keys_values(self.weights, layer, cut)

        def looked(
            number: int, own: tuple[Tensor, Tensor, Tensor]
        ) -> Float[Tensor, "writer head query d_head"]:
            q, k, v = ((own if n == number else clean)[n].expand(len(own[0]), -1, -1, -1) for n in range(3))
            q = q if asked is None else q[:, :, asked]
            return attend(q, k, v, self.early[layer], block.attn.scale, asked)[0] - before

        def above(head: int, z: Float[Tensor, "writer head query d_head"]) -> Stream:
            return self._after_mlp(layer, mid + z[:, head] @ block.attn.W_O[head])

        cut = self._at_once(read, writers)
        for number in range(3):
            z = self._at_once(partial(looked, number), cut)
            yield None
            for head in range(self.weights.cfg.n_heads):
                reader = self.graph.inputs(layer).start + 3 * head + number
                yield from self._rest(layer, reader, writers, self._at_once(partial(above, head), z))

    def _into_mlp(self, layer: int, writers: Sequence[Int[np.ndarray, " writer"]]) -> Steps[None, None]:
        """Cut these writers' edges into a layer's MLP, which alone reads the change: the stream that it
        writes to has none."""
        asked, mid = self._asked(layer), self.clean.layers[layer].mid[:, self.window.all]
        if asked is not None:
            mid = mid[:, asked]

        def above(own: Int[np.ndarray, " writer"]) -> Stream:
            change = self._changed(own)
            if asked is not None:
                change = change[:, asked]
            return self._after_mlp(layer, mid + change) - change

        yield from self._rest(layer, self.graph.mlp_input(layer), writers, self._at_once(above, writers))

    def _rest(
        self,
        layer: int,
        reader: int,
        writers: Sequence[Int[np.ndarray, " writer"]],
        streams: Sequence[Stream],
    ) -> Steps[None, None]:
        """Run the layers above one, and note the effects."""
        yield None
        for later in range(layer + 1, self.weights.cfg.n_layers):
            streams = self._at_once(partial(self._layer, later), streams)
            yield None
        metric = self.metric(torch.cat(list(streams)))
        self.effects[reader, np.concatenate(writers)] = self.value - metric.double().cpu().numpy()

    def _at_once(self, work: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """What some work makes of the share of each thread."""
        return side_by_side(work, items, self.clean.writes.device)

    def _changed(self, writers: Int[np.ndarray, " writer"]) -> Float[Tensor, "writer pos d_model"]:
        return self.change[torch.from_numpy(writers).to(self.change.device)]

    def _layer(self, layer: int, stream: Float[Tensor, "row pos d_model"]) -> Stream:
        """The stream after a layer, from that before it."""
        own, asked = self.weights.layers[layer], self._asked(layer)
        q, k, v = queries_keys_values(self.weights, layer, normalized(own.block.ln1, stream))
        if asked is not None:
            q, stream = q[:, :, asked], stream[:, asked]
        z, _ = attend(q, k, v, self.early[layer], own.block.attn.scale, asked)
        return self._after_mlp(layer, own.o.added(stream, z.transpose(1, 2).flatten(2)))

    def _after_mlp(
        self, layer: int, mid: Float[Tensor, "row pos d_model"]
    ) -> Float[Tensor, "row pos d_model"]:
        own = self.weights.layers[layer]
        hidden = own.w_in(normalized(own.block.ln2, mid), own.block.mlp.b_in, relu=True)
        return own.w_out.added(mid, hidden).add_(own.block.mlp.b_out)

    def _asked(self, layer: int) -> Int[Tensor, " cell"] | None:
        """Of the last layer, the positions that are read."""
        return self.window.asked if layer == self.weights.cfg.n_layers - 1 else None
