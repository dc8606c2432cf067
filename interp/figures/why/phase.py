"""The phase test: by how much a head's weights turn each sinusoid of the position, from weights alone."""

import numpy as np
from jaxtyping import Bool, Float, Num

from interp.figures.draft import Draft, drawn
from interp.figures.style import QUIET, STRONG, base_figure, empty

LARGEST, SMALLEST = 17.0, 2.5
"""Points of the largest weight and of none, in pixels."""
LEAST, MARGIN = 0.08, 2.0
"""Of the largest weight: waves with less are drawn up to so many times the longest that has as much."""
STEPS = 10
"""Points of a stretch of the line between two wraps."""
WAVES = (7, 10, 20, 50, 100, 200, 500, 1000, 10_000, 100_000)
"""Wavelengths in positions that are named."""
NOTHING = "There is no positional part in this head's weights."
ANGLES = ([-np.pi, -np.pi / 2, 0, np.pi / 2, np.pi], ["−π", "−π/2", "0", "π/2", "π"])


@drawn
def phase_points(
    frequencies: Float[np.ndarray, " frequency"],
    phases: Float[np.ndarray, " frequency"],
    weights: Float[np.ndarray, " frequency"],
    offset: int,
    title: str,
) -> Draft:
    """A point a frequency: across its wavelength in positions (logarithmic), up the angle by which the head
    turns it, the larger the more the head uses it; and the line on which the points of a head lie that
    looks ``offset`` back. Long waves that the head hardly uses are left out.

    Args:
        frequencies: of the sinusoids, in radians a position.
        phases: theta of each, in radians, any turn.
        weights: R of each, not negative.
        offset: the positions back whose line is drawn.
        title: whose they are.
    """
    figure = base_figure(title, height=320)
    used = np.isfinite(phases) & np.isfinite(weights) & (frequencies > 0)
    if not used.any() or not weights[used].max() > 0:
        return empty(figure, NOTHING, height=140)
    used &= frequencies >= _lowest(frequencies, weights, used)
    waves, shares = 2 * np.pi / frequencies[used], weights[used] / weights[used].max()
    turned = wrapped(phases[used])
    if offset:
        line = _line(float(frequencies[used].min()), float(frequencies[used].max()), offset)
        figure.add_scatter(
            x=line[0], y=line[1], mode="lines", line={"color": QUIET, "width": 1.2}, hoverinfo="skip"
        )
    away = np.degrees(np.abs(wrapped(turned - offset * frequencies[used])))
    figure.add_scatter(
        x=waves,
        y=turned,
        mode="markers",
        marker={
            "color": STRONG,
            "opacity": 1,
            "size": SMALLEST + (LARGEST - SMALLEST) * np.sqrt(shares),
            "line": {"width": 0.6, "color": "#ffffff"},
        },
        hovertext=[
            f"<b>wavelength {wave:,.1f}</b> positions<br>turned by {np.degrees(angle):+.0f}°,"
            f" {one:.0f}° from the line<br>weight {share:.2f} of the largest".replace("-", "−")
            for wave, angle, one, share in zip(waves, turned, away, shares, strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        cliponaxis=False,
    )
    _axes(figure, waves)
    return figure


def _axes(figure: Draft, waves: Float[np.ndarray, " frequency"]) -> None:
    """Wavelengths, logarithmic, and angles."""
    ends = np.log10([waves.min(), waves.max()])
    named = [wave for wave in WAVES if ends[0] <= np.log10(wave) <= ends[1]]
    figure.update_xaxes(
        type="log",
        title="wavelength, positions",
        tickvals=named,
        ticktext=[f"{wave:,}" for wave in named],
        range=[float(ends[0]) - 0.06, float(ends[1]) + 0.06],
        zeroline=False,
    )
    figure.update_yaxes(
        title="turned by θ", range=[-3.4, 3.4], tickvals=ANGLES[0], ticktext=ANGLES[1], zeroline=False
    )


def _lowest(
    frequencies: Float[np.ndarray, " frequency"],
    weights: Float[np.ndarray, " frequency"],
    used: Bool[np.ndarray, " frequency"],
) -> float:
    """The frequency below which nothing is drawn: a head that points uses short waves, and the long ones,
    half of them all, would take half of the chart."""
    strong = used & (weights >= LEAST * weights[used].max())
    return float(frequencies[strong].min()) / MARGIN


def wrapped(angles: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
    """Angles between -π and π.

    >>> wrapped(np.array([0.0, 3 * np.pi, -2 * np.pi])).round(3).tolist()
    [0.0, -3.142, 0.0]
    """
    return np.mod(angles + np.pi, 2 * np.pi) - np.pi


def _line(low: float, high: float, offset: int) -> tuple[list[float | None], list[float | None]]:
    """The wavelengths and angles of the line of slope ``offset``, broken (``None``) where it wraps."""
    across: list[float | None] = []
    up: list[float | None] = []
    turn, last = round(offset * low / (2 * np.pi)), round(offset * high / (2 * np.pi))
    for number in range(turn, last + 1):
        first = max(low, (2 * number - 1) * np.pi / offset)
        end = min(high, (2 * number + 1) * np.pi / offset)
        stretch = np.geomspace(first, end, STEPS)
        across += [*(2 * np.pi / stretch).tolist(), None]
        up += [*(offset * stretch - 2 * np.pi * number).tolist(), None]
    return across, up


@drawn
def concordance_curve(
    offsets: Num[np.ndarray, " offset"],
    concordance: Float[np.ndarray, " offset"],
    null: float,
    title: str,
) -> Draft:
    """How well the phases fit each offset: 1 if every sinusoid is turned by exactly that many positions. The
    grey band holds what heads with randomly turned weights reach; the highest point is named.

    Args:
        offsets: positions back.
        concordance: of each, -1 to 1.
        null: the height of the band; nan for none.
        title: whose it is.
    """
    figure = base_figure(title, height=320)
    if not np.isfinite(concordance).any():
        return empty(figure, NOTHING, height=140)
    best = int(np.nanargmax(concordance))
    shade_chance(figure, null)
    figure.add_scatter(
        x=offsets,
        y=concordance,
        mode="lines",
        line={"color": STRONG, "width": 1.4},
        hovertext=[f"<b>{int(n)} back</b>: {one:.2f}" for n, one in zip(offsets, concordance, strict=True)],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    figure.add_scatter(
        x=[offsets[best]],
        y=[concordance[best]],
        mode="markers+text",
        marker={"color": STRONG, "size": 8},
        text=[f"{int(offsets[best])} back: {concordance[best]:.2f}"],
        textposition="middle right" if offsets[best] < 0.6 * offsets.max() else "middle left",
        textfont={"size": 11},
        hoverinfo="skip",
        cliponaxis=False,
    )
    low = min(-0.1, float(np.nanmin(concordance)), -null if np.isfinite(null) else 0.0)
    figure.update_xaxes(
        title="positions back", range=[float(offsets.min()) - 4, float(offsets.max()) + 4], zeroline=False
    )
    figure.update_yaxes(title="concordance", range=[low - 0.05, 1.05], zeroline=True, zerolinecolor=QUIET)
    return figure


def shade_chance(figure: Draft, chance: float, shade: float = 0.22) -> None:
    """Shade what random rotations reach as well, on either side of none; nothing where that is not known.

    Args:
        chance: the concordance that they stay below.
        shade: opacity, 0 to 1.
    """
    if np.isfinite(chance):
        figure.add_shape(
            type="rect",
            xref="x domain",
            x0=0,
            x1=1,
            y0=-chance,
            y1=chance,
            layer="below",
            line={"width": 0},
            fillcolor=f"rgba(138, 148, 163, {shade})",
        )
