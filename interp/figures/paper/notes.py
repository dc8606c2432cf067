"""What stands beside the data of a Plotly figure: lines and frames, words, and the names of the traces."""

from typing import Any

import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.transforms import ScaledTranslation, Transform, blended_transform_factory

from interp.errors import PuzzlescopeError
from interp.figures.paper.canvas import PIXEL, TEXT
from interp.figures.paper.colours import paint
from interp.figures.paper.traces import DASHES, SYMBOLS
from interp.figures.paper.words import plain

_UP = {"top": "top", "middle": "center", "bottom": "bottom"}


def _placed(axes: Axes, mark: Any) -> Transform:
    """Whether each of its coordinates counts in the data or as a share of the chart."""
    across, up = (axes.transData if _in_data(mark, name) else axes.transAxes for name in "xy")
    return blended_transform_factory(across, up)


def _in_data(mark: Any, name: str) -> bool:
    return (mark[f"{name}ref"] or name) == name


def draw_shapes(axes: Axes, figure: go.Figure) -> None:
    """Lines and frames.

    Raises:
        PuzzlescopeError: if there is another shape.
    """
    for shape in figure.layout.shapes:
        colour = paint(shape.line.color or TEXT)
        width = PIXEL * (2 if shape.line.width is None else shape.line.width)
        style: Any = DASHES.get(shape.line.dash or "solid", "-")
        place = _placed(axes, shape)
        order = 0.5 if shape.layer == "below" else 3.5
        if shape.type == "line":
            axes.add_artist(
                Line2D(
                    [shape.x0, shape.x1],
                    [shape.y0, shape.y1],
                    color=colour,
                    linewidth=width,
                    linestyle=style,
                    transform=place,
                    zorder=order,
                )
            )
        elif shape.type == "rect":
            axes.add_artist(
                Rectangle(
                    (shape.x0, shape.y0),
                    shape.x1 - shape.x0,
                    shape.y1 - shape.y0,
                    facecolor=paint(shape.fillcolor) if shape.fillcolor else "none",
                    edgecolor=colour if width else "none",
                    linewidth=width,
                    linestyle=style,
                    transform=place,
                    zorder=order,
                )
            )
        else:
            raise PuzzlescopeError(f"A plate cannot show the shape '{shape.type}': it knows line and rect.")


def draw_notes(axes: Axes, figure: go.Figure) -> None:
    """Words at places of the data or of the chart."""
    for note in figure.layout.annotations:
        x, y = note.x, note.y
        if _in_data(note, "x") and figure.layout.xaxis.type == "log":
            x = 10.0**x
        if _in_data(note, "y") and figure.layout.yaxis.type == "log":
            y = 10.0**y
        shift = ScaledTranslation(
            PIXEL * (note.xshift or 0) / 72,
            PIXEL * (note.yshift or 0) / 72,
            axes.figure.dpi_scale_trans,
        )
        beside = 2 if note.xanchor == "left" and not _in_data(note, "x") else 0
        axes.text(
            x,
            y,
            " " * beside + plain(note.text),
            transform=_placed(axes, note) + shift,
            ha=note.xanchor if note.xanchor in ("left", "right") else "center",
            va=_UP.get(note.yanchor or "middle", "center"),
            fontsize=PIXEL * (note.font.size or 12),
            color=paint(note.font.color) if note.font.color else TEXT,
        )


def draw_legend(axes: Axes, figure: go.Figure) -> None:
    """The names of the traces in a line above the chart, if the figure shows them."""
    if not figure.layout.showlegend:
        return
    marks: list[Any] = []
    for trace in figure.data:
        if not trace.name or trace.showlegend is False:
            continue
        colour = paint(trace.marker.color) if isinstance(trace.marker.color, str) else paint(TEXT)
        if trace.type == "bar":
            marks.append(Patch(facecolor=colour, label=plain(trace.name)))
        else:
            symbol = SYMBOLS[trace.marker.symbol or "circle"]
            marks.append(
                Line2D(
                    [], [], marker=symbol, color=colour, linestyle="", markersize=4, label=plain(trace.name)
                )
            )
    if marks:
        axes.legend(
            handles=marks,
            loc="lower right",
            bbox_to_anchor=(1, 1),
            ncols=len(marks),
            frameon=False,
            fontsize=6.4,
            handlelength=1,
            columnspacing=1.2,
            handletextpad=0.3,
            borderaxespad=0.2,
        )
