"""What a puzzle's rule makes of its third grid, noise and all: the ground on which an edit can be verified.

The public data set puts noise on the third grid, and the answer is that of the grid without it. So the third
grid is first cleaned: of the grids that the rule, as the example shows it, takes to the true answer, the one
nearest to what is shown. The answer of an edited third grid counts as *determined* as long as no other grid
that the rule could start from lies as near to it. Others differ from the clean one by a line of a rectangle
at least, which is three cells or more; those at one line's distance are all looked at.

Edits of the example are not: it has no noise, and the solver reads none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, UInt8

from interp.grids import Grid
from interp.pairs.known import Known, readings, understood
from interp.puzzles import Puzzle
from interp.tasks.solving import Reading
from interp.tasks.solving.reading import Layout
from interp.tasks.solving.shapes import Rect


@dataclass(frozen=True, eq=False)
class Way:
    """A third grid without noise, and the answer to it."""

    third: Grid
    answer: Grid


@dataclass(frozen=True, eq=False)
class Ground:
    """The third grid of a puzzle without its noise, and what lies near it."""

    known: Known

    @property
    def here(self) -> Way:
        """That grid, and the true answer."""
        return Way(self.known.given, self.known.answer)

    @cached_property
    def others(self) -> tuple[Way, ...]:
        """The grids that differ from it by one line of a rectangle and have another answer."""
        known = self.known
        found = {
            other.third.tobytes(): other
            for reading in readings(known.task, *known.example)
            for layout in _layouts(reading, known.given, known.reverse)
            for other in _beside(reading, layout, known.reverse)
            if not np.array_equal(other.answer, known.answer)
        }
        return tuple(found.values())

    def keeps(self, thirds: UInt8[np.ndarray, "edit 100"]) -> Bool[np.ndarray, " edit"]:
        """Which of these third grids, with whatever noise, still have this answer and no other."""
        own = _distance(self.here, thirds)
        kept = np.ones(len(thirds), bool)
        for other in self.others:
            kept &= own < _distance(other, thirds)
        return kept

    def at(self, way: Way) -> "Ground | None":
        """The same of a grid nearby; ``None`` if the solver does not work out its answer."""
        question = (way.answer, way.third) if self.known.reverse else (way.third, way.answer)
        moved = self.known.replaced(question=question)
        return Ground(moved) if moved.determined() else None


def ground_of(puzzle: Puzzle) -> Ground:
    """What the solver makes of a puzzle, noise on its third grid or not.

    Raises:
        PuzzlescopeError: if there is no rule for its task, or its rule does not work out the answer that the
            puzzle gives.
    """
    return Ground(understood(puzzle))


def _distance(way: Way, thirds: UInt8[np.ndarray, "edit 100"]) -> np.ndarray:
    return (thirds != way.third.ravel()).sum(axis=1)


def _layouts(reading: Reading, third: Grid, reverse: bool) -> list[Layout]:
    """Where the rectangles may lie in a third grid without noise."""
    proposed = reading.propose_from_fx(third) if reverse else reading.propose_from_x(third)
    allowed = filter(reading.allows, proposed)
    return [layout for layout in allowed if np.array_equal(_shown(reading, layout, reverse), third)]


def _shown(reading: Reading, layout: Layout, reverse: bool) -> Grid:
    return reading.draw_fx(layout) if reverse else reading.draw_x(layout)


def _beside(reading: Reading, layout: Layout, reverse: bool) -> Iterator[Way]:
    """What the reading could start from with one rectangle a line larger or smaller at one side."""
    for number, rect in enumerate(layout):
        for side in range(4):
            for step in (-1, 1):
                edges = list(rect)
                edges[side] += step
                moved: list[Rect] = list(layout)
                moved[number] = Rect(*edges)
                a, b, c = moved
                if reading.allows((a, b, c)):
                    x, fx = reading.draw_x((a, b, c)), reading.draw_fx((a, b, c))
                    yield Way(fx, x) if reverse else Way(x, fx)
