"""A head's attention scores taken apart, exactly: who writes on the side of the query, with whom on the side
of the key.

With the LayerNorm's scale ``sigma`` of each position as it is in a run, what a head reads is a sum over those
who write into the stream,

    x(p) = sum_c w * C x_c(p) / sigma(p) + b        c: token, position, every lower head, every lower MLP

(``C`` removes the mean over d_model), and its score is bilinear in both sides:

    s(p, j) = x(p)^T W_Q W_K^T x(j) / sqrt(d_qk) = sum over (a, b) of T_ab(p, j)

The constants ``b`` of the LayerNorm and ``b_out`` of the lower MLPs are one writer more, the *bias*; this
attention has no biases of its own. Every writer is split into its mean at that position over puzzles **in the
same order of the grids** (*position*: what is there whatever the puzzle) and the rest (*content*). The means
are the reference means (:mod:`interp.ablation.means`), over puzzles that are not among those asked about.

**Contrast.** A softmax ignores what all keys share. So what is taken apart is the score of the key looked at,
``t = p - back``, less that of the others, weighted by the attention they have:

    D(p) = s(p, t) - sum over j != t of a(p, j) / (1 - a(p, t)) s(p, j)

which is the log-odds of the key looked at, ``log a(p, t) / (1 - a(p, t))``, plus the entropy of the
attention among the others. Log-odds, because attention near 1 hardly moves whatever is taken away. Queries
are those that predict the answer's cells; a query with fewer than ``back`` positions before it never counts,
so nothing is measured at a clamped position.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from interp.ablation import Component
from interp.numbers import number

POSITION, CONTENT = 0, 1
PARTS = ("position", "content")
"""What each writer's output is split into: its mean at that position, and the rest."""

TOKEN, PLACE, BIAS = "token", "position", "bias"
"""Writers that are no component of the model: the embedding of the token, that of the position, constants."""

CLASSES: dict[str, str] = {
    "direct": "direct position: position embedding and constants on both sides",
    "recoded": "re-coded position: means on both sides, of a head, an MLP or the token on at least one",
    "content": "content: the token on both sides, less its mean",
    "k": "K-composition: what a lower head adds to its mean, on the side of the key only",
    "q": "Q-composition: what a lower head adds to its mean, on the side of the query only",
    "qk": "both: what lower heads add to their means, on both sides",
    "mlp": "MLPs: what a lower MLP adds to its mean, on either side, and no head on any",
    "half": "token and place: the token less its mean on one side, means on the other",
}
"""Every pair of writers is of one class; the last three belong to none of the known ways."""

Pairs = Float[np.ndarray, "query_writer 2 key_writer 2"]


@dataclass(frozen=True)
class Share:
    """A share of the contrast, with the interval that holds it in 95 % of bootstraps over puzzles."""

    value: float
    low: float
    high: float

    @property
    def text(self) -> str:
        return f"{self.value:.0%} ({self.low:.0%} to {self.high:.0%})"


@dataclass(frozen=True, eq=False)
class HeadSplit:
    """The contrast of one head taken apart, over puzzles.

    Attributes:
        head: whose.
        back: how many positions back is the key looked at.
        attention: the mean attention there, over queries and puzzles.
        writers: who writes before the head: token, position, heads and MLPs layer by layer, bias.
        classes: the mean over queries of every class of :data:`CLASSES`, in nats.
        pairs: the mean over queries and puzzles of every pair of writers and parts of :data:`PARTS`, in nats:
            query's writer and its part, key's writer and its part.
        log_odds: of each puzzle, the mean over queries of the log-odds of the key looked at.
        scale_spread: standard deviation of the LayerNorm's scale over positions and puzzles, over its mean.
    """

    head: Component
    back: int
    attention: float
    writers: tuple[str, ...]
    classes: Float[np.ndarray, "puzzle class"]
    pairs: Pairs
    log_odds: Float[np.ndarray, " puzzle"]
    scale_spread: float

    @property
    def contrast(self) -> float:
        """What is taken apart, in nats: the mean over queries and puzzles."""
        return float(self.classes.sum(1).mean())

    @cached_property
    def shares(self) -> Mapping[str, Share]:
        """Of every class its share of the contrast. They add up to 1; one may be negative."""
        raise NotImplementedError

    @cached_property
    def position_share(self) -> Share:
        """Direct and re-coded position together."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class CellSplit:
    """One score of one head in one puzzle taken apart.

    Attributes:
        head: whose.
        query, key: the positions, start token included.
        writers: as in :class:`HeadSplit`.
        score: as the model computes it, before the softmax.
        attention: of the query to the key.
        pattern: of the query to every key up to itself.
        terms: every pair of writers and parts; their sum is the score.
        contrast: the same of the contrast of this key with the others; nan where the query has only one key.
    """

    head: Component
    query: int
    key: int
    writers: tuple[str, ...]
    score: float
    attention: float
    pattern: Float[np.ndarray, " key"]
    terms: Pairs
    contrast: Pairs

    @property
    def classes(self) -> Mapping[str, float]:
        """The contrast by class, in nats."""
        raise NotImplementedError

    def summary(self) -> str:
        """The largest pair, in a sentence."""
        return f"{self.head.text} {number(self.score)}"
