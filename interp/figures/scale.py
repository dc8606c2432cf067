"""The one colour scale for ablation effects, on every chart and on the ablation board.

A colour is found in two steps: a *position* from -1 to 1, which says how much worse or better the model is,
and the colour of that position.
"""

from dataclasses import dataclass
from math import copysign, isfinite, log10

from interp.analyses.ablation_sweep import SweepRow, same_puzzles, value
from interp.engine.measures import Measure
from interp.numbers import short

FLOOR = 1e-5
"""Nats a token: over the answer's 101 tokens a thousandth of its probability, which nobody would notice."""
DECADES = 3
"""Full colour is a loss 1,000 times the clean one. In the notebook's model only layer 0's attention comes
near."""
LIFT = 0.6
"""Exponent on the colour's strength: so that a doubling, a tenth of the scale, can be seen at all."""

COSTS, HELPS, NEITHER = (214, 72, 30), (47, 115, 200), (138, 148, 163)
"""Red, green and blue of what costs, what helps, and what does neither. They differ in more than redness, and
are drawn the fainter the smaller the effect, over whatever lies behind: white or black."""
UNKNOWN = "rgba(0,0,0,0)"


def position(loss: float, clean: float, floor: float = FLOOR) -> float:
    """How much worse a loss is than the clean one, from -1 to 1 on a log scale; nan if one is not finite.

    ``log10((loss + floor) / (clean + floor)) / DECADES``, clamped. It is a ratio, for losses of a trained
    model span decades and a difference in nats would show one component and hide all the others; but with a
    floor, for a loss that rises from 1e-8 to 1e-6 is a hundredfold of nothing. The ratio of the floor alone
    is 1, so the scale is 0 there. Equal factors up and down are equally far from 0.
    """
    if not (isfinite(loss) and isfinite(clean)):
        return float("nan")
    ratio = (max(loss, 0.0) + floor) / (max(clean, 0.0) + floor)
    return min(max(log10(ratio) / DECADES, -1.0), 1.0)


def position_of(row: SweepRow, clean: SweepRow, measure: Measure) -> float:
    """That of a row of a sweep, over the puzzles that both rows know; for answers the share of them lost.

    Returns:
        nan where there is nothing to compare, or a loss is not finite.
    """
    row, clean = same_puzzles(row, clean)
    now, before = value(row, measure), value(clean, measure)
    return before - now if measure == "answers" else position(now, before)


def colour(position: float) -> str:
    """The colour of a position: full orange at 1, neutral at 0, full blue at -1; none where it is nan."""
    return tint(copysign(abs(position) ** LIFT, position)) if isfinite(position) else UNKNOWN


def tint(share: float) -> str:
    """A colour by its strength: ``share`` of the full orange, or below 0 of the full blue. For what is not an
    effect of ablating (a push on a logit, an excess over chance), whose full colour is another."""
    hue, strength = (COSTS if share > 0 else HELPS), min(abs(share), 1)
    if strength < 0.02:
        hue = NEITHER
    return f"rgba({hue[0]}, {hue[1]}, {hue[2]}, {0.1 + 0.8 * strength:.3f})"


def rgb(hue: tuple[int, int, int]) -> str:
    """A hue in full."""
    return f"rgb{hue}"


# ---- in words ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mark:
    """A place on the scale that a legend names."""

    text: str
    position: float

    @property
    def colour(self) -> str:
        return colour(self.position)


RATIOS = (
    Mark("÷100", -2 / DECADES),
    Mark("÷10", -1 / DECADES),
    Mark("1", 0.0),
    Mark("×10", 1 / DECADES),
    Mark("×100", 2 / DECADES),
    Mark("×1,000", 3 / DECADES),
)
"""What the legend of a loss names: how many times the clean one it is."""

LEGEND = "Orange costs, blue helps; full colour is 1,000 times the loss, or a thousandth, on a log scale."
LEGEND_OF_ANSWERS = "Orange costs, blue helps; full colour is all answers lost, or gained."
HINT = (
    "Orange: ablating it raises the loss. Blue: it lowers the loss. Log scale; differences below"
    f" {short(FLOOR)} nats a token, a thousandth of the answer's probability, count as none."
)


def legend(measure: Measure) -> str:
    """What the colours of a chart by this measure mean, in a sentence."""
    return LEGEND_OF_ANSWERS if measure == "answers" else LEGEND
