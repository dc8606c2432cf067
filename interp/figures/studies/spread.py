"""How a component's effect is spread over the puzzles of a study."""

from math import log10

from interp.figures.draft import Draft, drawn
from interp.figures.scale import colour, position
from interp.figures.style import base_figure, empty
from interp.numbers import short
from interp.studies.questions.tables import Distribution

BESIDE_NONE = 2e-5
"""Nats: marks of smaller effects would lie on that of none."""
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@drawn
def spread_bars(found: Distribution, component: str, whose: str = "all tasks") -> Draft:
    """Puzzles by what ablating a component costs each, in nats of the answer's loss: bars of a fifth of a
    decade on either side of none, coloured as everywhere.

    Args:
        found: of :meth:`interp.studies.questions.study.Study.distribution`.
        whose: the puzzles, as the title ends.
    """
    n = sum(found.counts)
    figure = base_figure(f"What ablating {component} costs each of {n:,} puzzles, {whose}", height=330)
    if not n:
        return empty(figure, "No puzzle has a loss that is finite.")
    bars = list(zip(found.starts, found.ends, found.counts, strict=True))
    places = list(range(len(bars)))
    figure.add_bar(
        x=places,
        y=list(found.counts),
        width=[0.92] * len(bars),
        marker_color=[colour(position((low + high) / 2, "final")) for low, high, _ in bars],
        hovertext=[
            f"<b>{count:,} puzzles</b>, {count / n:.1%}<br>{_between(low, high)}" for low, high, count in bars
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    marked = [(at, low) for at, (low, high, _) in enumerate(bars) if _is_mark(at, bars)]
    figure.update_xaxes(
        tickvals=[at if low == 0 else at - 0.5 for at, low in marked],
        ticktext=[_mark(low) for _, low in marked],
        tickangle=0,
        title="nats more of loss",
        showgrid=False,
        zeroline=False,
    )
    figure.update_yaxes(title="puzzles", rangemode="tozero")
    return figure


def _is_mark(at: int, bars: list[tuple[float, float, int]]) -> bool:
    """Whether a bar begins at a power of ten, or is that of none."""
    low, high, _ = bars[at]
    if low == high == 0:
        return True
    return abs(low) > BESIDE_NONE and f"{abs(low):.3e}".startswith("1.000")


def _mark(low: float) -> str:
    """A power of ten on the axis."""
    power = round(log10(abs(low))) if low else 0
    size = f"{abs(low):g}" if power > -3 else f"10{str(power).translate(RAISED)}"
    return "none" if low == 0 else f"{'−' if low < 0 else ''}{size}"


def _between(low: float, high: float) -> str:
    if low == high == 0:
        return "no effect: less than a millionth of a nat"
    if high <= 0:
        return f"{short(-high)} to {short(-low)} nats less"
    return f"{short(low)} to {short(high)} nats more"
