"""The task ``grow``: one rectangle grows or shrinks by a ring of cells."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Self

import numpy as np

from interp.grids import Grid, inside, paint, shrink
from interp.tasks.drawing import (
    Pairs,
    Triples,
    blank_pairs,
    both_pairs,
    distinct_colors,
    paint_rectangles,
    rectangle_triples,
)
from interp.tasks.solving.reading import Layout, Reading, boxes_of, castings
from interp.tasks.solving.shapes import filled
from interp.tasks.task import Task


def draw(n: int, rng: np.random.Generator) -> Pairs:
    """X, f(X), Y and f(Y) of ``n`` puzzles."""
    puzzles, color = blank_pairs(n), distinct_colors(n, 3, rng)
    shrinks = rng.integers(2, size=n).astype(bool)

    def large_enough(rects: Triples, which: np.ndarray) -> np.ndarray:
        return (rects[:, 2, 2:] - rects[:, 2, :2] > 3).all(axis=1)

    for before, after in both_pairs(puzzles):
        rects = rectangle_triples(n, rng, large_enough)
        paint_rectangles(before, rects[:, :2], color)
        paint_rectangles(after, rects[:, :2], color)
        full, small = inside(rects[:, 2]), inside(shrink(rects[:, 2]))
        paint(before, np.where(shrinks[:, None, None], full, small), color[:, 2])
        paint(after, np.where(shrinks[:, None, None], small, full), color[:, 2])
    return puzzles


@dataclass(frozen=True)
class Grow(Reading):
    """The target grows by one cell on every side, or shrinks; the layout holds it at its full size."""

    shrinks: bool

    @classmethod
    def guesses(cls, x: Grid, fx: Grid) -> Iterator[Self]:
        for colors, shrinks in product(castings(x), (False, True)):
            yield cls(colors, shrinks)

    def allows(self, layout: Layout) -> bool:
        return super().allows(layout) and min(layout[2].height, layout[2].width) >= 4

    def propose_from_x(self, x: Grid) -> Iterable[Layout]:
        layouts = boxes_of(x, self.colors)
        return layouts if self.shrinks else map(_with_larger_target, layouts)

    def propose_from_fx(self, fx: Grid) -> Iterable[Layout]:
        layouts = boxes_of(fx, self.colors)
        return map(_with_larger_target, layouts) if self.shrinks else layouts

    def draw_x(self, layout: Layout) -> Grid:
        return filled(layout if self.shrinks else _with_smaller_target(layout), self.colors)

    def draw_fx(self, layout: Layout) -> Grid:
        return filled(_with_smaller_target(layout) if self.shrinks else layout, self.colors)


def _with_larger_target(layout: Layout) -> Layout:
    return layout[0], layout[1], layout[2].grown(1)


def _with_smaller_target(layout: Layout) -> Layout:
    return layout[0], layout[1], layout[2].grown(-1)


TASK = Task("grow", "one rectangle grows or shrinks by a ring of cells", draw=draw, rule=Grow)
