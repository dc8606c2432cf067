"""Attention on the four grids, as small maps in grey: a line of four for each head."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from interp.figures.paper.canvas import RULE, SMALL, SOFT, TEXT, Box, in_points
from interp.figures.paper.words import writable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
else:
    Axes = Figure = Any

INK = (0x1F, 0x23, 0x28)
MARKED = "#b3005f"
"""The frame of the cell that is looked from, or at."""
_SHARP = 8
"""Pixels a cell: so that no program blurs a picture of few pixels."""
_HEAD, _GAP, _BETWEEN, _BELOW = 9.0, 2.0, 12.0, 5.0


@dataclass(frozen=True, eq=False)
class Line:
    """The maps of one head.

    Attributes:
        title: above them.
        maps: shares of attention, a square array for each grid.
        note: beside the title.
    """

    title: str
    maps: Float[np.ndarray, "grid side side"]
    note: str = ""


@dataclass(frozen=True, eq=False)
class Maps:
    """The maps of one or more heads.

    Attributes:
        names: of the grids.
        marked: grid, row and column of the cell that is framed, in every line; or row and column alone, in
            every grid.
        full: the share that is black; left out, the largest here. Greys go by the square root, so that small
            shares are seen.
        across: lines beside one another.
    """

    lines: Sequence[Line]
    names: Sequence[str]
    marked: tuple[int, ...] | None = None
    full: float | None = None
    across: int = 2

    @property
    def black(self) -> float:
        """The share of attention that is drawn in black."""
        largest = max((float(np.nan_to_num(line.maps).max()) for line in self.lines), default=0.0)
        return self.full or largest or 1.0

    def _side(self, width: float) -> float:
        n, across = len(self.names), min(self.across, len(self.lines))
        return (width - _BETWEEN * (across - 1)) / across / n - _GAP

    def height(self, width: float) -> float:
        rows = ceil(len(self.lines) / self.across)
        return _HEAD + rows * (_HEAD + self._side(width) + _BELOW)

    def draw(self, figure: Figure, box: Box) -> None:
        axes, side = in_points(figure, box), self._side(box.width)
        wide = len(self.names) * (side + _GAP)
        for k, line in enumerate(self.lines):
            row, place = divmod(k, self.across)
            left, top = place * (wide + _BETWEEN), _HEAD + row * (_HEAD + side + _BELOW)
            if row == 0:
                self._name_grids(axes, left, side)
            axes.text(left, top + 6, writable(line.title), fontsize=SMALL, fontweight="bold", color=TEXT)
            note = (left + wide - _GAP, top + 6)
            axes.text(*note, writable(line.note), fontsize=SMALL - 0.5, ha="right", color=SOFT)
            for grid, shares in enumerate(line.maps):
                self._draw_map(axes, shares, grid, left + grid * (side + _GAP), top + _HEAD, side)

    def _name_grids(self, axes: Axes, left: float, side: float) -> None:
        for grid, name in enumerate(self.names):
            middle = left + grid * (side + _GAP) + side / 2
            axes.text(middle, 6, writable(name), fontsize=SMALL - 0.5, ha="center", color=SOFT)

    def _draw_map(
        self,
        axes: Axes,
        shares: Float[np.ndarray, "side side"],
        grid: int,
        left: float,
        top: float,
        side: float,
    ) -> None:
        from matplotlib.patches import Rectangle

        frame = (left, left + side, top + side, top)
        axes.imshow(greys(shares, self.black), extent=frame, interpolation="none", aspect="auto")
        axes.add_patch(Rectangle((left, top), side, side, facecolor="none", edgecolor=RULE, linewidth=0.5))
        if self.marked is not None and self.marked[:-2] in ((), (grid,)):
            row, column = self.marked[-2:]
            size = side / len(shares)
            corner = (left + column * size, top + row * size)
            axes.add_patch(Rectangle(corner, size, size, facecolor="none", edgecolor=MARKED, linewidth=0.7))


def greys(shares: Float[np.ndarray, "row column"], black: float) -> np.ndarray:
    """Shares as grey pixels (uint8, RGB), some for each: white for none, ink for ``black`` and more."""
    strength = np.sqrt(np.clip(np.nan_to_num(shares) / black, 0, 1))[..., None]
    pixels = np.rint(255 - strength * (255 - np.array(INK))).astype(np.uint8)
    return pixels.repeat(_SHARP, 0).repeat(_SHARP, 1)
