"""How many answers stay right in a circuit, and of what share of such answers that is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma, log

import numpy as np
from jaxtyping import Bool

from interp.circuits.finder import Kept, answered
from interp.circuits.runs import CircuitRuns
from interp.circuits.writes import Fill, Fills, prompts, recorded, tokens_for
from interp.engine.forward import Weights
from interp.pairs import Pair
from interp.puzzles import PuzzleSet
from interp.resumable import Steps, resumable

CONFIDENCE = 0.95
SHOWN = 0.9
"""Of the answers that the whole model gives right, the share of which it must be shown that they stay
right."""
ENOUGH = 29
"""Answers that show it, if all of them stay right."""
COUNTED = 64
"""Held-out pairs on which answers are counted where a circuit is to answer right."""
AT_ONCE = 8
"""Pairs after which it is told how many stay right."""


def at_least(right: int, n: int, confidence: float = CONFIDENCE) -> float:
    """The share that is shown by so many of so many: the lower bound of Clopper and Pearson (1934, "The use
    of confidence or fiducial limits illustrated in the case of the binomial"), one-sided. Were the true share
    smaller, as many as these would come out with a probability below ``1 - confidence``.

    >>> round(at_least(8, 8), 3), round(at_least(64, 64), 3), round(at_least(60, 64), 3), at_least(0, 8)
    (0.688, 0.954, 0.863, 0.0)
    >>> at_least(ENOUGH - 1, ENOUGH - 1) < SHOWN <= at_least(ENOUGH, ENOUGH)
    True
    """
    if right == 0:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(50):
        share = (low + high) / 2
        low, high = (share, high) if _as_many(right, n, share) < 1 - confidence else (low, share)
    return high


def _as_many(right: int, n: int, share: float) -> float:
    """The probability that of ``n`` at least so many are right."""
    yes, no = log(share), log(1 - share)
    ways = (lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) for k in range(right, n + 1))
    return sum(exp(own + k * yes + (n - k) * no) for k, own in enumerate(ways, right))


@dataclass(frozen=True)
class Answers:
    """Whether what the whole model answers right the circuit answers right too.

    Attributes:
        pairs: whose bases were answered.
        whole: answers that the whole model gives right.
        kept: of these, those that the circuit gives right.
        at_least: of all such answers, the share that is shown to stay right (:func:`at_least`).
    """

    pairs: int
    whole: int
    kept: int
    at_least: float

    @classmethod
    def of(cls, whole: Bool[np.ndarray, " pair"], ours: Bool[np.ndarray, " pair"]) -> "Answers":
        """Of which answers are right."""
        n, kept = int(whole.sum()), int((whole & ours).sum())
        return cls(len(whole), n, kept, at_least(kept, n))

    def with_more(self, other: "Answers") -> "Answers":
        """The same over the pairs of both."""
        n, kept = self.whole + other.whole, self.kept + other.kept
        return Answers(self.pairs + other.pairs, n, kept, at_least(kept, n))

    @property
    def undecided(self) -> bool:
        """Whether none goes wrong, and there are too few of them to show it."""
        return self.kept == self.whole and self.at_least < SHOWN

    @property
    def reason(self) -> str:
        """Why it is not shown that answers stay right; empty if it is."""
        if not self.whole:
            return "The whole model answers none of the held-out puzzles right: none can stay right."
        sure = f"at least {self.at_least:.0%} of such answers stay right ({CONFIDENCE:.0%} confidence)"
        if self.kept < self.whole:
            return (
                f"Of {self.whole} held-out answers that the whole model gives right {self.kept} stay right:"
                f" {sure}, and all were asked for."
            )
        if self.undecided:
            return (
                f"All {self.whole} held-out answers that the whole model gives right stay right, which shows"
                f" no more than that {sure}: {ENOUGH} would show {SHOWN:.0%}."
            )
        return ""


@resumable
def count_answers(
    weights: Weights,
    kept: Kept,
    pairs: Sequence[Pair],
    fill: Fill = "pair",
    bank: PuzzleSet | None = None,
    fills: Fills | None = None,
) -> Steps[Answers, Answers]:
    """How many answers stay right by greedy decoding, one pair after the other. As long as nothing is wrong
    what was drawn is the truth, so two runs given the true cells tell it, and one where the whole model is
    wrong itself.

    Args:
        fills: of this fill, where others have begun with it.

    Yields:
        How many of the pairs so far, after every few; ``None`` at every pause.
    """
    fills = fills or Fills(weights, fill, bank)
    whole, ours = (np.zeros(len(pairs), bool) for _ in range(2))
    for n, pair in enumerate(pairs):
        truth = pair.base.grids[3].reshape(1, -1).astype(np.int64)
        own = recorded(weights, tokens_for(weights, prompts(pair)[0])).logits
        whole[n] = answered(own[None], truth)[1][0]
        yield None
        if whole[n]:
            runs = yield from CircuitRuns.begun(weights, [pair], fill, bank, fills)
            ours[n] = answered(runs.logits(kept), truth)[1][0]
            yield None
        if (n + 1) % AT_ONCE == 0:
            yield Answers.of(whole[: n + 1], ours[: n + 1])
    return Answers.of(whole, ours)
