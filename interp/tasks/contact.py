"""The task ``contact``: rectangles that touch a certain one are framed in its colour."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Self

import numpy as np
from jaxtyping import Bool, Int

from interp.grids import Grid, border, paint
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
from interp.tasks.solving.shapes import boxes_by_color, filled, touch
from interp.tasks.task import Task


def draw(n: int, rng: np.random.Generator) -> Pairs:
    """X, f(X), Y and f(Y) of ``n`` puzzles."""
    puzzles, color = blank_pairs(n), distinct_colors(n, 3, rng)

    def some_touch(rects: Triples, which: np.ndarray) -> np.ndarray:
        return _touching(rects[:, 0], rects[:, 1]) | _touching(rects[:, 0], rects[:, 2])

    for before, after in both_pairs(puzzles):
        rects = rectangle_triples(n, rng, some_touch)
        paint_rectangles(before, rects, color)
        paint_rectangles(after, rects, color)
        for k in (1, 2):
            touches = _touching(rects[:, 0], rects[:, k])[:, None, None]
            paint(after, border(rects[:, k]) & touches, color[:, 0])
    return puzzles


def _touching(a: Int[np.ndarray, "n 4"], b: Int[np.ndarray, "n 4"]) -> Bool[np.ndarray, " n"]:
    """Whether two rectangles that do not overlap share part of an edge."""
    vertical = np.maximum(a[:, 0] - b[:, 2], b[:, 0] - a[:, 2])
    horizontal = np.maximum(a[:, 1] - b[:, 3], b[:, 1] - a[:, 3])
    return ((vertical <= 0) & (horizontal < 0)) | ((vertical < 0) & (horizontal <= 0))


@dataclass(frozen=True)
class Contact(Reading):
    """Whatever touches the target gets a border of the target's colour."""

    @classmethod
    def guesses(cls, x: Grid, fx: Grid) -> Iterator[Self]:
        yield from map(cls, castings(x))

    def allows(self, layout: Layout) -> bool:
        return super().allows(layout) and any(touch(rect, layout[2]) for rect in layout[:2])

    def propose_from_fx(self, fx: Grid) -> Iterable[Layout]:
        for a, b, _ in boxes_of(fx, self.colors):
            for first, second in product((a, a.grown(1)), (b, b.grown(1))):
                # Borders have the target's colour: erase what may be bordered, and the target remains.
                grid = fx.copy()
                for rect in (first, second):
                    grid[max(rect.top, 0) : rect.bottom, max(rect.left, 0) : rect.right] = 0
                target = boxes_by_color(grid).get(self.colors[2])
                if target:
                    yield first, second, target

    def draw_fx(self, layout: Layout) -> Grid:
        grid = filled(layout, self.colors)
        for rect, color in zip(layout[:2], self.colors[:2], strict=True):
            if touch(rect, layout[2]):
                grid[rect.cells] = self.colors[2]
                grid[rect.grown(-1).cells] = color
        return grid


TASK = Task(
    "contact", "rectangles that touch a certain one are framed in its colour", draw=draw, rule=Contact
)
