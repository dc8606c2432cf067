"""Edge effects estimated by gradients, all at once.

*EAP* (edge attribution patching; Syed et al., 2023, "Attribution Patching Outperforms Automated Circuit
Discovery"): what the writer writes here less what it writes in the other run, times the metric's gradient at
what the reader reads, summed over positions. *EAP-IG* (Hanna et al., 2024, "Have Faith in Faithfulness",
section 3): the gradient averaged over runs whose embedding lies between the two, at the midpoints of equal
steps, so that a metric that is flat at the clean run is seen all the same. Both take the gradient in the
clean run's direction: a score is positive where the edge helps.

A gradient does not see a softmax that is saturated. With ``attention=True`` edges into queries and keys are
scored by the change of the attention pattern itself, computed anew with the edge cut, times the metric's
gradient at the pattern (Kramár et al., 2024, "AtP*", section 4.1, there for nodes).
"""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from interp.circuits.blocks import BLOCKS, blocks_of
from interp.circuits.gradients import LayerGradients, Normed, gradients, run_window
from interp.circuits.planted.effects import PlantedEstimates
from interp.circuits.scores import EdgeScores, How, mean_scores
from interp.circuits.windows import normalized, queries_keys_values, scores_of
from interp.circuits.writes import BothRuns, Fill, Fills, Writes
from interp.engine.contrast import Contrast
from interp.engine.forward import Weights, weights_of
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.model.hooks import check_not_planted, is_planted, say_ignored
from interp.pairs import Pair
from interp.puzzles import PuzzleSet
from interp.resumable import Steps, resumable

STEPS = 5
"""Runs between the two whose gradients EAP-IG averages."""
ROWS = 5
"""Runs that are taken back together: 130 MB of the default model's activations at all positions."""


@resumable
def attribute_edges(
    model: PuzzleGPT,
    pairs: Sequence[Pair],
    *,
    steps: int = STEPS,
    attention: bool = False,
    first_only: bool = False,
    fill: Fill = "pair",
    bank: PuzzleSet | None = None,
) -> Steps[EdgeScores, EdgeScores]:
    """Estimated effects of all edges, mean over some pairs, with a pause after every layer.

    Args:
        pairs: whose ends have the same grids at the same positions.
        steps: runs between the two ends whose gradients are averaged (EAP-IG); 0: that of the clean run alone
            (EAP).
        attention: score edges into queries and keys by the changed pattern.
        first_only: the metric is taken at the first contrast cell only.
        fill: what a cut edge reads.
        bank: for the fills that take puzzles from it.

    Yields:
        The scores over the pairs so far, after every pair.

    Raises:
        PuzzlescopeError: if there is no pair, or its positions do not align, or its answers do not differ; of
            a planted circuit, if the changed pattern is asked for.
    """
    if attention:
        check_not_planted(model, "scores by the changed pattern")

    def of(weights: Weights, pair: Pair, other: Writes) -> OnePair:
        if is_planted(model):
            return PlantedEstimates(weights, pair, fill, other, first_only=first_only, steps=steps)
        return _Estimates(weights, pair, fill, other, first_only, steps, attention)

    return (yield from over_pairs(model, pairs, fill, bank, of))


@runtime_checkable
class OnePair(Protocol):
    """How the edges of one pair are scored."""

    def all(self) -> Steps[None, None]:
        """Score every edge."""

    def scores(self) -> EdgeScores:
        """Of every edge, when that is done."""


def over_pairs(
    model: PuzzleGPT,
    pairs: Sequence[Pair],
    fill: Fill,
    bank: PuzzleSet | None,
    of: Callable[[Weights, Pair, Writes], OnePair],
    known: list[EdgeScores] | None = None,
) -> Steps[EdgeScores, EdgeScores]:
    """The mean scores over some pairs, one after the other: after every pair those so far.

    Args:
        fill, bank: what edges that are cut read (:func:`interp.circuits.writes.fill_of`).
        of: what scores the edges of a pair, given what that is.
        known: the scores of the first pairs, each pair's own; those of the rest are added to it.
    """
    check_pairs(pairs)
    say_ignored(model, "effects of edges", planted=True)
    weights, found = weights_of(model), [] if known is None else known
    fills = Fills(weights, fill, bank)
    for n in range(1, len(found) + 1):
        yield mean_scores(found[:n])
    for pair in pairs[len(found) :]:
        one = of(weights, pair, (yield from fills.of(pair)))
        yield None
        yield from one.all()
        found.append(one.scores())
        yield mean_scores(found)
    return mean_scores(found)


def check_pairs(pairs: Sequence[Pair]) -> None:
    """Raise :class:`PuzzlescopeError` unless edges can be scored on these pairs."""
    if not pairs:
        raise PuzzlescopeError("There is no pair to score edges on: choose at least one.")
    for pair in pairs:
        if not pair.aligned:
            raise PuzzlescopeError(
                f"Expected pairs whose grids stand in the same order, so that positions align; got one"
                f" of kind {pair.kind}: choose pairs of another kind."
            )
        Contrast.of(pair)


class _Estimates(BothRuns):
    """The estimates of a pair's edges: what the writers write less what is in their place, times gradients.

    Attributes:
        found: the scores by block of positions.
    """

    def __init__(
        self,
        weights: Weights,
        pair: Pair,
        fill: Fill,
        other: Writes,
        first_only: bool,
        steps: int,
        attention: bool,
    ):
        super().__init__(weights, pair, fill, other, first_only=first_only)
        self.how: How = "eap-ig" if steps else "eap"
        self._alphas = [(step + 0.5) / steps for step in range(steps)] or [1.0]
        self._attention = attention
        self._blocks: Int[np.ndarray, " pos"] = blocks_of(pair.base)[: self.window.stop]
        self._less = self.change.transpose(0, 1).neg()  # [pos, writer, d_model]
        self.found: Float[np.ndarray, "block reader writer"] = np.zeros(
            (len(BLOCKS), *self.graph.possible.shape)
        )

    def scores(self) -> EdgeScores:
        found = self.found
        return EdgeScores(self.graph, found.sum(0), found, self.how, self.fill, 1, self.value, self.empty)

    def all(self) -> Steps[None, None]:
        """Of a few runs between the two at a time, layer by layer."""
        directions = self.metric.directions
        self._add(slice(-1, None), directions[:, None], self.window.asked)
        patterns: dict[int, Tensor] = {}
        for first in range(0, len(self._alphas), ROWS):
            alphas = self.change.new_tensor(self._alphas[first : first + ROWS])
            clean = self.clean.layers[0].pre[:, self.window.all]
            streams = clean + (1 - alphas)[:, None, None] * self.change[0]
            runs = []
            for run in run_window(self.weights, streams, self.window, self.early):
                runs.append(run)
                yield None
            layers = reversed(range(len(runs)))
            back = gradients(self.weights, runs, self.early, directions)
            for layer, own in zip(layers, back, strict=True):
                self._layer(layer, own)
                if self._attention:
                    at = self._at_pattern(layer, own)
                    patterns[layer] = patterns[layer].add_(at) if layer in patterns else at
                yield None
        for layer, at in patterns.items():
            yield from self._through_pattern(layer, at)

    def _layer(self, layer: int, own: LayerGradients) -> None:
        """Add what these runs say of the edges into a layer."""
        run, block = own.run, self.weights.layers[layer].block
        inputs, mlp = self.graph.inputs(layer), self.graph.mlp_input(layer)
        n = len(self._alphas)
        self._add(slice(mlp, mlp + 1), own.mlp.sum(0)[:, None] / n, run.asked)
        asked: tuple[Normed, Tensor | None] = (run.before.at(run.asked), run.asked)
        every: tuple[Normed, Tensor | None] = (run.before, None)
        for number, (W, at, read, (before, places)) in enumerate(
            (
                (block.attn.W_Q, own.q, run.q, asked),
                (block.attn.W_K, own.k, run.k, every),
                (block.attn.W_V, own.v, run.v, every),
            )
        ):
            readers = slice(inputs.start + number, inputs.stop, 3)
            self._add(readers, before.summed(W, at, read) / n, places)

    def _add(
        self, readers: slice, gradient: Float[Tensor, "pos reader d_model"], places: Tensor | None
    ) -> None:
        """Add a gradient at some readers of the same layer, times what each writer writes there."""
        below = self.graph.below[range(len(self.graph.below))[readers][0]]
        less = self._less[:, :below] if places is None else self._less[places, :below]
        products = torch.bmm(gradient, less.transpose(1, 2))
        which = torch.from_numpy(self._blocks[self.window.start :]).to(products.device)
        which = which if places is None else which[places]
        parts = products.new_zeros(len(BLOCKS), *products.shape[1:]).index_add_(0, which, products)
        self.found[:, readers, :below] += parts.double().cpu().numpy()

    def _at_pattern(self, layer: int, own: LayerGradients) -> Float[Tensor, "head query key"]:
        """The metric's gradient at every attention pattern of a layer, all keys."""
        late = torch.einsum("rhqd,rhkd->hqk", own.z, own.run.v)
        return torch.cat([own.z.sum(0) @ self.early[layer][1].transpose(1, 2), late], -1) / len(self._alphas)

    def _through_pattern(self, layer: int, gradient: Float[Tensor, "head query key"]) -> Steps[None, None]:
        """Put in place of the scores of edges into queries and keys those by the changed pattern.

        The parts of a score by block are those of the sum over all pairs of positions: of an edge into
        queries by where the query stands, of one into keys by where the key does.
        """
        inputs, attn = self.graph.inputs(layer), self.weights.layers[layer].block.attn
        below = self.graph.below[inputs.start]
        asked = self.window.asked if layer == self.weights.cfg.n_layers - 1 else None
        which = torch.from_numpy(self._blocks).to(gradient.device)
        late = which[self.window.start :]
        pre, norm = self.clean.layers[layer].pre[:, self.window.all], self.weights.layers[layer].block.ln1
        queries, keys, _ = (own[0] for own in queries_keys_values(self.weights, layer, normalized(norm, pre)))
        cut = normalized(norm, pre + self.change[:below])
        for head in range(self.weights.cfg.n_heads):
            early = self.early[layer][0][head]
            for number, W in enumerate((attn.W_Q, attn.W_K)):
                new = cut @ W[head]
                q, k = (new, keys[head]) if number == 0 else (queries[head], new)
                if asked is not None:
                    q = q[..., asked, :]
                pattern = scores_of(q, k, early, attn.scale, asked).softmax(-1)
                whole = queries[head] if asked is None else queries[head, asked]
                change = scores_of(whole, keys[head], early, attn.scale, asked).softmax(-1) - pattern
                change = (change * gradient[head]).sum(2 - number)
                place = which if number else (late if asked is None else late[asked])
                parts = change.new_zeros(below, len(BLOCKS)).index_add_(1, place, change)
                self.found[:, inputs.start + 3 * head + number, :below] = parts.T.double().cpu().numpy()
            yield None
