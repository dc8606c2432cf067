"""Effects of the edges of a planted circuit, one pair at a time: exact, and estimated by gradients.

An edge outside the circuit carries the same constant in every run: what its reader reads does not depend on
what its writer writes. Its effect is 0, and so is the gradient of the metric along it.
"""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from interp.circuits.blocks import BLOCKS, blocks_of
from interp.circuits.graph import Graph
from interp.circuits.planted.runs import PlantedPass, PlantedRuns, kept_edges
from interp.circuits.scores import EdgeScores, How
from interp.circuits.writes import Fill, Writes, prompts, recorded
from interp.engine.contrast import Contrast
from interp.engine.forward import Weights
from interp.model import PuzzleGPT
from interp.pairs import Pair
from interp.resumable import Steps

ROWS = 8
"""Edges that are cut, or runs that are taken back, in one pass."""

Metric = Callable[[Float[Tensor, "row 100 vocab"]], Float[Tensor, " row"]]
"""Of the logits that predict the answer's cells."""


class PlantedPair:
    """A pair's clean run, and what a cut edge reads instead of it, at all positions.

    Args:
        fill, other: what cut edges read: its name, and what that is (:class:`interp.circuits.writes.Fills`).
        first_only: the metric is taken at the first contrast cell only.

    Attributes:
        kept: the edges of the circuit.
        tokens: of the clean run's prompt.
        metric: of the logits that predict the answer.
        clean: what the clean run's writers write.
        other: what cut edges read.
        value: the metric of the clean run.
        empty: the metric with every edge cut.
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
        self.model, self.graph, self.fill = weights.model, Graph(weights.cfg), fill
        self.metric: Metric = Contrast.of(pair, first_only=first_only).of_logits
        self.kept = kept_edges(self.model)
        bases = prompts(pair)[:1]
        self.tokens: Int[Tensor, " pos"] = torch.from_numpy(bases[0]).to(self.model.device)
        clean = recorded(weights, self.tokens)
        self.clean: Writes = clean.writes
        self.other: Writes = other
        self.runs = PlantedRuns(self.model, bases, [self.other])
        self.value = float(self.metric(clean.logits))
        self.empty = float(self.metric(self.runs.each(np.zeros((1, *self.kept.shape), bool), 0)))


class PlantedEffects(PlantedPair):
    """The exact effects of a pair's edges (arguments as of :class:`PlantedPair`)."""

    def all(self) -> Steps[None, None]:
        """Cut every edge of the circuit in a run of its own, a few at a time. The others carry what they
        carry in any run."""
        self._effects = np.zeros(self.kept.shape)
        places = np.argwhere(self.kept)
        for some in (places[first : first + ROWS] for first in range(0, len(places), ROWS)):
            masks = np.repeat(self.kept[None], len(some), 0)
            masks[np.arange(len(some)), some[:, 0], some[:, 1]] = False
            values = self.metric(self.runs.each(masks, 0)).double().cpu().numpy()
            self._effects[some[:, 0], some[:, 1]] = self.value - values
            yield None

    def scores(self) -> EdgeScores:
        return EdgeScores(self.graph, self._effects, None, "exact", self.fill, 1, self.value, self.empty)


class PlantedEstimates(PlantedPair):
    """The estimates of a pair's edges by EAP or EAP-IG: what the writers write less what is in their place,
    times the gradient at what the reader reads.

    Args:
        steps: runs between the two ends whose gradients are averaged; 0: that of the clean run alone.
        every: score all edges as if every reader read every writer, which is what the published method does
            with hooks at what readers read: it cannot know which connections there are. Otherwise an edge
            outside the circuit scores 0, for that is the gradient along it.
    """

    def __init__(
        self,
        weights: Weights,
        pair: Pair,
        fill: Fill,
        other: Writes,
        *,
        first_only: bool = False,
        steps: int,
        every: bool = False,
    ):
        super().__init__(weights, pair, fill, other, first_only=first_only)
        self.how: How = "eap-ig" if steps else "eap"
        self._alphas = [(step + 0.5) / steps for step in range(steps)] or [1.0]
        self._blocks = blocks_of(pair.base)
        self._scored = self.graph.possible if every else self.kept
        self._found = np.zeros((len(BLOCKS), *self._scored.shape))

    def all(self) -> Steps[None, None]:
        """Of a few runs between the two at a time."""
        less = self.clean - self.other
        for first in range(0, len(self._alphas), ROWS):
            alphas = less.new_tensor(self._alphas[first : first + ROWS])[:, None, None]
            streams = self.other[0] + alphas * less[0]
            gradients = planted_gradients(self.model, self.tokens, streams, self.metric)
            yield None
            for block, found in enumerate(self._found):
                here = torch.from_numpy(np.flatnonzero(self._blocks == block)).to(less.device)
                own = gradients[:, here].flatten(1) @ less[:, here].flatten(1).T
                found += np.where(self._scored, own.double().cpu().numpy(), 0) / len(self._alphas)
            yield None

    def scores(self) -> EdgeScores:
        found = self._found
        return EdgeScores(self.graph, found.sum(0), found, self.how, self.fill, 1, self.value, self.empty)


def planted_gradients(
    model: PuzzleGPT,
    tokens: Int[Tensor, " pos"],
    streams: Float[Tensor, "row pos d_model"],
    metric: Metric,
) -> Float[Tensor, "reader pos d_model"]:
    """The metric's gradients at what each reader reads, before its LayerNorm, summed over some runs; 0 where
    nothing that is heard comes of it.

    Args:
        tokens: of the prompt, which tell the order of the grids.
        streams: what the embedding writes in each run.
    """
    graph = Graph(model.cfg)
    with torch.inference_mode(False), torch.enable_grad():
        embedded = streams.detach().clone().requires_grad_()
        one = PlantedPass(model, tokens.clone()[None], embedded=embedded, recording=True)
        asked = list(one.inputs.values())
        found = torch.autograd.grad(metric(one.logits).sum(), asked, allow_unused=True)
    readers = streams.new_zeros(len(graph.readers), *streams.shape[1:])
    for reader, gradient in zip(one.inputs, found, strict=True):
        if gradient is not None:
            readers[reader] = gradient.sum(0)
    return readers
