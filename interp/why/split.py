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
attention among the others. Log-odds, because attention near 1 hardly moves whatever is taken away. Beside it
the **plain contrast** is told, with the mean of the others, each counted alike: it says what sets the key
apart from any other, most of which get no attention, where ``D`` says what sets it apart from those that
nearly get it. It is larger, and shares are of another whole. Verdicts rest on ``D``. Queries
are those that predict the answer's cells; a query with fewer than ``back`` positions before it never counts,
so nothing is measured at a clamped position.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from interp.ablation import Component
from interp.numbers import number
from interp.why.interventions.results import key_words
from interp.why.sides import BIAS, PLACE, TOKEN

POSITION, CONTENT = 0, 1
PARTS = ("position", "content")
"""What each writer's output is split into: its mean at that position, and the rest."""

CLASSES: dict[str, str] = {
    "direct": "direct position: position embedding and constants on both sides",
    "recoded": "re-coded position: means on both sides, of a head, an MLP or the token on at least one",
    "content": "content: the token on both sides, less its mean",
    "k": "K-composition: what a lower head adds to its mean, on the side of the key only",
    "q": "Q-composition: what a lower head adds to its mean, on the side of the query only",
    "qk": "K and Q: what lower heads add to their means, on both sides",
    "mlp": "MLPs' content: what a lower MLP adds to its mean, on either side, and no head on any",
    "half": "token × position: the token less its mean on one side, means on the other",
}
"""Every pair of writers is of one class; the last three belong to none of the known ways.

``mlp`` counts for no way. What an MLP adds to its mean depends on the puzzle, so it is no position; but an
MLP carries nothing from one place to another, so it is no composition with a head either: it is what stands
at the query or the key itself, and what heads below have brought there, in another form. Whose it is cannot
be told from the score, which is why a verdict asks interventions too, that swap everything at once."""


def class_name(name: str) -> str:
    """A class as it is called where there is little room.

    >>> class_name("qk")
    'K and Q'
    """
    return CLASSES[name].partition(":")[0]


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
        plain: the same of the plain contrast.
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
    plain: Float[np.ndarray, "puzzle class"]
    pairs: Pairs
    log_odds: Float[np.ndarray, " puzzle"]
    scale_spread: float

    @property
    def contrast(self) -> float:
        """What is taken apart, in nats: the mean over queries and puzzles."""
        return float(self.classes.sum(1).mean())

    @property
    def plain_contrast(self) -> float:
        """The same, of the plain mean of the other keys."""
        return float(self.plain.sum(1).mean())

    @cached_property
    def shares(self) -> Mapping[str, Share]:
        """Of every class its share of the contrast. They add up to 1; one may be negative."""
        return {name: self.share_of(name) for name in CLASSES}

    @cached_property
    def plain_shares(self) -> Mapping[str, Share]:
        """The same, of the plain contrast."""
        return {name: _share_of(self.plain, name) for name in CLASSES}

    @cached_property
    def position_share(self) -> Share:
        """Direct and re-coded position together."""
        return self.share_of("direct", "recoded")

    def share_of(self, *names: str) -> Share:
        """The share of some classes together: a ratio of means over puzzles, not a mean of ratios."""
        return _share_of(self.classes, *names)

    def strongest(self, n: int = 8) -> tuple["Term", ...]:
        """The pairs of writers and parts that count most, either sign, the largest first."""
        return strongest(self.writers, self.pairs, n)

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        return self.classes.nbytes + self.plain.nbytes + self.pairs.nbytes + self.log_odds.nbytes

    def rows(self) -> tuple[dict[str, Any], ...]:
        """A row a class."""
        return tuple(
            {
                "head": self.head.text,
                "back": self.back,
                "class": name,
                "nats": float(self.classes[:, k].mean()),
                "share": self.shares[name].value,
                "low": self.shares[name].low,
                "high": self.shares[name].high,
                "plain_nats": float(self.plain[:, k].mean()),
                "plain_share": self.plain_shares[name].value,
            }
            for k, name in enumerate(CLASSES)
        )

    def summary(self) -> str:
        """The largest class, in a sentence; of a head that prefers other keys, just that."""
        key = key_words(self.back)
        if not self.contrast > 0:
            return (
                f"{self.head.text} prefers its other keys to {key}, by {number(-self.contrast, '.2f')} nats:"
                " there is no preference of which shares could be told."
            )
        name = max(self.shares, key=lambda one: self.shares[one].value)
        return (
            f"Of the {number(self.contrast, '.2f')} nats by which {self.head.text} prefers {key},"
            f" {self.shares[name].text} are {class_name(name)}."
        )

    @property
    def beside(self) -> str:
        """The same of the plain contrast, as a sentence beside that one; empty where the head prefers other
        keys."""
        if not (self.contrast > 0 and self.plain_contrast > 0):
            return ""
        name = max(self.plain_shares, key=lambda one: self.plain_shares[one].value)
        return (
            "There the other keys count as much as each is looked at. Over their plain mean it is"
            f" {number(self.plain_contrast, '.2f')} nats, {self.plain_shares[name].text} {class_name(name)}."
        )


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
        return dict(zip(CLASSES, by_class(self.contrast, self.writers).tolist(), strict=True))

    def strongest(self, n: int = 8) -> tuple["Term", ...]:
        """The pairs of writers and parts that count most in the contrast, either sign."""
        return strongest(self.writers, self.contrast, n)

    def summary(self) -> str:
        """The score and the largest class of its contrast, in a sentence."""
        whole, largest = float(self.contrast.sum()), max(self.classes, key=lambda one: self.classes[one])
        if not np.isfinite(whole):
            return f"{self.head.text} sees one key only from position {self.query}."
        return (
            f"{self.head.text} at position {self.query} prefers position {self.key} by"
            f" {number(whole, '+.2f')} nats to the other keys; {number(self.classes[largest], '+.2f')} are"
            f" {class_name(largest)}."
        )


@dataclass(frozen=True)
class Term:
    """A pair of writers, and which part of what each writes."""

    query: str
    query_part: str
    key: str
    key_part: str
    nats: float

    @property
    def text(self) -> str:
        return f"{self.query} ({self.query_part}) x {self.key} ({self.key_part})"


def strongest(writers: tuple[str, ...], pairs: Pairs, n: int) -> tuple[Term, ...]:
    """The entries that count most, either sign, the largest first."""
    order = np.argsort(-abs(pairs).ravel(), kind="stable")[:n]
    places = zip(*np.unravel_index(order, pairs.shape), strict=True)
    return tuple(
        Term(writers[a], PARTS[one], writers[b], PARTS[other], float(pairs[a, one, b, other]))
        for a, one, b, other in places
    )


# ---- classes -----------------------------------------------------------------------------------------------

_KINDS = ("place", "mean", "token", "head", "mlp")
"""What one side may hold: position embedding and constants; a mean; and what token, head or MLP add to it."""


@lru_cache(maxsize=64)
def _kinds(writers: tuple[str, ...]) -> Int[np.ndarray, "writer 2"]:
    """Which of :data:`_KINDS` both parts of every writer are."""
    found = np.zeros((len(writers), 2), int)
    for k, name in enumerate(writers):
        if name not in (PLACE, BIAS):
            content = "token" if name == TOKEN else "mlp" if name.endswith("mlp") else "head"
            found[k] = _KINDS.index("mean"), _KINDS.index(content)
    return found


def class_of(query: str, key: str) -> str:
    """The class of a pair of :data:`_KINDS`."""
    both = (query, key)
    if both == ("head", "head"):
        return "qk"
    if "head" in both:
        return "q" if query == "head" else "k"
    if "mlp" in both:
        return "mlp"
    if "token" in both:
        return "content" if both == ("token", "token") else "half"
    return "recoded" if "mean" in both else "direct"


_CLASS = np.array([[list(CLASSES).index(class_of(query, key)) for key in _KINDS] for query in _KINDS])


def by_class(pairs: Pairs, writers: tuple[str, ...]) -> Float[np.ndarray, " class"]:
    """The sum over each class of :data:`CLASSES`."""
    kinds = _kinds(writers).ravel()
    which = _CLASS[kinds[:, None], kinds[None]]
    found: np.ndarray = np.bincount(which.ravel(), pairs.ravel(), len(CLASSES))
    return found


# ---- intervals ---------------------------------------------------------------------------------------------

DRAWS = 2000
"""Bootstraps over puzzles."""


def ratio_share(part: Float[np.ndarray, " puzzle"], whole: Float[np.ndarray, " puzzle"]) -> Share:
    """The mean of a part over that of the whole, with its interval over bootstraps of puzzles; of one puzzle
    the interval is the value."""
    drawn = np.random.default_rng(0).integers(0, len(whole), (DRAWS, len(whole)))
    with np.errstate(divide="ignore", invalid="ignore"):
        each = part[drawn].mean(1) / whole[drawn].mean(1)
        low, high = np.quantile(each, [0.025, 0.975])
        return Share(float(part.mean() / whole.mean()), float(low), float(high))


def _share_of(classes: Float[np.ndarray, "puzzle class"], *names: str) -> Share:
    """The share that some classes have together of all of them."""
    return ratio_share(classes[:, [list(CLASSES).index(name) for name in names]].sum(1), classes.sum(1))
