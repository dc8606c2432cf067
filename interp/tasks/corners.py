"""The task ``corners``: two opposite corners are completed to a rectangle."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from interp.grids import Grid, paint
from interp.tasks.drawing import (
    Pairs,
    blank_pairs,
    both_pairs,
    corner_cells,
    distinct_colors,
    paint_rectangles,
    rectangle_triples,
)
from interp.tasks.solving.reading import Layout, Reading, castings
from interp.tasks.solving.shapes import corner, filled
from interp.tasks.task import Task


def draw(n: int, rng: np.random.Generator) -> Pairs:
    """X, f(X), Y and f(Y) of ``n`` puzzles."""
    puzzles, color = blank_pairs(n), distinct_colors(n, 3, rng)
    falling = rng.integers(2, size=n).astype(bool)[:, None, None]  # corners top left and bottom right
    for before, after in both_pairs(puzzles):
        rects = rectangle_triples(n, rng)
        for k in range(3):
            down = corner_cells(rects[:, k], False, False) | corner_cells(rects[:, k], True, True)
            up = corner_cells(rects[:, k], False, True) | corner_cells(rects[:, k], True, False)
            paint(before, np.where(falling, down, up), color[:, k])
        paint_rectangles(after, rects, color)
    return puzzles


@dataclass(frozen=True)
class Corners(Reading):
    """X shows two opposite corners of each rectangle, f(X) all of it. No rectangle is singled out."""

    rising: bool  # bottom left and top right, else top left and bottom right

    @classmethod
    def guesses(cls, x: Grid, fx: Grid) -> Iterator[Self]:
        for colors in [*castings(x)][:1]:
            yield from (cls(colors, rising) for rising in (False, True))

    def draw_x(self, layout: Layout) -> Grid:
        grid = filled((), ())
        for rect, color in zip(layout, self.colors, strict=True):
            grid[corner(rect, bottom=False, right=self.rising)] = color
            grid[corner(rect, bottom=True, right=not self.rising)] = color
        return grid

    def draw_fx(self, layout: Layout) -> Grid:
        return filled(layout, self.colors)


TASK = Task("corners", "two opposite corners are completed to a rectangle", draw=draw, rule=Corners)
