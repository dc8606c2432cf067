"""What an example says: a reading is one way to understand X -> f(X), and can redraw both grids."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Self, TypeAlias, TypeVar

import numpy as np

from interp.grids import Grid
from interp.tasks.solving.shapes import Rect, boxes_by_color, filled, inside_grid, overlap

T = TypeVar("T")
Colors: TypeAlias = tuple[int, int, int]
Layout: TypeAlias = tuple[Rect, Rect, Rect]  # where the rectangles lie, in the order of the reading's colours

# Said again rather than imported: the solver is a second opinion, and shares with the generator only what a
# grid is.
LEAST_SIDE, LARGEST_AREA = 3, 50


@dataclass(frozen=True)
class Reading(ABC):
    """One task's rule with everything that the two pairs of a puzzle share: which colour plays which part,
    which way.

    Reading a grid is proposing layouts and redrawing them. Proposals may be careless, for a layout only
    counts if it obeys the rule and its drawing is the grid, cell for cell; they must not leave out a layout
    that would.

    `colors` are those of the three rectangles; the one that the task singles out, the *target*, comes last.
    """

    colors: Colors

    @classmethod
    @abstractmethod
    def guesses(cls, x: Grid, fx: Grid) -> Iterator[Self]:
        """Readings worth trying on an example, every one that explains it among them."""

    @abstractmethod
    def draw_fx(self, layout: Layout) -> Grid: ...

    def draw_x(self, layout: Layout) -> Grid:
        return filled(layout, self.colors)

    def propose_from_x(self, x: Grid) -> Iterable[Layout]:
        return boxes_of(x, self.colors)

    def propose_from_fx(self, fx: Grid) -> Iterable[Layout]:
        return boxes_of(fx, self.colors)

    def allows(self, layout: Layout) -> bool:
        """Whether the rule could have placed the three rectangles like this."""
        sizes = all(min(r.height, r.width) >= LEAST_SIDE and r.area <= LARGEST_AREA for r in layout)
        apart = not any(overlap(a, b) for a, b in combinations(layout, 2))
        return sizes and apart and all(map(inside_grid, layout))

    def explains(self, x: Grid, fx: Grid) -> bool:
        return any(np.array_equal(grid, fx) for grid in self.forward(x))

    def forward(self, x: Grid) -> list[Grid]:
        """Every f(X) that this reading can make of `x`; none if `x` is no grid it could start from."""
        layouts = filter(self.allows, self.propose_from_x(x))
        return [self.draw_fx(layout) for layout in layouts if np.array_equal(self.draw_x(layout), x)]

    def backward(self, fx: Grid) -> list[Grid]:
        """Every X of which this reading can make `fx`; several where f(X) hides part of X."""
        layouts = filter(self.allows, self.propose_from_fx(fx))
        return [self.draw_x(layout) for layout in layouts if np.array_equal(self.draw_fx(layout), fx)]


def boxes_of(grid: Grid, colors: Colors) -> list[Layout]:
    """The layout made of the boxes around three colours; none if one of them is missing."""
    boxes = boxes_by_color(grid)
    if not all(color in boxes for color in colors):
        return []
    a, b, c = colors
    return [(boxes[a], boxes[b], boxes[c])]


def castings(x: Grid) -> Iterator[Colors]:
    """The ways to cast a grid's three colours, the target's being the last; none if it has more or fewer
    colours."""
    found = sorted(boxes_by_color(x))
    if len(found) == 3:
        yield from each_last(found)


def each_last(three: Sequence[T]) -> Iterator[tuple[T, T, T]]:
    """Three orders of three things, each of them last once: the order of the other two says nothing in any
    task."""
    a, b, c = three
    yield from ((a, b, c), (a, c, b), (b, c, a))


def new_colors(x: Grid, fx: Grid) -> list[int]:
    """The colours that f(X) has and X has not."""
    return sorted(boxes_by_color(fx).keys() - boxes_by_color(x).keys())
