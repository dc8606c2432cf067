"""The task ``translate``: one rectangle moves by one cell."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Self

import numpy as np

from interp.grids import SIZE, Grid, inside, paint
from interp.tasks.drawing import (
    Pairs,
    Triples,
    blank_pairs,
    both_pairs,
    distinct_colors,
    paint_rectangles,
    rectangle_triples,
)
from interp.tasks.solving.reading import Layout, Reading, castings
from interp.tasks.solving.shapes import (
    Cell,
    Rect,
    bounding_box,
    boxes_by_color,
    cells_by_color,
    filled,
    overlap,
)
from interp.tasks.task import Task

MOVED_BELOW = SIZE
"""The original asks for bottom < 10, not <= 10: a moved rectangle never lies on the last row or column."""

_MOVES = np.array([(di, dj) for di in (-1, 0, 1) for dj in (-1, 0, 1) if (di, dj) != (0, 0)], dtype=np.int16)


def draw(n: int, rng: np.random.Generator) -> Pairs:
    """X, f(X), Y and f(Y) of ``n`` puzzles."""
    puzzles, color = blank_pairs(n), distinct_colors(n, 3, rng)
    move = np.tile(_MOVES[rng.integers(len(_MOVES), size=n)], (1, 2))

    def stays_on_grid(rects: Triples, which: np.ndarray) -> np.ndarray:
        moved = rects[:, 2] + move[which]
        return (moved[:, :2] >= 0).all(axis=1) & (moved[:, 2:] < MOVED_BELOW).all(axis=1)

    for before, after in both_pairs(puzzles):
        rects = rectangle_triples(n, rng, stays_on_grid)
        paint_rectangles(before, rects, color)
        paint_rectangles(after, rects[:, :2], color)
        paint(after, inside(rects[:, 2] + move), color[:, 2])
    return puzzles


_NEAR_MOVES = frozenset(product((-1, 0, 1), repeat=2)) - {(0, 0)}


@dataclass(frozen=True)
class Translate(Reading):
    """The target moves by one cell, also diagonally, over whatever is there."""

    move: tuple[int, int]  # rows down, columns right

    @classmethod
    def guesses(cls, x: Grid, fx: Grid) -> Iterator[Self]:
        before, after = boxes_by_color(x), boxes_by_color(fx)
        for colors in castings(x):
            start = before[colors[2]]
            end = after.get(colors[2], start)  # drawn last, so the target is seen whole
            move = end.top - start.top, end.left - start.left
            if move in _NEAR_MOVES:
                yield cls(colors, move)

    def allows(self, layout: Layout) -> bool:
        end = layout[2].moved(*self.move)
        # A quirk of the puzzles: after its move a target never lies on the last row or column.
        return super().allows(layout) and min(end) >= 0 and max(end) < SIZE

    def propose_from_fx(self, fx: Grid) -> Iterable[Layout]:
        seen = cells_by_color(fx)
        if not all(color in seen for color in self.colors):
            return
        end = bounding_box(seen[self.colors[2]])
        start = end.moved(-self.move[0], -self.move[1])
        a, b = ([*_completions(seen[color], end)] for color in self.colors[:2])
        for first, second in product(a, b):
            yield first, second, start

    def draw_fx(self, layout: Layout) -> Grid:
        return filled((*layout[:2], layout[2].moved(*self.move)), self.colors)


def _completions(seen: Sequence[Cell], end: Rect) -> Iterator[Rect]:
    """The rectangles of which just the cells `seen` are left when a target has moved by one cell to `end`.

    Only the cells that the target did not lie on before can hide anything: a strip or an L one cell thick. A
    rectangle is three cells or more both ways, so it can have lost one whole row or column a side and no
    more.
    """
    box = bounding_box(seen)
    for up, left, down, right in product((0, 1), repeat=4):
        rect = Rect(box.top - up, box.left - left, box.bottom + down, box.right + right)
        if rect.area - overlap(rect, end) == len(seen):
            yield rect


TASK = Task("translate", "one rectangle moves by one cell", draw=draw, rule=Translate)
