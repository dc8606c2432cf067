"""The one drawer of tiles: coloured fields in lines and columns, each of which can be clicked."""

from collections.abc import Sequence
from dataclasses import dataclass

from interp.figures.draft import Draft
from interp.figures.scale import ink
from interp.figures.style import PAPER, QUIET, hatching

MOST_NOTED = 12
"""Tiles of a map of more columns have no number in them, and the columns' names stand upright: there is no
room."""


@dataclass(frozen=True)
class Tile:
    """One field of a map.

    Attributes:
        line: number of its line, from the top.
        column: of its middle, in tiles from the left.
        colour: as CSS writes it (:mod:`interp.figures.scale`).
        data: what a click on it reports.
        hover: what it says when pointed at.
        note: written on it.
        hatched: what it stands for is off already.
        outlined: it is chosen.
        beneath: colour of a bar at its foot: a second value of the same; empty for none.
    """

    line: int
    column: int | float
    colour: str
    data: tuple[str, ...]
    hover: str
    note: str = ""
    hatched: bool = False
    outlined: bool = False
    beneath: str = ""


def draw_tiles(figure: Draft, tiles: Sequence[Tile], lines: Sequence[str], columns: Sequence[str]) -> None:
    """Draw the tiles, their notes, and the names of lines and columns, in a chart without any others."""
    crowded = len(columns) > MOST_NOTED
    draw_fields(figure, tiles)
    noted = [] if crowded else [tile for tile in tiles if tile.note]
    figure.add_scatter(
        x=[tile.column for tile in noted],
        y=[tile.line for tile in noted],
        text=[tile.note for tile in noted],
        mode="text",
        textfont={"size": 11},
        hoverinfo="skip",
        meta={"behind": [tile.colour for tile in noted]},
    )
    write_on(figure, PAPER)
    figure.update_layout(margin_t=100 if crowded else 52)  # for the names of the columns, below the title
    name_lines(figure, lines)
    figure.update_xaxes(
        tickvals=list(range(len(columns))),
        ticktext=list(columns),
        range=[-0.5, len(columns) - 0.5],
        side="top",
        showgrid=False,
        zeroline=False,
        tickangle=-90 if crowded else None,
        autotickangles=[0, -90],  # where the chart is narrow
        tickfont_size=9 if crowded else 12,
    )


def draw_fields(figure: Draft, tiles: Sequence[Tile], *, gap: float = 0.06) -> None:
    """The tiles alone, as bars that fill their place but for a gap: unlike a heatmap's, a click on them is
    reported."""
    figure.add_bar(
        orientation="h",
        x=[1 - gap] * len(tiles),
        base=[tile.column - (1 - gap) / 2 for tile in tiles],
        y=[tile.line for tile in tiles],
        width=0.9,
        marker={
            "color": [tile.colour for tile in tiles],
            "pattern": hatching([tile.hatched for tile in tiles]),
            "line": {"color": QUIET, "width": [2 if tile.outlined else 0 for tile in tiles]},
        },
        customdata=[list(tile.data) for tile in tiles],
        hovertext=[tile.hover for tile in tiles],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    second = [tile for tile in tiles if tile.beneath]
    if second:
        figure.add_bar(
            orientation="h",
            x=[0.8] * len(second),
            base=[tile.column - 0.4 for tile in second],
            y=[tile.line + 0.33 for tile in second],
            width=0.16,
            marker={"color": [tile.beneath for tile in second], "line": {"color": QUIET, "width": 1}},
            customdata=[list(tile.data) for tile in second],
            hoverinfo="skip",
        )
        figure.update_layout(barmode="overlay")


def write_on(figure: Draft, ground: str) -> None:
    """Write the notes of tiles in black or white, whichever is the easier to read where the chart lies on
    this ground, ``#rrggbb``."""
    for trace in figure.data:
        if "behind" in trace.get("meta", {}):
            trace["textfont"]["color"] = [ink(colour, ground) for colour in trace["meta"]["behind"]]


def name_lines(figure: Draft, lines: Sequence[str]) -> None:
    """The names of the lines, the first one on top."""
    figure.update_yaxes(
        tickvals=list(range(len(lines))),
        ticktext=list(lines),
        range=[len(lines) - 0.5, -0.5],
        showgrid=False,
        zeroline=False,
    )


def signed(number: str) -> str:
    """A number with a real minus sign."""
    return number.replace("-", "−")
