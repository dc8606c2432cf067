"""The verdict: by which way a head comes to look where it looks, and which others were rejected, and why.

A way is taken only if the scores taken apart (:mod:`interp.why.split`) and interventions on one side
(:mod:`interp.why.interventions`) both say so; each check has a bound that was fixed before anything was
measured:

* **pointer**: direct and re-coded position are at least 80 % of the contrast (the lower end of the interval
  is); with the keys of another puzzle the log-odds change by less than 10 %; with the queries' position moved
  the peak moves along, slope 1 +- 0.1. What is moved is the mean of all that stands at the position: that was
  settled after the position embedding alone had been seen to move no head of the models that come along;
* **K-composition** (**Q-composition**): what lower heads add to their means on the side of the keys (queries)
  is at least half; taking the strongest such head's output from another puzzle takes at least half of the
  log-odds; moving it on by one token moves the peak by one;
* **content**: the tokens themselves, on both sides, are at least half, and with the keys of another puzzle at
  least half of the log-odds is gone.

Where a head looks on sequences that training has not shown (:mod:`interp.why.interventions.elsewhere`) is
told beside the verdict by ``python -m interp why``, and is no check of it: a head may lose its way there
because what lies below it does, so that to fail says nothing of how it finds its place.

If no way passes, or more than one does, it is *mixed*: several rules in one head are common (Kamath et al.,
2025, "Tracing Attention Computation Through Feature Interactions"). Of a head that looks nowhere in
particular nothing is said: *none*.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from interp.ablation import Component, ReferenceMeans
from interp.model import PuzzleGPT
from interp.numbers import number
from interp.puzzles import Puzzle
from interp.resumable import Steps, resumable
from interp.why.interventions.one_head import check_head
from interp.why.interventions.one_side import one_side
from interp.why.interventions.results import (
    MEAN,
    POSITION,
    Interventions,
    Shift,
    Side,
    estimate,
    key_words,
)
from interp.why.interventions.rows import Rows
from interp.why.interventions.shift import pointer_shift
from interp.why.phase import DRAWS, Phase, head_phase
from interp.why.split import CONTENT, HeadSplit
from interp.why.splitting import gazes_of, rows_with_usual, split_rows, usual_of_references
from interp.why.usual import Usual

Way = Literal["pointer", "k", "q", "content"]
Verdict = Literal["pointer", "k", "q", "content", "mixed", "none"]
VERDICTS: dict[Verdict, str] = {
    "pointer": "pointer: position alone says where",
    "k": "K-composition: a lower head writes into the keys what is looked for",
    "q": "Q-composition: a lower head writes into the queries where to look",
    "content": "content: tokens that match",
    "mixed": "mixed: no way explains it alone",
    "none": "none: it does not keep to that key, so there is nothing to explain",
}
WAYS: tuple[Way, ...] = ("pointer", "k", "q", "content")

CLEAR = 0.2
"""Mean attention to one offset from which on a head is said to look there."""
PLACED, HALF, UNMOVED, SLOPE = 0.8, 0.5, 0.1, 0.1
"""Least share of position; least share of another way; most that swapped keys may change; how far the slope
may be from 1."""
TESTED = 16
"""Puzzles of the interventions, the first of those given."""


@dataclass(frozen=True)
class Check:
    """One thing that a way predicts, and what was measured.

    Attributes:
        way: that predicts it.
        what: is measured, in words.
        value: the estimate; nan if there is nothing to measure.
        low, high: its 95 % interval over bootstraps of puzzles.
        bound: what is predicted, in words.
        passed: whether it is so.
        unit: of the value: a share of one, or positions.
    """

    way: Way
    what: str
    value: float
    low: float
    high: float
    bound: str
    passed: bool
    unit: Literal["share", "positions"] = "share"

    @property
    def measured(self) -> str:
        """The value and its interval, in the unit of what is predicted; empty if there is nothing to
        measure."""
        if np.isnan(self.value):
            return ""
        form = ".0%" if self.unit == "share" else ".2f"
        value, low, high = (number(one, form) for one in (self.value, self.low, self.high))
        return f"{value} ({low} to {high})"

    @property
    def text(self) -> str:
        return f"{self.what}: {self.measured or 'there is nothing to measure'}; expected {self.bound}"


@dataclass(frozen=True, eq=False)
class HeadReason:
    """Why a head looks where it looks.

    Attributes:
        head: which.
        back: how many positions back the key looked at lies.
        verdict: see :data:`VERDICTS`.
        split: its contrast taken apart.
        phase: what its weights say, with the null.
        shifts: the pointer shift of the queries, by what was moved (``position``, the embedding alone;
            ``mean``, all that the stream holds of the position); empty where the verdict is *none*.
        interventions: on one side; ``None`` there.
        checks: all that the ways predict.
    """

    head: Component
    back: int
    verdict: Verdict
    split: HeadSplit
    phase: Phase
    shifts: Mapping[str, Shift]
    interventions: Interventions | None
    checks: tuple[Check, ...]

    @property
    def rejected(self) -> dict[str, tuple[Check, ...]]:
        """The ways that are not the verdict, each with the checks that it failed."""
        return {
            way: tuple(one for one in self.checks if one.way == way and not one.passed)
            for way in WAYS
            if way != self.verdict and any(one.way == way for one in self.checks)
        }

    @property
    def shift_slope(self) -> float:
        """By how much the peak moves for each position that the queries' are moved by; nan if unknown."""
        shift = self.shifts.get(MEAN)
        return float("nan") if shift is None else shift.slope.value

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        own = 0 if self.interventions is None else self.interventions.nbytes
        return self.split.nbytes + own + sum(shift.nbytes for shift in self.shifts.values())

    def rows(self) -> tuple[dict[str, Any], ...]:
        """A row a check."""
        return tuple(
            {
                "head": self.head.text,
                "back": self.back,
                "verdict": self.verdict,
                "way": one.way,
                "check": one.what,
                "value": one.value,
                "low": one.low,
                "high": one.high,
                "expected": one.bound,
                "passed": one.passed,
            }
            for one in self.checks
        )

    def summary(self) -> str:
        """The verdict in a sentence or two."""
        where = f"{self.head.text} gives {key_words(self.back)} {self.split.attention:.2f} of its attention"
        if self.verdict == "none":
            if self.split.attention >= CLEAR:
                return f"{where}, but its scores prefer others: there is no preference to explain."
            return f"{where}, less than {CLEAR}: it does not keep to it, so there is nothing to explain."
        return f"{where}. Verdict: {VERDICTS[self.verdict]}. {self.evidence}"

    @property
    def evidence(self) -> str:
        """What a verdict rests on most, in a sentence or two; empty where it is *none*."""
        if self.verdict == "none":
            return ""
        share = self.split.position_share
        more = ", more than all because other terms speak against it" if share.low > 1 else ""
        return (
            f"Position is {share.text} of what sets that key apart{more}. When its queries are moved on by"
            f" one position, its peak moves by {number(self.shift_slope, '+.2f')}."
        )


@resumable
def head_reason(
    model: PuzzleGPT,
    head: Component,
    puzzles: Sequence[Puzzle],
    means: ReferenceMeans | None = None,
    back: int | None = None,
) -> Steps[None, HeadReason]:
    """Why a head looks where it looks on puzzles; pauses between steps of some tenths of a second.

    Args:
        puzzles: whose answers' cells are predicted at the queries; none of those that the means are over
            (:func:`interp.why.usual.held_out`).
        means: the reference means of their orders; left out, they are taken first (64 runs an order).
        back: how many positions before the query the key asked about lies; left out, where the head looks
            most.

    Raises:
        PuzzlescopeError: if there is no puzzle, no such head, no key so far back, or means of another model.
    """
    check_head(model, head)
    rows, usual = yield from rows_with_usual(model, puzzles, means, [head])
    return (yield from reason_of_rows.steps(model, head, rows, usual, back))


@resumable
def reason_of_rows(
    model: PuzzleGPT,
    head: Component,
    rows: Rows,
    usual: Sequence[Usual] | None = None,
    back: int | None = None,
) -> Steps[None, HeadReason]:
    """The same over rows of tokens that need not be puzzles.

    Args:
        usual: the means of each of the rows' orders; left out, they are taken over the rows' references.
    """
    if usual is None:
        usual = yield from usual_of_references(model, rows, head.layer)
    if back is None:
        back = (yield from gazes_of.steps(model, rows, [head]))[head].back
    split = (yield from split_rows.steps(model, rows, usual, [head], back))[head]
    yield None
    weights = head_phase(model, head, draws=DRAWS)
    yield None
    if split.attention < CLEAR or split.contrast <= 0:
        return HeadReason(head, back, "none", split, weights, {}, None, ())
    some = replace(
        rows, tokens=rows.tokens[:TESTED], others=rows.others[:TESTED], orders=rows.orders[:TESTED]
    )
    tables = {MEAN: [one.stream(model, head.layer) for one in usual], POSITION: None}
    shifts = {}
    for moved, own in tables.items():
        shifts[moved] = yield from pointer_shift.steps(model, some, head, back, moved=moved, tables=own)
    changed = yield from one_side.steps(model, some, head, back)
    checks = (
        *_pointer(split, shifts[MEAN], changed),
        *_composition(split, changed),
        *_content(split, changed),
    )
    return HeadReason(head, back, _verdict(checks), split, weights, shifts, changed, checks)


def _verdict(checks: Sequence[Check]) -> Verdict:
    passed = [way for way in WAYS if all(one.passed for one in checks if one.way == way)]
    return passed[0] if len(passed) == 1 else "mixed"


def _pointer(split: HeadSplit, shift: Shift, changed: Interventions) -> tuple[Check, ...]:
    share, slope = split.position_share, shift.slope
    lost = changed.lost(changed.find("swap", "keys"))
    return (
        Check(
            "pointer",
            "share of direct and re-coded position",
            *(share.value, share.low, share.high),
            f"at least {PLACED:.0%} at the lower end",
            share.low >= PLACED,
        ),
        Check(
            "pointer",
            "log-odds lost with the keys of another puzzle",
            *(lost.value, lost.low, lost.high),
            f"less than {UNMOVED:.0%}, either way",
            abs(lost.value) < UNMOVED,
        ),
        Check(
            "pointer",
            "positions that the peak moves by, for each that the queries' are moved by",
            *(slope.value, slope.low, slope.high),
            f"1 within {SLOPE}",
            abs(slope.value - 1) <= SLOPE,
            "positions",
        ),
    )


SIDE_OF: dict[Way, Side] = {"k": "keys", "q": "queries"}


def _composition(split: HeadSplit, changed: Interventions) -> tuple[Check, ...]:
    """K- and Q-composition. Where heads add to their means on both sides, it counts for both."""
    found = []
    for way, side in SIDE_OF.items():
        share = split.share_of(way, "qk")
        found.append(
            Check(
                way,
                f"share of what lower heads add to their means in the {side}",
                *(share.value, share.low, share.high),
                f"at least {HALF:.0%}",
                share.value >= HALF,
            )
        )
        strongest = _strongest_head(split, side)
        if strongest is None:
            nan = float("nan")
            found.append(Check(way, "lower heads to take away", nan, nan, nan, "at least one", False))
            continue
        lost = changed.lost(changed.find("writer", side, strongest))
        moved = estimate(changed.find("shifted", side, strongest).displacement)
        found += [
            Check(
                way,
                f"log-odds lost with {strongest} of another puzzle in the {side}",
                *(lost.value, lost.low, lost.high),
                f"at least {HALF:.0%}",
                lost.value >= HALF,
            ),
            Check(
                way,
                f"positions that the peak moves by with {strongest} moved on by one in the {side}",
                *(moved.value, moved.low, moved.high),
                "1, to the nearest",
                abs(moved.value - 1) < 0.5,
                "positions",
            ),
        ]
    return tuple(found)


def _content(split: HeadSplit, changed: Interventions) -> tuple[Check, ...]:
    share, lost = split.share_of("content"), changed.lost(changed.find("swap", "keys"))
    return (
        Check(
            "content",
            "share of tokens on both sides",
            *(share.value, share.low, share.high),
            f"at least {HALF:.0%}",
            share.value >= HALF,
        ),
        Check(
            "content",
            "log-odds lost with the keys of another puzzle",
            *(lost.value, lost.low, lost.high),
            f"at least {HALF:.0%}",
            lost.value >= HALF,
        ),
    )


def _strongest_head(split: HeadSplit, side: Side) -> str | None:
    """The lower head that adds most to its mean on this side, of those that count for the key looked at."""
    axes = (0, 1) if side == "keys" else (2, 3)
    amounts = split.pairs.sum(axes)[:, CONTENT]
    heads = [k for k, name in enumerate(split.writers) if ".H" in name]
    return split.writers[max(heads, key=lambda k: amounts[k])] if heads else None
