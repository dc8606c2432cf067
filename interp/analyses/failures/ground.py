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

import numpy as np
from jaxtyping import Bool, UInt8

from interp.errors import PuzzlescopeError, brief
from interp.grids import Grid
from interp.puzzles import Puzzle
from interp.tasks import TASKS
from interp.tasks.solving import Reading, solve
from interp.tasks.solving.reading import Layout
from interp.tasks.solving.shapes import Rect


@dataclass(frozen=True, eq=False)
class Way:
    """A third grid without noise, and the answer to it."""

    third: Grid
    answer: Grid


@dataclass(frozen=True, eq=False)
class Ground:
    """The third grid of a puzzle without its noise, and what lies near it.

    Attributes:
        here: that grid, and the true answer.
        others: the grids that differ from it by one line of a rectangle and have another answer.
    """

    here: Way
    others: tuple[Way, ...]
    _example: tuple[Grid, Grid]
    _task: str
    _reverse: bool

    def keeps(self, thirds: UInt8[np.ndarray, "edit 100"]) -> Bool[np.ndarray, " edit"]:
        """Which of these third grids, with whatever noise, still have this answer and no other."""
        own = self._distance(self.here, thirds)
        kept = np.ones(len(thirds), bool)
        for other in self.others:
            kept &= own < self._distance(other, thirds)
        return kept

    def at(self, way: Way) -> "Ground | None":
        """The same of a grid nearby; ``None`` if the solver does not work out its answer."""
        try:
            return _around(self._task, self._example, way, self._reverse)
        except PuzzlescopeError:
            return None

    @staticmethod
    def _distance(way: Way, thirds: UInt8[np.ndarray, "edit 100"]) -> np.ndarray:
        return (thirds != way.third.ravel()).sum(axis=1)


def ground_of(puzzle: Puzzle) -> Ground:
    """What the solver makes of a puzzle, noise on its third grid or not.

    Raises:
        PuzzlescopeError: if there is no rule for its task, or its rule does not work out the answer that the
            puzzle gives.
    """
    if puzzle.task not in TASKS:
        raise PuzzlescopeError(
            f"There is no rule for the task '{brief(puzzle.task)}', so nothing can say which edits leave an"
            f" answer to be worked out: expected one of {', '.join(TASKS)}."
        )
    first, second, third, answer = puzzle.grids
    reverse = puzzle.structure.reverse
    ways = [
        Way(_shown(reading, layout, reverse), answer)
        for reading in _readings(puzzle.task, (first, second), reverse)
        for layout in _layouts(reading, answer, asked=True, reverse=reverse)
    ]
    if not ways:
        raise PuzzlescopeError(
            f"The solver does not read this puzzle as one of the task '{puzzle.task}': its rule, as the example"
            " shows it, gives this answer for no third grid, so no edit can be verified."
        )
    nearest = min(ways, key=lambda way: int((way.third != third).sum()))
    return _around(puzzle.task, (first, second), nearest, reverse)


def _around(task: str, example: tuple[Grid, Grid], way: Way, reverse: bool) -> Ground:
    """The ground about a grid without noise.

    Raises:
        PuzzlescopeError: if the solver does not work out its answer.
    """
    solution = solve(TASKS[task].rule, *example, way.third, reverse=reverse)
    if solution.answer is None or not np.array_equal(solution.answer, way.answer):
        raise PuzzlescopeError(
            f"The solver does not work out this puzzle's answer ({solution.reason or 'it finds another'}), so"
            " no edit can be verified."
        )
    others = {
        other.third.tobytes(): other
        for reading in _readings(task, example, reverse)
        for layout in _layouts(reading, way.third, asked=False, reverse=reverse)
        for other in _beside(reading, layout, reverse)
        if not np.array_equal(other.answer, way.answer)
    }
    return Ground(way, tuple(others.values()), example, task, reverse)


def _readings(task: str, example: tuple[Grid, Grid], reverse: bool) -> list[Reading]:
    """All that the example may mean."""
    x, fx = example[::-1] if reverse else example
    return [reading for reading in TASKS[task].rule.guesses(x, fx) if reading.explains(x, fx)]


def _layouts(reading: Reading, grid: Grid, *, asked: bool, reverse: bool) -> list[Layout]:
    """Where the rectangles may lie in a third grid without noise, or, if ``asked``, in an answer."""
    is_x = asked == reverse
    proposed = reading.propose_from_x(grid) if is_x else reading.propose_from_fx(grid)
    draw = reading.draw_x if is_x else reading.draw_fx
    return [layout for layout in filter(reading.allows, proposed) if np.array_equal(draw(layout), grid)]


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
