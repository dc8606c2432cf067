"""Attention token by token: the pattern of one head, or of several, with the grids marked along its sides."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from interp.figures.paper.canvas import RULE, SMALL, SOFT, TEXT, Box, in_points
from interp.figures.paper.maps import greys
from interp.figures.paper.words import writable
from interp.tokens import GRID_TOKENS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
else:
    Axes = Figure = Any

_HEAD, _SIDE_NAMES, _BELOW = 10.0, 16.0, 12.0
MOST_SHARP = 200
"""Patterns of more tokens are drawn a pixel a token."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """Patterns of heads over the same tokens: rows look (queries), columns are looked at (keys).

    Attributes:
        patterns: shares of attention, between the shown tokens.
        heads: a name for each.
        positions: of the tokens in the prompt, where 0 is the start token.
        names: of the four grids.
    """

    patterns: Float[np.ndarray, "head query key"]
    heads: Sequence[str]
    positions: Int[np.ndarray, " token"]
    names: Sequence[str]

    @property
    def black(self) -> float:
        """The share that is drawn in black: the largest but for the first tokens, which can look almost
        nowhere but at themselves."""
        later = np.nan_to_num(self.patterns)[:, len(self.positions) // 4 :]
        return max(float(later.max(initial=0)), 0.05)

    @property
    def bands(self) -> list[tuple[str, int, int]]:
        """The grids along the sides: name, first and last of the shown tokens."""
        places = np.where(self.positions == 0, -1, (self.positions - 1) // GRID_TOKENS)
        found = []
        for place in dict.fromkeys(places.tolist()):
            own = np.flatnonzero(places == place)
            found.append(("start" if place < 0 else self.names[place], int(own[0]), int(own[-1])))
        return found

    def _across(self) -> int:
        return 1 if len(self.heads) == 1 else 2

    def _side(self, width: float) -> float:
        across = self._across()
        return min(width / across - _SIDE_NAMES - 4, 380.0)

    def height(self, width: float) -> float:
        return ceil(len(self.heads) / self._across()) * (_HEAD + self._side(width) + _BELOW)

    def draw(self, figure: Figure, box: Box) -> None:
        axes, side, across = in_points(figure, box), self._side(box.width), self._across()
        for k, (pattern, head) in enumerate(zip(self.patterns, self.heads, strict=True)):
            row, place = divmod(k, across)
            left = _SIDE_NAMES + place * (side + _SIDE_NAMES + 4)
            top = row * (_HEAD + side + _BELOW) + _HEAD
            axes.text(left, top - 3, writable(head), fontsize=SMALL, fontweight="bold", color=TEXT)
            self._draw_one(axes, pattern, left, top, side)

    def _draw_one(
        self, axes: Axes, pattern: Float[np.ndarray, "query key"], left: float, top: float, side: float
    ) -> None:
        from matplotlib.patches import Rectangle

        pixels = greys(pattern, self.black)
        if len(pattern) > MOST_SHARP:
            pixels = pixels[::4, ::4]
        frame = (left, left + side, top + side, top)
        axes.imshow(pixels, extent=frame, interpolation="none", aspect="auto")
        axes.add_patch(Rectangle((left, top), side, side, facecolor="none", edgecolor=RULE, linewidth=0.5))
        step = side / len(pattern)
        for name, first, last in self.bands:
            edge = first * step
            if first:
                axes.plot([left + edge] * 2, [top, top + side], color=RULE, linewidth=0.5)
                axes.plot([left, left + side], [top + edge] * 2, color=RULE, linewidth=0.5)
            middle, size = (first + last + 1) / 2 * step, SMALL - 0.5
            if (last + 1 - first) * step > 0.6 * size * len(name):
                below = (left + middle, top + side + 8)
                axes.text(*below, writable(name), fontsize=size, ha="center", color=SOFT)
                beside = (left - 3, top + middle)
                axes.text(
                    *beside, writable(name), fontsize=size, ha="right", va="center", rotation=90, color=SOFT
                )
