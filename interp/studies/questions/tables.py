"""The ready tables of a study, as rows of typed values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from interp.puzzles import Puzzle
from interp.studies.questions.summary import BY_DECADE, SHARES, UNKNOWN, Summary, edges
from interp.studies.schema import CLEAN

Measure = Literal["final", "wrong", "answers"]
"""The loss of the whole answer in nats, cells broken of 100, or answers lost as a share."""
MEASURES: tuple[Measure, ...] = ("final", "wrong", "answers")
NORMAL = 1.959964
"""Standard errors on either side of a mean: 95 % of a normal distribution."""
IN_DECADE = 5
"""Bars of a distribution from an effect to its tenfold."""


@dataclass(frozen=True)
class Mean:
    """A mean over puzzles with its interval.

    Attributes:
        n: puzzles.
        mean, low, high: the mean and the ends of its 95 % interval, by the normal approximation over
            puzzles (the mean and 1.96 standard errors on either side); nan where nothing is known.
    """

    n: int
    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, n: int, total: float | int, squares: float | int) -> "Mean":
        """From sums over the puzzles."""
        if not n:
            return cls(0, np.nan, np.nan, np.nan)
        mean = total / n
        error = np.sqrt(max(squares - n * mean * mean, 0.0) / (n - 1) / n) if n > 1 else np.nan
        return cls(n, float(mean), float(mean - NORMAL * error), float(mean + NORMAL * error))


@dataclass(frozen=True)
class Effect:
    """What ablating a component does to the puzzles of a task.

    Attributes:
        task: or empty for all together.
        component: as ``L1.H5``.
        change: by the measure that was asked for.
        low, median, high: of the change of the loss in nats: below them lie 10, 50 and 90 % of the puzzles
            (:func:`interp.studies.questions.summary.quantiles` says how exactly).
        lost, won: puzzles solved only without the ablation, and only with it.
    """

    task: str
    component: str
    change: Mean
    low: float
    median: float
    high: float
    lost: int
    won: int


@dataclass(frozen=True)
class Clean:
    """How the model does with nothing ablated."""

    task: str
    loss: Mean
    solved: int
    n: int


@dataclass(frozen=True)
class Distribution:
    """How a component's effect on the loss is spread over puzzles.

    Attributes:
        starts, ends: of the bars, in nats, ascending; the bar from 0 to 0 counts those without an effect.
        counts: puzzles.
        unknown: puzzles whose loss is not finite.
    """

    starts: tuple[float, ...]
    ends: tuple[float, ...]
    counts: tuple[int, ...]
    unknown: int


@dataclass(frozen=True)
class Flip:
    """A puzzle that is solved only with, or only without, a component.

    Attributes:
        number: in the study.
        puzzle: itself.
        lost: whether the ablation loses it.
        change: of its loss, in nats.
    """

    number: int
    puzzle: Puzzle
    lost: bool
    change: float


@dataclass(frozen=True)
class Difference:
    """Two studies on the same puzzles of a task.

    Attributes:
        task: or empty for all together.
        one, other: the measure in each.
        difference: the other less the one, paired by puzzle.
        only_one, only_other: puzzles that flip (or, of the runs with nothing ablated, are solved) in one of
            them alone.
    """

    task: str
    one: Mean
    other: Mean
    difference: Mean
    only_one: int
    only_other: int


def effects(summary: Summary, components: Iterable[str], measure: Measure) -> list[Effect]:
    """Of every task, all together first, and every component in order."""
    order = {name: place for place, name in enumerate(components)}
    rows = [row for row in summary.cells.to_dict("records") if row["component"] in order]
    found = []
    for row in sorted(rows, key=lambda row: (row["task"], order[row["component"]])):
        task, component = row["task"], row["component"]
        low, median, high = summary.spread.get((task, component), (np.nan,) * len(SHARES))
        change = _mean(row, measure)
        found.append(Effect(task, component, change, low, median, high, int(row["lost"]), int(row["won"])))
    return found


def _mean(row: Mapping[Any, Any], measure: Measure) -> Mean:
    if measure == "final":
        return Mean.of(int(row["finite"]), row["nats"], row["nats_squared"])
    if measure == "wrong":
        return Mean.of(int(row["n"]), row["cells"], row["cells_squared"])
    return Mean.of(int(row["n"]), row["lost"] - row["won"], row["lost"] + row["won"])


def clean(summary: Summary) -> list[Clean]:
    """Of every task, all together first, how the model does with nothing ablated."""
    rows = summary.cells[summary.cells["component"] == CLEAN].sort_values("task")
    return [
        Clean(str(row["task"]), _mean(row, "final"), int(row["won"]), int(row["n"]))
        for row in rows.to_dict("records")
    ]


def distribution(summary: Summary, component: str, task: str = "") -> Distribution:
    """In bars of a fifth of a decade on either side of 0."""
    frame = summary.frame
    own = frame[(frame["component"] == component) & ((frame["task"] == task) | (not task))]
    unknown = int(own.loc[own["bin"] == UNKNOWN, "n"].sum())
    own = own[own["bin"] != UNKNOWN]
    wide = BY_DECADE // IN_DECADE
    signs = np.sign(own["bin"].to_numpy()).astype(np.int64)
    bars = signs * ((np.abs(own["bin"].to_numpy().astype(np.int64)) + wide - 1) // wide)
    counts = pd.Series(own["n"].to_numpy()).groupby(bars).sum()
    shown = np.arange(bars.min(), bars.max() + 1) if len(bars) else np.empty(0, np.int64)
    near, far = (edges(np.sign(shown) * ((np.abs(shown) - 1) * wide + 1), 0.0), edges(shown * wide, 1.0))
    return Distribution(
        tuple(np.minimum(near, far).tolist()),
        tuple(np.maximum(near, far).tolist()),
        tuple(int(counts.get(bar, 0)) for bar in shown.tolist()),
        unknown,
    )
