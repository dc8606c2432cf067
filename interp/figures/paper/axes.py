"""The two axes of a Plotly figure on matplotlib's: categories, logarithms, ranges, ticks and titles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from interp.figures.paper.canvas import PIXEL, RULE, SMALL, TEXT
from interp.figures.paper.colours import paint
from interp.figures.paper.words import plain, written


@dataclass(frozen=True)
class Scales:
    """The names along each axis, in their order, where it is one of names."""

    x: tuple[str, ...] | None
    y: tuple[str, ...] | None

    @classmethod
    def of(cls, figure: go.Figure) -> "Scales":
        return cls(*(_categories(figure, name) for name in "xy"))

    def places(self, axis: str, values: Sequence[Any]) -> np.ndarray:
        """Where values stand: names by their number, as Plotly has it."""
        names = self.x if axis == "x" else self.y
        named = [names is not None and value in names for value in values]
        found = [
            names.index(value) if one and names else value for one, value in zip(named, values, strict=True)
        ]
        return np.array(found, float)

    def limit(self, axes: Axes, figure: go.Figure) -> None:
        """Show what the figure shows: after all is drawn, for drawing moves limits."""
        for name, names, limit in (("x", self.x, axes.set_xlim), ("y", self.y, axes.set_ylim)):
            axis = figure.layout[f"{name}axis"]
            log = axis.type == "log"
            if axis.range is not None:
                low, high = (float(end) for end in axis.range)
                limit(*((10**low, 10**high) if log else (low, high)))
            elif names is not None:
                limit(-0.5, len(names) - 0.5)
            if axis.autorange == "reversed":
                low, high = axes.get_xlim() if name == "x" else axes.get_ylim()
                limit(max(low, high), min(low, high))


def _categories(figure: go.Figure, name: str) -> tuple[str, ...] | None:
    """The names along an axis; none where it is one of numbers."""
    values = [value for trace in figure.data for value in _values(trace, name)]
    if not any(isinstance(value, str) for value in values):
        return None
    ordered = figure.layout[f"{name}axis"].categoryarray
    return tuple(dict.fromkeys([*(ordered if ordered is not None else ()), *map(str, values)]))


def _values(trace: Any, name: str) -> Sequence[Any]:
    return list(trace[name]) if name in trace and trace[name] is not None else []


def dress(axes: Axes, figure: go.Figure, scales: Scales, width: float) -> None:
    """Everything of the axes but their limits.

    Args:
        width: of the chart in points.
    """
    layout = figure.layout
    for spine in axes.spines.values():
        spine.set_visible(False)
    for name in "xy":
        axis = layout[f"{name}axis"]
        if axis.visible is False:
            (axes.xaxis if name == "x" else axes.yaxis).set_visible(False)
            continue
        if axis.type == "log":
            (axes.set_xscale if name == "x" else axes.set_yscale)("log")
        _ticks(axes, axis, name, scales, width)
        _lines(axes, axis, name)
        title = plain(axis.title.text)
        if title:
            (axes.set_xlabel if name == "x" else axes.set_ylabel)(title, fontsize=SMALL + 0.5, labelpad=2)
    if layout.xaxis.side == "top":
        axes.xaxis.tick_top()
        axes.xaxis.set_label_position("top")
    if layout.yaxis.scaleanchor == "x":
        axes.set_aspect("equal", adjustable="box", anchor="NW")


def _ticks(axes: Axes, axis: Any, name: str, scales: Scales, width: float) -> None:
    own, names = (axes.xaxis, scales.x) if name == "x" else (axes.yaxis, scales.y)
    if axis.tickvals is not None:
        labels = axis.ticktext if axis.ticktext is not None else axis.tickvals
        own.set_major_locator(FixedLocator(scales.places(name, list(axis.tickvals)).tolist()))
        own.set_ticklabels([plain(label) for label in labels])
    elif names is not None:
        own.set_major_locator(FixedLocator(list(range(len(names)))))
        own.set_ticklabels([plain(label) for label in names])
    else:
        form = axis.tickformat
        own.set_major_formatter(FuncFormatter(lambda value, _: written(value, form)))
    own.set_minor_locator(NullLocator())
    own.set_minor_formatter(NullFormatter())
    size = PIXEL * (axis.tickfont.size or 12)
    colour = RULE if axis.showgrid is not False else "none"
    axes.tick_params(axis=name, labelsize=size, labelcolor=TEXT, color=colour, which="both")  # type: ignore[arg-type]
    if name == "x" and not axis.tickangle and _crowded(axis, size, width):
        side = "left" if axis.side == "top" else "right"
        for label in own.get_ticklabels():
            label.set(rotation=40, ha=side, rotation_mode="anchor")
    elif axis.tickangle:
        axes.tick_params(axis=name, labelrotation=-float(axis.tickangle))  # type: ignore[arg-type]


def _crowded(axis: Any, size: float, width: float) -> bool:
    """Whether the named ticks along x would run into one another."""
    if axis.tickvals is None or axis.ticktext is None or axis.range is None or len(axis.tickvals) < 2:
        return False
    at = np.array([float(value) for value in axis.tickvals])
    places = (at - axis.range[0]) / abs(axis.range[1] - axis.range[0]) * 0.86 * width
    half = np.array([0.3 * size * max(map(len, plain(text).split("\n"))) for text in axis.ticktext])
    return bool((np.diff(places) < half[1:] + half[:-1]).any())


def _lines(axes: Axes, axis: Any, name: str) -> None:
    """The grid's lines, and that through 0."""
    if axis.showgrid is not False:
        axes.grid(True, axis=name, color=paint(axis.gridcolor or RULE), linewidth=0.5)  # type: ignore[arg-type]
    if axis.zeroline and axis.type != "log":
        draw = axes.axvline if name == "x" else axes.axhline
        draw(0, color=paint(axis.zerolinecolor or RULE), linewidth=0.7, zorder=0.9)
