"""Grids of a puzzle on paper, in a row, with the cells of an answer outlined by what became of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Integer

from interp.figures.grids import ink
from interp.figures.outcomes import BOTH, FIXED, INKS, KINDS, NAMES, WRONG, counted, outcomes, told
from interp.figures.paper.canvas import BODY, RULE, SMALL, SOFT, TEXT, Box, in_points
from interp.figures.paper.words import writable
from interp.grids import CELLS, COLORS, N_COLORS, SIZE
from interp.tokens import TOKEN_NAMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
else:
    Axes = Figure = Any

NARROW = 330.0
"""Points: strips narrower than this stand in two lines."""
FIRST_WRONG, CROSS, FRAME = "#ff7a00", "#8a9099", "#77777a"
_HEAD, _SIGN, _BELOW = 10.0, 12.0, 4.0


@dataclass(frozen=True, eq=False)
class Grid:
    """One grid.

    Attributes:
        title: above it.
        cells: 100 tokens, row by row.
        truth: what they should be, if they are an answer: the others are outlined, and the first is flagged.
        compared: the clean run's answer, if this is that of an ablated run.
        note: beside the title; left out, how many are wrong.
        opens: the sign before it: an arrow, "gap" for a line, or nothing.
    """

    title: str
    cells: Integer[np.ndarray, " 100"]
    truth: Integer[np.ndarray, " 100"] | None = None
    compared: Integer[np.ndarray, " 100"] | None = None
    note: str | None = None
    opens: str = ""

    @property
    def kinds(self) -> np.ndarray:
        """What became of each cell; see :func:`interp.figures.outcomes.outcomes`."""
        if self.truth is None:
            return np.full(CELLS, "")
        return outcomes(self.cells, self.truth, self.compared)

    @property
    def wrong(self) -> int:
        return 0 if self.truth is None else int((self.cells != self.truth).sum())

    @property
    def told(self) -> str:
        if self.note is not None or self.truth is None:
            return self.note or ""
        return told(self.wrong)


@dataclass(frozen=True, eq=False)
class Strip:
    """Grids in a row, or in more where there is no room, and what their outlines mean.

    Attributes:
        palette: a colour for each of the eleven; left out, the original's.
        digits: whether cells show their colour's number.
        across: how many stand in a line at most.
    """

    grids: Sequence[Grid]
    palette: Sequence[str] | None = None
    digits: bool = False
    across: int = 6

    def _across(self, width: float) -> int:
        most = self.across if width >= NARROW else ceil(self.across / 2)
        return max(1, min(most, len(self.grids)))

    def _side(self, width: float) -> float:
        across = self._across(width)
        return min((width - 1) / across - _SIGN, 130.0)  # less a line's width at the right

    def height(self, width: float) -> float:
        lines = ceil(len(self.grids) / self._across(width))
        legend = SMALL + 5 if self._counted() else 0
        return lines * (_HEAD + self._side(width) + _BELOW) + legend

    def draw(self, figure: Figure, box: Box) -> None:
        axes, side, across = in_points(figure, box), self._side(box.width), self._across(box.width)
        for k, grid in enumerate(self.grids):
            line, place = divmod(k, across)
            left = _SIGN + place * (side + _SIGN)
            self._draw_grid(axes, grid, left, line * (_HEAD + side + _BELOW) + _HEAD, side)
        self._legend(axes, box.height - SMALL)

    def _draw_grid(self, axes: Axes, grid: Grid, left: float, top: float, side: float) -> None:
        title = writable(grid.title)
        if grid.opens == "gap":
            axes.plot([left - _SIGN / 2] * 2, [top - _HEAD + 2, top + side], color=RULE, linewidth=0.6)
        elif grid.opens:
            middle = (left - _SIGN / 2, top + side / 2)
            axes.text(*middle, grid.opens, ha="center", va="center", fontsize=BODY)
        axes.text(left, top - 3, title, fontsize=SMALL, fontweight="bold", color=TEXT)
        axes.text(left + side, top - 3, grid.told, fontsize=SMALL - 0.5, ha="right", color=SOFT)
        draw_cells(axes, grid.cells, left, top, side, palette=self.palette, digits=self.digits)
        kinds = grid.kinds
        for kind in KINDS:
            outline(axes, kind, left, top, side / SIZE, np.flatnonzero(kinds == kind).tolist())
        if grid.wrong and grid.truth is not None:
            _flag(axes, left, top, side / SIZE, int((grid.cells != grid.truth).argmax()))

    def _counted(self) -> list[tuple[str, str]]:
        """The outlines that occur and what they mean, of an answer alone how many there are; beside a
        comparison, its own."""
        shown = [grid for grid in self.grids if grid.compared is not None]
        shown = shown or [grid for grid in self.grids if grid.truth is not None]
        count = Counter(kind for grid in shown for kind in grid.kinds.tolist() if kind)
        alone = len(shown) == 1
        return [(kind, counted(kind, count[kind]) if alone else NAMES[kind]) for kind in KINDS if count[kind]]

    def _legend(self, axes: Axes, top: float) -> None:
        x = _SIGN
        marks = self._counted()
        for kind, text in [*marks, *([("", "first wrong cell")] if marks else [])]:
            if kind:
                outline(axes, kind, x, top, SMALL, [0])
            else:
                _flag(axes, x, top, SMALL, 0)
            axes.text(x + SMALL + 3, top + SMALL / 2, text, va="center_baseline", fontsize=SMALL, color=SOFT)
            x += SMALL + 10 + 0.6 * SMALL * len(text)


def draw_cells(
    axes: Axes,
    cells: Integer[np.ndarray, " 100"],
    left: float,
    top: float,
    side: float,
    *,
    palette: Sequence[str] | None = None,
    digits: bool = False,
) -> None:
    """100 tokens as coloured cells; what is no colour is crossed and named."""
    from matplotlib.collections import LineCollection, PatchCollection
    from matplotlib.patches import Rectangle

    paints = [color.hex for color in COLORS] if palette is None else list(palette)
    size = side / SIZE
    corners = [(left + cell % SIZE * size, top + cell // SIZE * size) for cell in range(CELLS)]
    boxes = [
        Rectangle(corner, size, size, facecolor=paints[token] if token < N_COLORS else "white")
        for corner, token in zip(corners, cells.tolist(), strict=True)
    ]
    axes.add_collection(
        PatchCollection(boxes, match_original=True, edgecolor="#d4d4cf", linewidth=0.035 * size)
    )
    axes.add_patch(Rectangle((left, top), side, side, facecolor="none", edgecolor=FRAME, linewidth=0.5))
    crosses = [
        ((x, y + up), (x + size, y + size - up))
        for (x, y), token in zip(corners, cells.tolist(), strict=True)
        for up in (0, size)
        if token >= N_COLORS
    ]
    axes.add_collection(LineCollection(crosses, colors=CROSS, linewidths=0.4))
    for (x, y), token in zip(corners, cells.tolist(), strict=True):
        middle: dict[str, Any] = {"ha": "center", "va": "center_baseline"}
        if token >= N_COLORS:
            axes.text(x + size / 2, y + size / 2, TOKEN_NAMES[token], fontsize=0.42 * size, **middle)
        elif digits and size > 4:
            colour = ink(paints[token]) if token else CROSS
            axes.text(x + size / 2, y + size / 2, str(token), fontsize=0.5 * size, color=colour, **middle)


def outline(axes: Axes, kind: str, left: float, top: float, size: float, cells: Sequence[int]) -> None:
    """The outlines of cells, told apart by shape as well as by colour, with a white line under them."""
    from matplotlib.collections import LineCollection

    lines = [
        [(left + size * (cell % SIZE + x / 10), top + size * (cell // SIZE + y / 10)) for x, y in line]
        for cell in cells
        for line in _shape(kind)
    ]
    for colour, wide in (("white", 0.24), (INKS[kind], 0.12)) if lines else ():
        axes.add_collection(LineCollection(lines, colors=colour, linewidths=wide * size, zorder=3))


def _shape(kind: str) -> list[list[tuple[float, float]]]:
    """Lines in tenths of a cell."""
    if kind == FIXED:
        angles = np.linspace(0, 2 * np.pi, 25)
        return [[(5 + 3.8 * float(np.cos(a)), 5 + 3.8 * float(np.sin(a))) for a in angles]]
    if kind == BOTH:
        corner = [(1.1, 3.6), (1.1, 1.1), (3.6, 1.1)]
        sides = [(False, False), (True, False), (True, True), (False, True)]
        return [[(10 - x if right else x, 10 - y if down else y) for x, y in corner] for right, down in sides]
    assert kind in (WRONG, *KINDS)
    return [[(1.1, 1.1), (8.9, 1.1), (8.9, 8.9), (1.1, 8.9), (1.1, 1.1)]]


def _flag(axes: Axes, left: float, top: float, size: float, cell: int) -> None:
    """The mark of the first wrong cell, in its corner."""
    from matplotlib.patches import Polygon

    x, y = left + cell % SIZE * size, top + cell // SIZE * size
    corner = [(x, y), (x + 0.56 * size, y), (x, y + 0.56 * size)]
    axes.add_patch(Polygon(corner, facecolor=FIRST_WRONG, edgecolor=TEXT, linewidth=0.06 * size, zorder=4))
