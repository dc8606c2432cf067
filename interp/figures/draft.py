"""A chart as plain values, and what makes a Plotly figure of it.

Plotly's own figures check every value that is put into them, which takes longer than all else: of a chart
that is drawn again and again while it fills up, a page sends the plain values. Who uses the library gets a
Plotly figure, made of the same values.
"""

import json
from collections.abc import Callable, Mapping
from functools import update_wrapper
from typing import Any, Generic, ParamSpec

import numpy as np
import plotly.graph_objects as go

P = ParamSpec("P")

_WHOLE = ("paper_bgcolor", "plot_bgcolor")
"""Names in a layout that have an underscore of their own."""


class Draft:
    """A chart that is put together as a Plotly figure is, by the same names; ``marker_color`` means the
    ``color`` of ``marker``.

    Attributes:
        data: its traces.
        layout: its axes, title, shapes and notes.
    """

    def __init__(self) -> None:
        self.data: list[dict[str, Any]] = []
        self.layout: dict[str, Any] = {}

    def add_bar(self, **trace: Any) -> None:
        self._add("bar", trace)

    def add_scatter(self, **trace: Any) -> None:
        self._add("scatter", trace)

    def add_heatmap(self, **trace: Any) -> None:
        self._add("heatmap", trace)

    def add_annotation(self, **annotation: Any) -> None:
        self.layout.setdefault("annotations", []).append(nested(annotation))

    def add_shape(self, **shape: Any) -> None:
        self.layout.setdefault("shapes", []).append(nested(shape))

    def add_hline(self, y: float | int, **line: Any) -> None:
        """A line across the whole chart."""
        self.add_shape(type="line", xref="x domain", x0=0, x1=1, yref="y", y0=y, y1=y, **line)

    def add_vline(self, x: float | int, **line: Any) -> None:
        """A line up the whole chart."""
        self.add_shape(type="line", xref="x", x0=x, x1=x, yref="y domain", y0=0, y1=1, **line)

    def update_layout(self, **layout: Any) -> None:
        merge(self.layout, nested(layout))

    def update_xaxes(self, **axis: Any) -> None:
        self._update_axis("xaxis", axis)

    def update_yaxes(self, **axis: Any) -> None:
        self._update_axis("yaxis", axis)

    def figure(self) -> go.Figure:
        """The same as a Plotly figure, whose values are checked."""
        return go.Figure(self.data, self.layout)

    def json(self) -> str:
        """The same as Plotly's script reads it; a number that is not finite is null, as JSON has none."""
        return json.dumps(_plain({"data": self.data, "layout": self.layout}), separators=(",", ":"))

    def _add(self, kind: str, trace: Mapping[str, Any]) -> None:
        self.data.append({"type": kind, **nested(trace)})

    def _update_axis(self, name: str, axis: Mapping[str, Any]) -> None:
        changes = nested(axis)
        if isinstance(changes.get("title"), str):
            changes["title"] = {"text": changes["title"]}
        merge(self.layout.setdefault(name, {}), changes)


class Drawn(Generic[P]):
    """A function that draws a chart: called, it gives a Plotly figure."""

    def __init__(self, draw: Callable[P, Draft]):
        self.draft = draw
        """The same as plain values."""
        update_wrapper(self, draw)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> go.Figure:
        return self.draft(*args, **kwargs).figure()


def drawn(draw: Callable[P, Draft]) -> Drawn[P]:
    """Let a function that makes a draft give a Plotly figure."""
    return Drawn(draw)


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values under the names that Plotly's script knows; what is ``None`` is left out.

    >>> nested({"marker_color": "red", "paper_bgcolor": "white", "tickangle": None})
    {'marker': {'color': 'red'}, 'paper_bgcolor': 'white'}
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        if value is None:
            continue
        outer, _, inner = (name, "", "") if name in _WHOLE else name.partition("_")
        if inner:
            merge(found, {outer: nested({inner: value})})
        else:
            merge(found, {outer: nested(value) if isinstance(value, Mapping) else value})
    return found


def merge(into: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Put values in, those of a mapping into the mapping that is there."""
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            merge(into[name], value)
        else:
            into[name] = value


def _plain(value: Any) -> Any:
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
