"""Plotly's traces drawn by matplotlib: bars, points with words and lines, heatmaps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PatchCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.patches import Rectangle

from interp.errors import PuzzlescopeError
from interp.figures.paper.axes import Scales
from interp.figures.paper.canvas import PIXEL, RULE, SMALL, TEXT
from interp.figures.paper.colours import paint
from interp.figures.paper.words import plain, written

HATCHES = {"": None, "/": "////", ".": "..", "x": "xxxx", "\\": "\\\\\\\\"}
HATCHED = "#3c434d"
"""Of the lines of what is hatched."""
SYMBOLS = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "triangle-up": "^",
    "triangle-down": "v",
    "star": "*",
    "x": "X",
    "cross": "P",
    "line-ew": "_",
    "line-ns": "|",
    "circle-x": "o",
    "circle-open": "o",
    "diamond-open": "D",
    "square-open": "s",
}
DASHES = {"dot": (0, (1.5, 1.5)), "dash": (0, (4, 2)), "dashdot": "-.", "solid": "-"}
ANCHORS = {"left": "right", "center": "center", "right": "left"}
"""Where a text's point is, by where the text is from the point."""
USUAL_GAP = 0.2
"""Between bars, as Plotly has it."""


def each(value: Any, n: int, usual: Any) -> list[Any]:
    """One value for each of ``n`` marks, where Plotly takes one for all or a list."""
    if value is None:
        return [usual] * n
    if isinstance(value, str) or np.isscalar(value):
        return [value] * n
    return list(value)


def draw_trace(axes: Axes, trace: Any, scales: Scales) -> None:
    """Draw one, of whatever kind.

    Raises:
        PuzzlescopeError: if it is of a kind that is not known here.
    """
    drawers = {"bar": draw_bars, "scatter": draw_points, "heatmap": draw_heatmap}
    if trace.type not in drawers:
        raise PuzzlescopeError(f"A plate cannot show '{trace.type}': it knows {', '.join(drawers)}.")
    drawers[trace.type](axes, trace, scales)


def draw_bars(axes: Axes, trace: Any, scales: Scales) -> None:
    """Bars, upright or lying, from their base, in their colours, hatched and outlined as they are."""
    lying = trace.orientation == "h"
    along, across = ("x", "y") if lying else ("y", "x")
    lengths = np.array([] if trace[along] is None else list(trace[along]), float)
    places = scales.places(across, [] if trace[across] is None else list(trace[across]))
    n = len(lengths)
    marker, gap = trace.marker, trace.parent.layout.bargap if trace.parent is not None else None
    widths = each(trace.width, n, 1 - (USUAL_GAP if gap is None else gap))
    bases = each(trace.base, n, 0.0)
    colours = each(marker.color, n, "#636efa")
    edges, thick = each(marker.line.color, n, "none"), each(marker.line.width, n, 0)
    hatches = each(marker.pattern.shape, n, "")
    boxes = [_box(places[k], lengths[k], float(widths[k]), float(bases[k]), lying) for k in range(n)]
    bars = [
        Rectangle(
            *boxes[k],
            facecolor=paint(colours[k]),
            edgecolor=paint(edges[k]) if thick[k] and edges[k] else "none",
            linewidth=PIXEL * (thick[k] or 0),
        )
        for k in range(n)
    ]
    axes.add_collection(PatchCollection(bars, match_original=True, zorder=2))
    for k in (k for k in range(n) if HATCHES[hatches[k] or ""]):
        hatch = HATCHES[hatches[k]]
        axes.add_patch(
            Rectangle(
                *boxes[k], facecolor="none", edgecolor="none", hatch=hatch, hatchcolor=HATCHED, zorder=2.1
            )
        )
    ends = np.array(bases, float) + lengths
    for place, end, length, text in zip(places, ends, lengths, each(trace.text, n, ""), strict=True):
        if text and trace.textposition == "outside":
            _at_end(
                axes, place, end, plain(text), PIXEL * (trace.textfont.size or 12), lying, bool(length < 0)
            )


def _box(
    place: float, length: float, width: float, base: float, lying: bool
) -> tuple[tuple[float, float], float, float]:
    """A bar as a corner, its width and its height."""
    low = place - width / 2
    return ((base, low), length, width) if lying else ((low, base), width, length)


def _at_end(axes: Axes, place: float, end: float, text: str, size: float, lying: bool, below: bool) -> None:
    """A word at the end of a bar."""
    off = -2 if below else 2
    axes.annotate(
        text,
        (end, place) if lying else (place, end),
        (off, 0) if lying else (0, off),
        textcoords="offset points",
        ha=("right" if below else "left") if lying else "center",
        va="center" if lying else ("top" if below else "bottom"),
        fontsize=size,
        color=TEXT,
    )


def draw_points(axes: Axes, trace: Any, scales: Scales) -> None:
    """Points with lines between them, marks on them and words beside them, whichever its mode names."""
    x, y = (scales.places(name, [] if trace[name] is None else list(trace[name])) for name in "xy")
    mode = trace.mode or "lines+markers"
    if "lines" in mode:
        _line(axes, trace, x, y)
    if "markers" in mode:
        _marks(axes, trace, x, y)
    if "text" in mode:
        _words(axes, trace, x, y)


def _line(axes: Axes, trace: Any, x: np.ndarray, y: np.ndarray) -> None:
    line = trace.line
    axes.plot(
        x,
        y,
        color=paint(line.color or TEXT),
        linewidth=PIXEL * (line.width or 2),
        linestyle=DASHES.get(line.dash or "solid", "-"),
        zorder=2,
    )


def _marks(axes: Axes, trace: Any, x: np.ndarray, y: np.ndarray) -> None:
    marker, n = trace.marker, len(x)
    colours, sizes = each(marker.color, n, TEXT), each(marker.size, n, 6)
    edges, thick = each(marker.line.color, n, TEXT), each(marker.line.width, n, 0)
    symbols = each(marker.symbol, n, "circle")
    for symbol in dict.fromkeys(symbols):
        own = [k for k in range(n) if symbols[k] == symbol]
        hollow = symbol.endswith("-open")
        axes.scatter(
            x[own],
            y[own],
            s=[(PIXEL * sizes[k]) ** 2 for k in own],
            c=["none" if hollow else paint(colours[k]) for k in own],
            edgecolors=[paint(colours[k] if hollow else edges[k] or TEXT) for k in own],
            linewidths=[1 if hollow else PIXEL * (thick[k] or 0) for k in own],
            marker=SYMBOLS[symbol],
            zorder=3,
            clip_on=False,
        )
        if symbol.endswith("-x"):
            axes.scatter(
                x[own],
                y[own],
                s=[(0.8 * PIXEL * sizes[k]) ** 2 for k in own],
                marker="x",
                linewidths=0.8,
                color=HATCHED,
                zorder=3.1,
                clip_on=False,
            )


def _words(axes: Axes, trace: Any, x: np.ndarray, y: np.ndarray) -> None:
    n = len(x)
    sizes, colours = each(trace.textfont.size, n, 12), each(trace.textfont.color, n, TEXT)
    for k, (text, position) in enumerate(zip(each(trace.text, n, ""), _positions(trace, n), strict=True)):
        if not text:
            continue
        up, _, side = position.partition(" ")
        dy = {"top": 2.5, "middle": 0, "bottom": -2.5}[up]
        dx = {"left": -3, "center": 0, "right": 3}[side or "center"]
        lone = "markers" not in (trace.mode or "")
        axes.annotate(
            plain(text),
            (x[k], y[k]),
            (0 if lone and not dx else dx, dy),
            textcoords="offset points",
            ha=ANCHORS[side or "center"],
            va={"top": "bottom", "middle": "center_baseline", "bottom": "top"}[up],
            fontsize=PIXEL * sizes[k],
            color=paint(colours[k]) if colours[k] else TEXT,
            zorder=4,
        )


def _positions(trace: Any, n: int) -> Sequence[str]:
    return each(trace.textposition, n, "middle center")


MOST_SHAPES = 1000
"""Cells of a field that are shapes of their own in an SVG, 200 bytes each; a larger one is an image with a
pixel a cell."""


def draw_heatmap(axes: Axes, trace: Any, scales: Scales) -> None:
    """A field of colours, with a bar that says what they mean."""
    values = np.ma.masked_invalid(np.array(trace.z, float))
    steps = [(float(share), paint(colour)) for share, colour in trace.colorscale]
    colours = LinearSegmentedColormap.from_list("figure", steps)
    low = trace.zmin if trace.zmin is not None else float(values.min())
    high = trace.zmax if trace.zmax is not None else float(values.max())
    rows, columns = values.shape
    paints: dict[str, Any] = {"cmap": colours, "norm": Normalize(low, high)}
    if values.size > MOST_SHAPES:
        frame = (-0.5, columns - 0.5, -0.5, rows - 0.5)
        field: ScalarMappable = axes.imshow(
            values, extent=frame, origin="lower", aspect="auto", interpolation="none", **paints
        )
    else:
        edges = np.arange(columns + 1) - 0.5, np.arange(rows + 1) - 0.5
        field = axes.pcolormesh(*edges, values, linewidth=0, **paints)
    if trace.showscale is not False:
        bar = axes.figure.colorbar(field, ax=axes, shrink=0.6, aspect=30, pad=0.02)
        bar.outline.set_visible(False)
        form, named = trace.colorbar.tickformat, trace.colorbar.ticktext
        if named is not None:
            bar.set_ticks(list(trace.colorbar.tickvals), labels=list(named))
        else:
            bar.ax.yaxis.set_major_formatter(lambda value, _: written(value, form))
        bar.ax.tick_params(labelsize=SMALL, length=1.5, color=RULE)
