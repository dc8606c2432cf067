"""The task ``frame``: one rectangle is emptied but for its border."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from interp.grids import Grid, border, paint
from interp.tasks.drawing import (
    Pairs,
    blank_pairs,
    both_pairs,
    distinct_colors,
    paint_rectangles,
    rectangle_triples,
)
from interp.tasks.solving.reading import Layout, Reading, castings
from interp.tasks.solving.shapes import filled
from interp.tasks.task import Task


def draw(n: int, rng: np.random.Generator) -> Pairs:
    """X, f(X), Y and f(Y) of ``n`` puzzles."""
    puzzles, color = blank_pairs(n), distinct_colors(n, 3, rng)
    for before, after in both_pairs(puzzles):
        rects = rectangle_triples(n, rng)
        paint_rectangles(before, rects, color)
        paint_rectangles(after, rects[:, :2], color)
        paint(after, border(rects[:, 2]), color[:, 2])
    return puzzles


@dataclass(frozen=True)
class Frame(Reading):
    """The target keeps only its one-cell border."""

    @classmethod
    def guesses(cls, x: Grid, fx: Grid) -> Iterator[Self]:
        yield from map(cls, castings(x))

    def draw_fx(self, layout: Layout) -> Grid:
        return filled((*layout, layout[2].grown(-1)), (*self.colors, 0))


TASK = Task("frame", "one rectangle is emptied but for its border", draw=draw, rule=Frame)
