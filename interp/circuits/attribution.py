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

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from interp.circuits.blocks import BLOCKS, blocks_of
from interp.circuits.gradients import Gradients, gradients, normalized
from interp.circuits.planted.effects import planted_gradients
from interp.circuits.scores import EdgeScores, How, mean_scores
from interp.circuits.writes import BothRuns, Fill, Writes
from interp.engine.contrast import Contrast
from interp.engine.forward import Weights, weights_of
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.model.hooks import check_not_planted, say_ignored
from interp.pairs import Pair
from interp.puzzles import PuzzleSet
from interp.resumable import Steps, resumable

STEPS = 5
"""Runs between the two whose gradients EAP-IG averages."""


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
    """Estimated effects of all edges, mean over some pairs, with a pause after every run.

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
        PuzzlescopeError: if there is no pair, or its positions do not align, or its answers do not differ.
    """
    check_pairs(pairs)
    say_ignored(model, "effects of edges", planted=True)
    if attention:
        check_not_planted(model, "scores by the changed pattern")
    weights, found = weights_of(model), list[EdgeScores]()
    for pair in pairs:
        one = _OnePair(weights, pair, fill, bank, first_only)
        yield None
        at = [(step + 0.5) / steps for step in range(steps)] or [1.0]
        mean: Tensor | None = None
        through: Tensor | None = None
        for alpha in at:
            own = one.gradients_at(alpha)
            mean = own.readers if mean is None else mean.add_(own.readers)
            if attention:
                patterns = _at_patterns(own)
                through = patterns if through is None else through.add_(patterns)
            yield None
        assert mean is not None
        blocks = one.contracted(mean / len(at))
        if through is not None:
            yield from one.through_patterns(through / len(at), blocks)
        found.append(one.scores(blocks, "eap-ig" if steps else "eap"))
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


class _OnePair(BothRuns):
    """A pair's runs, and what its writers write less what cut edges read."""

    def __init__(self, weights: Weights, pair: Pair, fill: Fill, bank: PuzzleSet | None, first_only: bool):
        super().__init__(weights, pair, fill, bank, first_only=first_only)
        self.less: Writes = self.clean.writes - self.other
        self.blocks: Int[np.ndarray, " pos"] = blocks_of(pair.base)

    def gradients_at(self, alpha: float) -> Gradients:
        """Of a run whose embedding is so far on the way from the other's (0) to the clean one (1)."""
        stream = self.other[0] + alpha * self.less[0]
        if self.weights.model.planted is not None:
            return planted_gradients(self.weights.model, self.tokens, stream, self.metric)
        return gradients(self.weights, stream, self.metric)

    def contracted(
        self, readers: Float[Tensor, "reader pos d_model"]
    ) -> Float[np.ndarray, "block reader writer"]:
        """What the writers write less what is in their place, times gradients, by block of positions."""
        found = np.zeros((len(BLOCKS), *self.graph.possible.shape))
        for block in range(len(BLOCKS)):
            here = torch.from_numpy(np.flatnonzero(self.blocks == block)).to(readers.device)
            if len(here):
                own = readers[:, here].flatten(1) @ self.less[:, here].flatten(1).T
                found[block] = np.where(self.carrying, own.double().cpu().numpy(), 0)
        return found

    def through_patterns(
        self,
        gradient: Float[Tensor, "layer head query key"],
        found: Float[np.ndarray, "block reader writer"],
    ) -> Steps[None, None]:
        """Put in place of the scores of edges into queries and keys those by the changed pattern.

        The parts of a score by block are those of the sum over all pairs of positions: of an edge into
        queries by where the query stands, of one into keys by where the key does.
        """
        which = torch.from_numpy(self.blocks).to(gradient.device)
        for layer, halves in enumerate(self.clean.layers):
            first = self.graph.inputs(layer).start
            cut = halves.pre - self.less[: self.graph.below[first]]
            attn = self.weights.layers[layer].block.attn
            norm = self.weights.layers[layer].block.ln1
            x, cut = normalized(norm, halves.pre), normalized(norm, cut)
            for head in range(self.weights.cfg.n_heads):
                q, k = (x @ W[head] for W in (attn.W_Q, attn.W_K))
                whole = _pattern(q * attn.scale, k)
                for number, W in enumerate((attn.W_Q, attn.W_K)):
                    new = cut @ W[head]
                    pattern = _pattern(*((new * attn.scale, k) if number == 0 else (q * attn.scale, new)))
                    change = ((whole - pattern) * gradient[layer, head]).sum(2 - number)
                    parts = change.new_zeros(len(change), len(BLOCKS)).index_add_(1, which, change)
                    found[:, first + 3 * head + number, : len(change)] = parts.T.double().cpu().numpy()
                yield None

    def scores(self, blocks: Float[np.ndarray, "block reader writer"], how: How) -> EdgeScores:
        return EdgeScores(self.graph, blocks.sum(0), blocks, how, self.fill, 1, self.value, self.empty)


def _pattern(
    q: Float[Tensor, "#row query d_qk"], k: Float[Tensor, "#row key d_qk"]
) -> Float[Tensor, "#row query key"]:
    """Where the queries look, each at itself and what comes before."""
    scores = q @ k.transpose(-1, -2)
    later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
    return scores.masked_fill_(later, -torch.inf).softmax(-1)


def _at_patterns(own: Gradients) -> Float[Tensor, "layer head query key"]:
    """The metric's gradient at every attention pattern."""
    return own.z @ own.v.transpose(-1, -2)
