"""What interventions on one side of a head find: plain values, a row a puzzle.

Everywhere a *displacement* is counted in positions from the key that lies ``back`` before the query, so that
0 is that key and 5 the fifth after it; and *log-odds* are of the attention that one key gets against all
others together, log(a / (1 - a)), computed from the scores: where the softmax is saturated probabilities
tell nothing any more, and these still do (Kamath et al., 2025, "Tracing attention computation").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Float, Int

from interp.ablation import Component
from interp.numbers import number

Side = Literal["queries", "keys"]
SIDES: tuple[Side, ...] = get_args(Side)

POSITION, MEAN = "position", "mean"
"""What is moved: the position embedding alone; or all that the stream holds of the position, its mean over
puzzles in the same order of the grids. Else it is a writer's name, as ``L0.mlp``, and that mean of what it
writes."""

DRAWS = 1000
"""Of the bootstrap over puzzles."""
LEVEL = 0.95

Values = Float[np.ndarray, " puzzle"]


def key_words(back: int) -> str:
    """The key so far back, in words.

    >>> key_words(100), key_words(0)
    ('the key 100 back', 'its own position')
    """
    return f"the key {back} back" if back else "its own position"


@dataclass(frozen=True)
class Estimate:
    """A mean over puzzles, and between what it lies.

    Attributes:
        value: the mean, or the slope.
        low: the 2.5 % quantile over :data:`DRAWS` samples of the puzzles, drawn with replacement.
        high: the 97.5 % quantile.
    """

    value: float
    low: float
    high: float


def estimate(values: Float[np.ndarray, " puzzle"]) -> Estimate:
    """The mean over puzzles, and its bootstrap interval. What is nan is left out; nan if nothing is left."""
    known = values[~np.isnan(values)]
    if not len(known):
        return Estimate(float("nan"), float("nan"), float("nan"))
    rng = np.random.default_rng(0)
    means = known[rng.integers(0, len(known), (DRAWS, len(known)))].mean(1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(known.mean()), float(low), float(high))


@dataclass(frozen=True, eq=False)
class Shift:
    """A head whose queries, or keys, read another position than they stand at.

    On the queries' side the query at p reads position p + s; a pointer's peak then moves by s. On the keys'
    side every key at j reads j + s, and the peak moves by -s. A query counts where the position that it reads
    is one of the 405, and the key where a pointer's peak would be can be seen from p; so for a head that
    looks one back no shift beyond +1 has queries. A key that would read a position outside is out of sight.

    Attributes:
        head: whose queries or keys.
        back: how many positions before the query the key lies that it is said to look at.
        side: which side reads another position.
        moved: what of the position is moved: :data:`POSITION`, :data:`MEAN`, or a writer's name.
        shifts: s, in positions, ascending; 0 is among them.
        counted: how many queries count at each shift.
        displacement: where the peak of the attention is, from the key ``back`` before the query, in
            positions: the median over the queries; nan where none counts.
        followed: the share of the queries whose peak is exactly at the key where a pointer's would be, 0 to
            1.
        log_odds: of that key, nats, mean over the queries.
        stayed: log-odds of the key ``back`` before the query, where a head's peak stays that reads the
            position elsewhere or not at all; nats.
        offsets: displacements that ``profile`` is told at.
        profile: mean attention at these, over queries and puzzles: a strip of maps.
    """

    head: Component
    back: int
    side: Side
    moved: str
    shifts: Int[np.ndarray, " shift"]
    counted: Int[np.ndarray, " shift"]
    displacement: Float[np.ndarray, "puzzle shift"]
    followed: Float[np.ndarray, "puzzle shift"]
    log_odds: Float[np.ndarray, "puzzle shift"]
    stayed: Float[np.ndarray, "puzzle shift"]
    offsets: Int[np.ndarray, " offset"]
    profile: Float[np.ndarray, "shift offset"]

    @property
    def expected(self) -> int:
        """The slope of a pointer: 1 for queries, -1 for keys."""
        return 1 if self.side == "queries" else -1

    @property
    def slope(self) -> Estimate:
        """By how many positions the peak moves for each position of the shift: least squares over all shifts
        that count, in each puzzle; the mean over puzzles. nan where fewer than three shifts count."""
        return estimate(self.slopes)

    @property
    def slopes(self) -> Values:
        """The slope in each puzzle."""
        known = self.counted > 0
        if known.sum() < 3:
            return np.full(len(self.displacement), np.nan)
        s = self.shifts[known] - self.shifts[known].mean()
        found: Values = self.displacement[:, known] @ s / (s @ s)
        return found

    @property
    def share_followed(self) -> float:
        """Of all queries and shifts but 0, the share whose peak is where a pointer's would be."""
        away = (self.shifts != 0) & (self.counted > 0)
        return float(self.followed[:, away].mean()) if away.any() else float("nan")

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        own = (self.displacement, self.followed, self.log_odds, self.stayed, self.profile)
        return sum(one.nbytes for one in own)

    def rows(self) -> tuple[dict[str, Any], ...]:
        """A row a shift: means over puzzles."""
        names = ("displacement", "followed", "log_odds", "stayed")
        return tuple(
            {
                "head": self.head.text,
                "side": self.side,
                "moved": self.moved,
                "shift": int(shift),
                "queries": int(self.counted[k]),
                **{name: float(getattr(self, name)[:, k].mean()) for name in names},
            }
            for k, shift in enumerate(self.shifts)
        )

    def summary(self) -> str:
        """What came of it, in a sentence."""
        found = self.slope
        known = {POSITION: "position embedding", MEAN: "mean of all that stands at the position"}
        what = known.get(self.moved, f"mean of {self.moved}")
        if np.isnan(found.value):
            return f"No shift of the {self.side} of {self.head.text} has a peak that could be seen."
        return (
            f"With the {what} moved in its {self.side}, the peak of {self.head.text} moves by"
            f" {found.value:+.2f} ({found.low:+.2f} to {found.high:+.2f}) for each position; a pointer's by"
            f" {self.expected:+d}."
        )


@dataclass(frozen=True, eq=False)
class Intervention:
    """One change to what the queries or the keys of a head read.

    Attributes:
        name: ``clean`` (nothing is changed), ``swap`` (all of it is from another puzzle), ``writer`` (what
            one lower writer writes is from another puzzle), ``shifted`` (what one lower head, or ``all`` of
            them, writes is from a run of the same tokens moved on by one position).
        side: whose input is changed; ``None`` of ``clean``, ``both`` where both are.
        writer: which lower writer, as ``L0.H3``, ``L0.mlp`` or ``embed``; ``None`` if it is none alone.
        log_odds: of the key ``back`` before the query, nats, mean over the queries.
        at_back: the share of the queries whose peak is there, 0 to 1.
        displacement: where the peak is, in positions after that key: the median over the queries.
        next_odds: log-odds of the key after that one, where the peak of K-composition goes when what a
            previous-token head writes is moved on by one; nan where no query sees it.
    """

    name: str
    side: str | None
    writer: str | None
    log_odds: Values
    at_back: Values
    displacement: Values
    next_odds: Values


@dataclass(frozen=True, eq=False)
class Interventions:
    """All interventions on one head, over some puzzles.

    Attributes:
        head: which.
        back: how many positions before the query the key lies that it is said to look at.
        clean: the run as it is.
        chance: log-odds of that key if every key that is seen got the same attention, nats, mean over the
            queries.
        rest: every other intervention.
        losses: what the mean attention pattern does, if it was asked for: the loss at the answer's cells,
            nats, of the ``clean`` run, with the head's mean ``pattern``, and with its output at ``zero``.
    """

    head: Component
    back: int
    clean: Intervention
    chance: float
    rest: tuple[Intervention, ...]
    losses: dict[str, Values]

    def find(self, name: str, side: str | None = None, writer: str | None = None) -> Intervention:
        """The one of this name.

        Raises:
            KeyError: if it was not made, as of a writer that does not come before the head.
        """
        for one in (self.clean, *self.rest):
            if (one.name, one.side, one.writer) == (name, side, writer):
                return one
        raise KeyError((name, side, writer))

    def lost(self, one: Intervention) -> Estimate:
        """What share of the log-odds an intervention takes: 0 nothing, 1 all that there is beyond chance.

        A ratio of means, not a mean of ratios; its interval is of the loss alone. nan of a head that gives
        the key no more than chance would.
        """
        gain = float(self.clean.log_odds.mean()) - self.chance
        found = estimate(self.clean.log_odds - one.log_odds)
        if not gain > 0:
            return Estimate(float("nan"), float("nan"), float("nan"))
        return Estimate(found.value / gain, *sorted((found.low / gain, found.high / gain)))

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        return sum(4 * one.log_odds.nbytes for one in (self.clean, *self.rest))

    def strongest(self, name: str, side: Side, n: int = 5) -> Sequence[Intervention]:
        """Those of this name and side that take most of the log-odds, the most first."""
        found = [one for one in self.rest if (one.name, one.side) == (name, side)]
        return sorted(found, key=lambda one: float(one.log_odds.mean()))[:n]

    def rows(self) -> tuple[dict[str, Any], ...]:
        """A row an intervention, the clean run first: means over puzzles."""
        return tuple(
            {
                "head": self.head.text,
                "intervention": one.name,
                "side": one.side or "",
                "writer": one.writer or "",
                "log_odds": float(one.log_odds.mean()),
                "lost": self.lost(one).value,
                "at_back": float(one.at_back.mean()),
                "displacement": float(one.displacement.mean()),
                "next_odds": float(one.next_odds.mean()),
            }
            for one in (self.clean, *self.rest)
        )

    def summary(self) -> str:
        """What swapping the keys does, in a sentence."""
        lost, key = self.lost(self.find("swap", "keys")), key_words(self.back)
        if np.isnan(lost.value):
            return (
                f"Over these puzzles {self.head.text} gives {key} no more than any other would get: there is"
                " nothing to lose."
            )
        return (
            f"With the keys of another puzzle {self.head.text} loses {number(lost.value, '.0%')} of its"
            f" log-odds at {key}."
        )


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """Where a head looks on sequences that no training has shown.

    Attributes:
        head: which.
        back: how far back it looks on puzzles.
        kind: ``filler``: tokens inserted before the answer's marker, as many dropped from the first grid;
            ``period``: random colours that repeat.
        amount: how many are inserted; or the period.
        offsets: how far back each named key lies. Of ``filler``: ``back``, where a pointer looks, and
            ``content``, where what stood there has gone (``back`` + ``amount``). Of ``period``: ``back``;
            ``next`` (the period less 1), what followed this token a period ago; ``same`` (the period), the
            token itself.
        attention: what each of these keys gets, 0 to 1, mean over the queries, a row a sequence.
        log_odds: the same as log-odds, nats.
        peak: the share of the queries whose peak is at each, 0 to 1.
    """

    head: Component
    back: int
    kind: Literal["filler", "period"]
    amount: int
    offsets: dict[str, int]
    attention: dict[str, Values]
    log_odds: dict[str, Values]
    peak: dict[str, Values]

    def rows(self) -> tuple[dict[str, Any], ...]:
        """A row a key: means over sequences."""
        return tuple(
            {
                "head": self.head.text,
                "kind": self.kind,
                "amount": self.amount,
                "key": name,
                "offset": offset,
                "attention": float(self.attention[name].mean()),
                "log_odds": float(self.log_odds[name].mean()),
                "peak": float(self.peak[name].mean()),
            }
            for name, offset in self.offsets.items()
        )
