"""The task ``replace_color``: one rectangle changes its colour."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Self

import numpy as np

from interp.grids import Grid
from interp.tasks.drawing import (
    Pairs,
    blank_pairs,
    both_pairs,
    distinct_colors,
    paint_rectangles,
    rectangle_triples,
)
from interp.tasks.solving.reading import Colors, Layout, Reading, boxes_of, castings, new_colors
from interp.tasks.solving.shapes import filled
from interp.tasks.task import Task


def draw(n: int, rng: np.random.Generator) -> Pairs:
    """X, f(X), Y and f(Y) of ``n`` puzzles."""
    puzzles, color = blank_pairs(n), distinct_colors(n, 4, rng)
    for before, after in both_pairs(puzzles):
        rects = rectangle_triples(n, rng)
        paint_rectangles(before, rects, color)
        paint_rectangles(after, rects, color[:, [3, 1, 2]])
    return puzzles


@dataclass(frozen=True)
class ReplaceColor(Reading):
    """The target takes a new colour."""

    new: int

    @classmethod
    def guesses(cls, x: Grid, fx: Grid) -> Iterator[Self]:
        for colors, new in product(castings(x), new_colors(x, fx)):
            yield cls(colors, new)

    @property
    def colors_after(self) -> Colors:
        return (*self.colors[:2], self.new)

    def propose_from_fx(self, fx: Grid) -> Iterable[Layout]:
        return boxes_of(fx, self.colors_after)

    def draw_fx(self, layout: Layout) -> Grid:
        return filled(layout, self.colors_after)


TASK = Task("replace_color", "one rectangle changes its colour", draw=draw, rule=ReplaceColor)
