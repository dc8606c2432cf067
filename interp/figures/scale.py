"""The one colour scale for ablation effects, on every chart and on the ablation board; and the other
colours of charts.

An effect's colour is found in two steps: a *position* from -1 to 1, which says how much worse or better the
model is by a measure, and the colour of that position. The scale of a measure is fixed: one colour is one
effect, of whichever model, puzzle or page.
"""

from dataclasses import dataclass
from math import copysign, isfinite, log10, sqrt

from interp.analyses.ablation_sweep import SweepRow, cost
from interp.engine.measures import MEASURES, Measure, metric_of
from interp.grids import CELLS
from interp.numbers import count, short

LEAST, MOST = 1e-3, 3.0
"""Nats a token at which the scale of a loss begins, and at which its colour is full. Over the answer's 101
tokens a thousandth of a nat is a tenth of its probability; and 3 nats, more than guessing among the eleven
colours costs (ln 11 = 2.4), is more than any component of the shipped models costs."""

Hue = tuple[int, int, int]
COSTS: Hue = (200, 58, 18)
HELPS: Hue = (32, 108, 205)
NEITHER: Hue = (138, 148, 163)
"""Red, green and blue of what costs, what helps, and what does neither. They differ in more than redness, and
are drawn the fainter the smaller the effect, over whatever lies behind: white or black."""
TOWARD: Hue = (0, 128, 118)
AWAY: Hue = (132, 66, 168)
"""Of what pushes toward something and away from it, or is above and below chance: teal and purple, for orange
is a cost and nothing else."""
UNKNOWN = "rgba(0,0,0,0)"

NOTHING, FAINTEST = 0.17, 0.24
"""How opaque a tile without effect is, and one with the smallest: told apart on black too."""
SMALLEST = 0.02
"""Positions nearer to 0 than this are without effect."""


def position(change: float, measure: Measure) -> float:
    """How much worse a change of this measure is (:func:`interp.analyses.ablation_sweep.cost`), from -1 to 1;
    nan if it is not finite.

    * Cells broken, of 100, and the share of answers lost: their square root, so that one cell is seen. All of
      them are 1.
    * A loss: the logarithm of its change in nats, from :data:`LEAST` (and less), which is 0, to :data:`MOST`
      (and more), which is 1. A change, not a ratio to the clean loss: where that is tiny, a tiny harm would
      be a thousandfold.
    """
    if not isfinite(change):
        return float("nan")
    size = abs(change)
    if measure == "wrong":
        found = sqrt(size / CELLS)
    elif measure == "answers":
        found = sqrt(size)
    else:
        found = log10(size / LEAST) / log10(MOST / LEAST) if size > LEAST else 0.0
    return copysign(min(found, 1.0), change)


def position_of(row: SweepRow, clean: SweepRow, measure: Measure) -> float:
    """That of a row of a sweep, over the puzzles that both rows know.

    Returns:
        nan where there is nothing to compare, or a loss is not finite.
    """
    return position(cost(row, clean, measure), measure)


def colour(position: float) -> str:
    """The colour of a position: full orange at 1, neutral at 0, full blue at -1; none where it is nan."""
    return _diverging(position, COSTS, HELPS)


def tint(share: float) -> str:
    """The colour of what is no effect of ablating (a push on a logit, an excess over chance): from full
    purple at -1 over neutral to full teal at 1; none where it is nan."""
    return _diverging(share, TOWARD, AWAY)


def shade(share: float) -> str:
    """The colour of an amount without a sign, such as attention: the greyer the more, up to 1."""
    return _over(NEITHER, 0.05 + 0.75 * min(max(share, 0), 1)) if isfinite(share) else UNKNOWN


def _diverging(share: float, above: Hue, below: Hue) -> str:
    if not isfinite(share):
        return UNKNOWN
    strength = min(abs(share), 1)
    if strength < SMALLEST:
        return _over(NEITHER, NOTHING)
    return _over(above if share > 0 else below, FAINTEST + (1 - FAINTEST) * strength)


def _over(hue: Hue, opacity: float) -> str:
    return f"rgba({hue[0]}, {hue[1]}, {hue[2]}, {opacity:.3f})"


def rgb(hue: Hue) -> str:
    """A hue in full."""
    return f"rgb{hue}"


# ---- what is written on it ---------------------------------------------------------------------------------


def ink(colour: str, ground: str) -> str:
    """Black or white, whichever is the easier to read on a colour: one of them always has a contrast of at
    least 4.5 (WCAG 2.1).

    Args:
        colour: as the functions here return it.
        ground: what lies behind it, as ``#rrggbb``.
    """
    light = luminance(blended(colour, ground)) + 0.05
    return "#000000" if light / 0.05 >= 1.05 / light else "#ffffff"


def blended(colour: str, ground: str) -> Hue:
    """A colour as it is seen on a ground, ``#rrggbb``."""
    *hue, opacity = (float(one) for one in colour.removeprefix("rgba(").removesuffix(")").split(","))
    behind = (int(ground[k : k + 2], 16) for k in (1, 3, 5))
    red, green, blue = (
        round(opacity * own + (1 - opacity) * back) for own, back in zip(hue, behind, strict=True)
    )
    return red, green, blue


def luminance(hue: Hue) -> float:
    """Relative luminance as WCAG 2.1 defines it, 0 to 1."""
    parts = (part / 255 for part in hue)
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# ---- in words ----------------------------------------------------------------------------------------------


def in_words(change: float, measure: Measure, n: int = 1) -> str:
    """What ablating something does by a measure, over ``n`` puzzles, as it reads after its name: "breaks 27
    cells", "costs 0.48 nats", "helps by 3.1e-4 nats", "loses 3 of 16 answers"."""
    if not isfinite(change):
        return "cost not known"
    if measure == "wrong":
        told = count(abs(change))
        cells = "cell" if told == "1" else "cells"
        return f"{'fixes' if change < 0 else 'breaks'} {'no' if told == '0' else told} {cells}"
    if measure == "answers":
        lost = round(abs(change) * n)
        answers = "the answer" if n == 1 and lost else f"{lost or 'none'} of {n} answers"
        return f"{'gains' if change < 0 else 'loses'} {answers}" if n > 1 or lost else "leaves the answer"
    return f"helps by {short(-change)} nats" if change < 0 else f"costs {short(change)} nats"


def note(change: float, measure: Measure, n: int = 1) -> str:
    """The same as a number that fits a tile: cells broken, nats, or answers lost; negative where it helps,
    nothing where there is no effect to speak of."""
    if not isfinite(change) or position(change, measure) == 0:
        return ""
    if measure == "wrong":
        told = count(change)
    elif measure == "answers":
        told = str(round(change * n))
    else:
        told = f"{change:.2g}" if 0.01 <= abs(change) < 100 else short(change)
    return told.replace("-", "−")


@dataclass(frozen=True)
class Mark:
    """A place on the scale that a legend names."""

    text: str
    position: float


def marks(measure: Measure, n: int = 1) -> tuple[Mark, ...]:
    """What the legend of a measure names, from no effect on up: of the answers so many of ``n``."""
    changes: tuple[tuple[str, float], ...]
    if measure == "wrong":
        changes = tuple((str(cells), float(cells)) for cells in (0, 1, 5, 10, 25, 50, 100))
    elif measure == "answers":
        counts = sorted({0, 1, n // 4, n // 2, n} - ({0} if n == 0 else set()))
        changes = tuple((str(count), count / max(n, 1)) for count in counts)
    else:
        changes = (("≤ 0.001", LEAST), ("0.01", 0.01), ("0.1", 0.1), ("1", 1.0), ("≥ 3", MOST))
    return tuple(Mark(text, position(change, measure)) for text, change in changes)


def quantity(measure: Measure) -> str:
    """What a colour stands for, as the title of a legend."""
    if measure == "wrong":
        return "cells broken of 100"
    if measure == "answers":
        return "answers lost"
    return f"nats more of loss on {MEASURES[metric_of(measure)].place}"


LEGENDS = {
    "wrong": "Orange: cells broken, of 100, each given the true cells before it; blue: more are fixed than"
    " broken. Square-root scale, the same everywhere.",
    "answers": "Orange: answers lost; blue: gained. Full colour: all of them.",
}
LEGEND = "Orange: more loss; blue: less. From 0.001 to 3 nats on a log scale, the same everywhere."


def legend(measure: Measure) -> str:
    """What the colours of a chart by this measure mean, in a sentence."""
    return LEGENDS.get(measure, LEGEND)
