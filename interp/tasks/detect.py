"""The task ``detect``: two rectangles get a mark in their top left corner."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
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
from interp.tasks.solving.reading import Layout, Reading, castings, new_colors
from interp.tasks.solving.shapes import corner, filled
from interp.tasks.task import Task


def draw(n: int, rng: np.random.Generator) -> Pairs:
    """X, f(X), Y and f(Y) of ``n`` puzzles."""
    puzzles, color = blank_pairs(n), distinct_colors(n, 4, rng)
    for before, after in both_pairs(puzzles):
        rects = rectangle_triples(n, rng)
        paint_rectangles(before, rects, color)
        paint_rectangles(after, rects, color)
        for k in range(2):
            paint(after, corner_cells(rects[:, k], bottom=False, right=False), color[:, 3])
    return puzzles


@dataclass(frozen=True)
class Detect(Reading):
    """The two others get a mark of a new colour in their top left corner; the target gets none."""

    mark: int

    @classmethod
    def guesses(cls, x: Grid, fx: Grid) -> Iterator[Self]:
        for colors, mark in product(castings(x), new_colors(x, fx)):
            yield cls(colors, mark)

    # The mark leaves a cell on every edge of its rectangle, so boxes still show the whole layout in f(X).
    def draw_fx(self, layout: Layout) -> Grid:
        grid = filled(layout, self.colors)
        for rect in layout[:2]:
            grid[corner(rect, bottom=False, right=False)] = self.mark
        return grid


TASK = Task("detect", "two rectangles get a mark in their top left corner", draw=draw, rule=Detect)
