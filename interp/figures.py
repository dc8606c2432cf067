"""Results as pictures: plotly charts, and grids as SVG."""

from collections.abc import Collection, Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Bool, Int

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
    cells: Int[np.ndarray, "10 10"],
    wrong: Bool[np.ndarray, "10 10"] | None = None,
    *,
    title: str = "",
    size: int = 20,
) -> str:
    """One grid as a stand-alone SVG: ``size`` pixels a cell, wrong cells outlined, invalid tokens as crossed cells."""
    side = SIZE * size
    shapes = [_cell_svg(int(token), i, j, size) for (i, j), token in np.ndenumerate(cells)]
    if wrong is not None:
        shapes += [_outline_svg(i, j, size) for i, j in np.argwhere(wrong).tolist()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 {side + 2} {side + 2}" width="{side + 2}" role="img">'
        f"<title>{escape(title)}</title>{''.join(shapes)}</svg>"
    )


def _cell_svg(token: int, row: int, column: int, size: int) -> str:
    x, y = column * size, row * size
    box = f'<rect x="{x}" y="{y}" width="{size}" height="{size}" stroke="#c9ced6" stroke-width="0.5"'
    if token < N_COLORS:
        return f'{box} fill="{COLORS[token].hex}"/>'
    text = f'<text x="{x + size / 2}" y="{y + size * 0.65}" font-size="{size * 0.4}" text-anchor="middle">'
    return f'{box} fill="#ffffff"/>{text}{escape(TOKEN_NAMES[token])}</text>'


def _outline_svg(row: int, column: int, size: int) -> str:
    return (
        f'<rect x="{column * size + 1}" y="{row * size + 1}" width="{size - 2}" height="{size - 2}"'
        ' fill="none" stroke="#000000" stroke-width="2"/>'
    )
