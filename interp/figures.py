"""Results as pictures: plotly charts, and grids as SVG."""

import re
from collections.abc import Collection, Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Bool, Integer

from interp.errors import PuzzlescopeError
from interp.grids import COLORS, N_COLORS, SIZE
from interp.predict import METRICS, Metric
from interp.sweep import SweepRow
from interp.tokens import TOKEN_NAMES

QUIET, STRONG, LINE = "#8a94a3", "#d6481e", "#4a90d9"
"""Bars, the bar that costs most, and the line of the clean run: legible on light and on dark."""

SMALLEST_LOSS = 1e-7
"""A loss of exactly 0 has no place on a log axis; it is drawn here."""


def sweep_chart(
    rows: Sequence[SweepRow],
    clean: SweepRow,
    metric: Metric = "final",
    labels: Sequence[str] | None = None,
    hatched: Collection[str] = (),
) -> go.Figure:
    """Bars of the loss with each component off, on a log axis, and a dotted line at the loss with none off.

    ``labels`` name the bars; those in ``hatched`` are drawn hatched.
    """
    values = [max(row.loss.mean(metric), SMALLEST_LOSS) for row in rows]
    baseline = max(clean.loss.mean(metric), SMALLEST_LOSS)
    names = list(labels or [row.component.text if row.component else "clean" for row in rows])
    top = max(values, default=0)
    low = min([baseline, *values]) / 2
    figure = go.Figure(
        go.Bar(
            x=names,
            # On a log axis a bar starts at its base: below everything shown, so that every bar can be seen and clicked.
            y=[value - low for value in values],
            base=low,
            marker_color=[STRONG if value == top else QUIET for value in values],
            marker_pattern_shape=["/" if name in hatched else "" for name in names],
            customdata=[
                [value, value / baseline, int(row.solved.sum())]
                for value, row in zip(values, rows, strict=True)
            ],
            hovertemplate="%{x} off<br>loss %{customdata[0]:.3g} (clean × %{customdata[1]:.3g})"
            f"<br>%{{customdata[2]}} of {len(clean.solved)} solved<extra></extra>",
        )
    )
    figure.add_hline(y=baseline, line_color=LINE, line_width=2, line_dash="dot")
    figure.update_yaxes(
        type="log", title=f"loss, {METRICS[metric].split(':')[0]}", exponentformat="power", dtick=1
    )
    figure.update_yaxes(range=[np.log10(low), np.log10(max([baseline, *values]) * 2)])
    figure.update_layout(
        margin={"l": 8, "r": 8, "t": 8, "b": 8}, height=280, bargap=0.35, showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
    )  # fmt: skip
    return figure


def grid_svg(
    cells: Integer[np.ndarray, "10 10"],
    wrong: Bool[np.ndarray, "10 10"] | None = None,
    *,
    title: str = "",
    size: int = 20,
    palette: Sequence[str] | None = None,
    digits: bool = False,
) -> str:
    """One grid as a stand-alone SVG: ``size`` pixels a cell, wrong cells outlined, invalid tokens as crossed cells.

    Args:
        palette: a colour (``#rrggbb``) for each of 0..10; left out, the original's.
        digits: whether each cell shows its colour's number.

    Raises:
        PuzzlescopeError: if the palette is not eleven such colours.
    """
    paints = [color.hex for color in COLORS] if palette is None else list(palette)
    if len(paints) != N_COLORS:
        raise PuzzlescopeError(f"A palette has {N_COLORS} colours, got {len(paints)}.")
    inks = [ink(paint) for paint in paints]
    side = SIZE * size
    shapes = [_cell_svg(int(token), i, j, size, paints) for (i, j), token in np.ndenumerate(cells)]
    if digits:
        shapes += [
            _digit_svg(int(token), i, j, size, inks)
            for (i, j), token in np.ndenumerate(cells)
            if token < N_COLORS
        ]
    if wrong is not None:
        shapes += [_outline_svg(i, j, size) for i, j in np.argwhere(wrong).tolist()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 {side + 2} {side + 2}" width="{side + 2}" role="img">'
        f"<title>{escape(title)}</title>{''.join(shapes)}</svg>"
    )


def ink(paint: str) -> str:
    """Black or white, whichever is read better on a colour (``#rrggbb``): the one with the higher contrast ratio of WCAG 2.

    >>> ink("#ffe000"), ink("#0000ff")
    ('#111111', '#ffffff')

    Raises:
        PuzzlescopeError: if it is not such a colour.
    """
    if not re.fullmatch("#[0-9a-fA-F]{6}", paint):
        raise PuzzlescopeError(f"A colour is written #rrggbb, got '{paint[:40]}'.")
    black, white = _luminance("#111111"), 1.0
    here = _luminance(paint)
    return "#111111" if (here + 0.05) / (black + 0.05) > (white + 0.05) / (here + 0.05) else "#ffffff"


def _luminance(paint: str) -> float:
    """WCAG 2's relative luminance: 0 is black, 1 is white."""
    parts = [int(paint[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _cell_svg(token: int, row: int, column: int, size: int, paints: Sequence[str]) -> str:
    x, y = column * size, row * size
    box = f'<rect x="{x}" y="{y}" width="{size}" height="{size}" stroke="#c9ced6" stroke-width="0.5"'
    if token < N_COLORS:
        return f'{box} fill="{paints[token]}"/>'
    cross = f'<path d="M{x} {y}l{size} {size}M{x + size} {y}l{-size} {size}" stroke="#9aa0a8"/>'
    text = f'<text x="{x + size / 2}" y="{y + size * 0.65}" font-size="{size * 0.4}" text-anchor="middle">'
    return f'{box} fill="#ffffff"/>{cross}{text}{escape(TOKEN_NAMES[token])}</text>'


def _digit_svg(token: int, row: int, column: int, size: int, inks: Sequence[str]) -> str:
    x, y = (column + 0.5) * size, (row + 0.68) * size
    faint = "" if token else ' opacity="0.35"'
    return (
        f'<text x="{x}" y="{y}" font-size="{size / 2}" text-anchor="middle" font-family="sans-serif"'
        f' fill="{inks[token]}"{faint}>{token}</text>'
    )


def _outline_svg(row: int, column: int, size: int) -> str:
    return (
        f'<rect x="{column * size + 1}" y="{row * size + 1}" width="{size - 2}" height="{size - 2}"'
        ' fill="none" stroke="#000000" stroke-width="2"/>'
    )
