"""The eight rules, one class a task. Each says how its grids are drawn and what is worth trying when reading
them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import permutations, product
from typing import Self

from interp.grids import SIZE, Grid
from interp.tasks.solving.reading import Colors, Layout, Reading, boxes_of, castings, each_last, new_colors
from interp.tasks.solving.shapes import (
    Cell,
    Rect,
    bounding_box,
    boxes_by_color,
    cells_by_color,
    corner,
    draw,
    overlap,
    touch,
)

NEAR_MOVES = frozenset(product((-1, 0, 1), repeat=2)) - {(0, 0)}
ENDS = {"down": "bottom", "up": "top", "right": "right", "left": "left"}  # where each way ends in a rectangle


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
        return draw(layout, self.colors_after)


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
            if move in NEAR_MOVES:
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
        a, b = ([*completions(seen[color], end)] for color in self.colors[:2])
        for first, second in product(a, b):
            yield first, second, start

    def draw_fx(self, layout: Layout) -> Grid:
        return draw((*layout[:2], layout[2].moved(*self.move)), self.colors)


def completions(seen: list[Cell], end: Rect) -> Iterator[Rect]:
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
        return layouts if self.shrinks else map(with_larger_target, layouts)

    def propose_from_fx(self, fx: Grid) -> Iterable[Layout]:
        layouts = boxes_of(fx, self.colors)
        return map(with_larger_target, layouts) if self.shrinks else layouts

    def draw_x(self, layout: Layout) -> Grid:
        return draw(layout if self.shrinks else with_smaller_target(layout), self.colors)

    def draw_fx(self, layout: Layout) -> Grid:
        return draw(with_smaller_target(layout) if self.shrinks else layout, self.colors)


def with_larger_target(layout: Layout) -> Layout:
    return layout[0], layout[1], layout[2].grown(1)


def with_smaller_target(layout: Layout) -> Layout:
    return layout[0], layout[1], layout[2].grown(-1)


@dataclass(frozen=True)
class HalfFill(Reading):
    """Each rectangle has a middle line of a second colour; the target's line spreads to one side, the way."""

    lines: Colors
    way: str  # a key of ENDS

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
                for way, end in ENDS.items()
                if getattr(spread, end) != getattr(line, end)
            )

    def propose_from_fx(self, fx: Grid) -> Iterable[Layout]:
        boxes = boxes_by_color(fx)
        for a, b, rest in boxes_of(fx, self.colors):
            half = boxes.get(self.lines[2], rest)
            yield a, b, Rect(*map(min, rest[:2], half[:2]), *map(max, rest[2:], half[2:]))

    def draw_x(self, layout: Layout) -> Grid:
        return draw((*layout, *map(self.line, layout)), self.colors + self.lines)

    def draw_fx(self, layout: Layout) -> Grid:
        lines = self.line(layout[0]), self.line(layout[1])
        return draw((*layout, *lines, self.half(layout[2])), self.colors + self.lines)

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
        end = ENDS[self.way]
        return self.line(rect)._replace(**{end: getattr(rect, end)})


@dataclass(frozen=True)
class Frame(Reading):
    """The target keeps only its one-cell border."""

    @classmethod
    def guesses(cls, x: Grid, fx: Grid) -> Iterator[Self]:
        yield from map(cls, castings(x))

    def draw_fx(self, layout: Layout) -> Grid:
        return draw((*layout, layout[2].grown(-1)), (*self.colors, 0))


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
        grid = draw(layout, self.colors)
        for rect in layout[:2]:
            grid[corner(rect, bottom=False, right=False)] = self.mark
        return grid


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
        grid = draw(layout, self.colors)
        for rect, color in zip(layout[:2], self.colors[:2], strict=True):
            if touch(rect, layout[2]):
                grid[rect.cells] = self.colors[2]
                grid[rect.grown(-1).cells] = color
        return grid


@dataclass(frozen=True)
class Corners(Reading):
    """X shows two opposite corners of each rectangle, f(X) all of it. No rectangle is singled out."""

    rising: bool  # bottom left and top right, else top left and bottom right

    @classmethod
    def guesses(cls, x: Grid, fx: Grid) -> Iterator[Self]:
        for colors in [*castings(x)][:1]:
            yield from (cls(colors, rising) for rising in (False, True))

    def draw_x(self, layout: Layout) -> Grid:
        grid = draw((), ())
        for rect, color in zip(layout, self.colors, strict=True):
            grid[corner(rect, bottom=False, right=self.rising)] = color
            grid[corner(rect, bottom=True, right=not self.rising)] = color
        return grid

    def draw_fx(self, layout: Layout) -> Grid:
        return draw(layout, self.colors)


RULES: dict[str, type[Reading]] = {
    "replace_color": ReplaceColor,
    "translate": Translate,
    "grow": Grow,
    "half_fill": HalfFill,
    "frame": Frame,
    "detect": Detect,
    "contact": Contact,
    "corners": Corners,
}
