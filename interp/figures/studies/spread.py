"""How a component's effect is spread over the puzzles of a study."""

from math import log10

from interp.figures.draft import Draft, drawn
from interp.figures.scale import colour, position
from interp.figures.style import base_figure, empty
from interp.numbers import short
from interp.studies.questions.tables import IN_DECADE, Distribution

BESIDE_NONE = 2e-5
"""Nats: marks of smaller effects would lie on that of none."""
STEP = 10 ** (1 / IN_DECADE)
Bar = tuple[float, float, int]
"""From and to so many nats, and how many puzzles."""
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
    bars = _to_decades(list(zip(found.starts, found.ends, found.counts, strict=True)))
    places = list(range(len(bars)))
    figure.add_bar(
        x=places,
        y=[count for _, _, count in bars],
        width=[0.92] * len(bars),
        marker_color=[colour(position((low + high) / 2, "final")) for low, high, _ in bars],
        hovertext=[
            f"<b>{count:,} puzzles</b>, {count / n:.1%}<br>{_between(low, high)}" for low, high, count in bars
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    marked = [(at, low) for at, (low, high, _) in enumerate(bars) if _is_mark(at, bars)]
    places_of = [at if low == 0 else at - 0.5 for at, low in marked]
    if _is_decade(bars[-1][1]):  # no bar begins there
        places_of.append(len(bars) - 0.5)
        marked.append((len(bars), bars[-1][1]))
    figure.update_xaxes(
        tickvals=places_of,
        ticktext=[_mark(low) for _, low in marked],
        range=[-0.5, len(bars) - 0.5],
        tickangle=0,
        title="nats more of loss",
        showgrid=False,
        zeroline=False,
    )
    figure.update_yaxes(title="puzzles", rangemode="tozero")
    return figure


def _to_decades(bars: list[Bar]) -> list[Bar]:
    """The same with empty bars on either side, so that the axis begins and ends at a power of ten: a few bars
    alone would be as wide as the page, and say nothing of how large an effect is."""
    found = list(bars)
    while found[0][0] and not _is_decade(found[0][0]):
        first = found[0][0]
        found.insert(0, (first / STEP if first > 0 else first * STEP, first, 0))
    while found[-1][1] and not _is_decade(found[-1][1]):
        last = found[-1][1]
        found.append((last, last * STEP if last > 0 else last / STEP, 0))
    return found


def _is_decade(nats: float) -> bool:
    """Whether it is a power of ten, as near as ends of bars can be."""
    power = log10(abs(nats)) if nats else 0.5
    return abs(power - round(power)) < 1 / IN_DECADE / 2


def _is_mark(at: int, bars: list[Bar]) -> bool:
    """Whether a bar begins at a power of ten, or is that of none."""
    low, high, _ = bars[at]
    if low == high == 0:
        return True
    return abs(low) > BESIDE_NONE and _is_decade(low)


def _mark(low: float) -> str:
    """A power of ten on the axis."""
    power = round(log10(abs(low))) if low else 0
    size = f"{10.0**power:g}" if power > -3 else f"10{str(power).translate(RAISED)}"
    return "none" if low == 0 else f"{'−' if low < 0 else ''}{size}"


def _between(low: float, high: float) -> str:
    if low == high == 0:
        return "no effect: less than a millionth of a nat"
    if high <= 0:
        return f"{short(-high)} to {short(-low)} nats less"
    return f"{short(low)} to {short(high)} nats more"
