"""The task ``half_fill``: one rectangle is filled from its middle line to a side."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Self

import numpy as np
from jaxtyping import Int

from interp.grids import Grid, inside, paint
from interp.tasks.drawing import Pairs, blank_pairs, both_pairs, distinct_colors, rectangle_triples
from interp.tasks.solving.reading import Colors, Layout, Reading, boxes_of, each_last
from interp.tasks.solving.shapes import Rect, boxes_by_color, filled, overlap
from interp.tasks.task import Task


def draw(n: int, rng: np.random.Generator) -> Pairs:
    """X, f(X), Y and f(Y) of ``n`` puzzles."""
    puzzles, color = blank_pairs(n), distinct_colors(n, 6, rng)
    direction = rng.integers(4, size=n)
    for before, after in both_pairs(puzzles):
        rects = rectangle_triples(n, rng)
        for k in range(3):
            line, half = _middle_line_and_half(rects[:, k], direction)
            for grids in (before, after):
                paint(grids, inside(rects[:, k]), color[:, 2 * k])
                paint(grids, inside(line), color[:, 2 * k + 1])
        paint(after, inside(half), color[:, 5])
    return puzzles


def _middle_line_and_half(
    rects: Int[np.ndarray, "n 4"], direction: Int[np.ndarray, " n"]
) -> tuple[Int[np.ndarray, "n 4"], Int[np.ndarray, "n 4"]]:
    """The middle row (directions 0, 1) or column (2, 3), and the half from it to the end (0, 2) or from the
    start (1, 3)."""
    each = np.arange(len(rects))
    low = direction // 2  # index of the side that starts the axis: top 0 or left 1
    to_end = direction % 2 == 0
    middle = (rects[each, low] + rects[each, low + 2] - ~to_end) // 2
    line, half = rects.copy(), rects.copy()
    line[each, low], line[each, low + 2] = middle, middle + 1
    half[each, low] = np.where(to_end, middle, half[each, low])
    half[each, low + 2] = np.where(to_end, half[each, low + 2], middle + 1)
    return line, half


_ENDS = {"down": "bottom", "up": "top", "right": "right", "left": "left"}
"""Where each way ends in a rectangle."""


@dataclass(frozen=True)
class HalfFill(Reading):
    """Each rectangle has a middle line of a second colour; the target's line spreads to one side, the way."""

    lines: Colors
    way: str  # a key of _ENDS

    @classmethod
    def guesses(cls, x: Grid, fx: Grid) -> Iterator[Self]:
        before, after = boxes_by_color(x), boxes_by_color(fx)
        # A line lies strictly inside its rectangle, so the box around the ground contains the box around the
        # line.
        pairs = [
            (g, c) for g, c in permutations(before, 2) if overlap(before[g], before[c]) == before[c].area
        ]
        if len(before) != 6 or len(pairs) != 3:
            return
        for a, b, target in each_last(pairs):
            grounds, lines = zip(a, b, target, strict=True)
            line = before[lines[2]]
            spread = after.get(lines[2], line)
            yield from (
                cls(grounds, lines, way)
                for way, end in _ENDS.items()
                if getattr(spread, end) != getattr(line, end)
            )

    def propose_from_fx(self, fx: Grid) -> Iterable[Layout]:
        boxes = boxes_by_color(fx)
        for a, b, rest in boxes_of(fx, self.colors):
            half = boxes.get(self.lines[2], rest)
            yield a, b, Rect(*map(min, rest[:2], half[:2]), *map(max, rest[2:], half[2:]))

    def draw_x(self, layout: Layout) -> Grid:
        return filled((*layout, *map(self.line, layout)), self.colors + self.lines)

    def draw_fx(self, layout: Layout) -> Grid:
        lines = self.line(layout[0]), self.line(layout[1])
        return filled((*layout, *lines, self.half(layout[2])), self.colors + self.lines)

    def line(self, rect: Rect) -> Rect:
        """The middle row or column; of two, the lower or right one, except on the way up or left."""
        nearer = self.way in ("up", "left")
        if self.way in ("down", "up"):
            row = (rect.top + rect.bottom - nearer) // 2
            return rect._replace(top=row, bottom=row + 1)
        column = (rect.left + rect.right - nearer) // 2
        return rect._replace(left=column, right=column + 1)

    def half(self, rect: Rect) -> Rect:
        """The line and everything that lies on its way."""
        end = _ENDS[self.way]
        return self.line(rect)._replace(**{end: getattr(rect, end)})


TASK = Task("half_fill", "one rectangle is filled from its middle line to a side", draw=draw, rule=HalfFill)
