"""A puzzle that is understood: the solver's reading of it, and its third grid without noise.

A puzzle shows an *example* (a grid before the rule and after it) and a *question* of the same kind, one of
whose two grids is the answer. Which of X, f(X), Y and f(Y) plays which part depends on the order of the
grids; here only the parts matter.
"""

from dataclasses import dataclass, replace

import numpy as np

from interp.errors import PuzzlescopeError, brief
from interp.grids import Grid
from interp.puzzles import Puzzle
from interp.tasks import TASKS, Task
from interp.tasks.solving import Reading, solve
from interp.tasks.solving.reading import Layout
from interp.tasks.solving.solution import answers
from interp.tokens import Structure, encode

MOST_NOISE = 40
"""Cells of the third grid that noise may have changed: beyond that it is another grid."""


@dataclass(frozen=True, eq=False)  # grids have no truth value to compare by
class Known:
    """A puzzle's parts.

    Attributes:
        task: whose rule it follows.
        structure: the order of its grids; ``structure.reverse`` says that the question shows what comes after
            the rule.
        reading: the rule with its parameters, as the example shows them.
        example: before and after the rule.
        question: the same of the question, without noise.
        third: the third grid as it stands in the puzzle, noise included.
    """

    task: Task
    structure: Structure
    reading: Reading
    example: tuple[Grid, Grid]
    question: tuple[Grid, Grid]
    third: Grid

    @property
    def reverse(self) -> bool:
        return self.structure.reverse

    @property
    def given(self) -> Grid:
        """The question's grid that is shown, without noise."""
        return self.question[self.reverse]

    @property
    def answer(self) -> Grid:
        return self.question[not self.reverse]

    def replaced(self, **parts: object) -> "Known":
        """The same with other parts; the third grid carries the noise that it had."""
        found = replace(self, **parts)  # type: ignore[arg-type]
        noisy = self.third != self.given
        return replace(found, third=np.where(noisy, self.third, found.given))

    def puzzle(self) -> Puzzle:
        """The puzzle of these parts."""
        example = self.example[::-1] if self.reverse else self.example
        grids = np.stack([*example, self.third, self.answer])
        return Puzzle.of(self.task.name, encode(grids, self.structure))

    def determined(self) -> bool:
        """Whether the task's solver works out this answer, and no other, from what is given without noise."""
        example = self.example[::-1] if self.reverse else self.example
        found = self.task.solve(*example, self.given, reverse=self.reverse)
        return found is not None and np.array_equal(found, self.answer)

    def misleading(self) -> bool:
        """Whether its noise, taken for a part of the third grid, would make another puzzle of the task."""
        example = self.example[::-1] if self.reverse else self.example
        found = solve(self.task.rule, *example, self.third, reverse=self.reverse)
        return any(not np.array_equal(grid, self.answer) for grid in found.candidates)


def understood(puzzle: Puzzle) -> Known:
    """What the solver makes of a puzzle whose answer it knows.

    Raises:
        PuzzlescopeError: if the puzzle is of no known task, or its answer does not follow from its example.
    """
    if puzzle.task not in TASKS:
        raise PuzzlescopeError(
            f"Expected a puzzle of one of the tasks {', '.join(TASKS)}, whose rules are known; this one is of"
            f" '{brief(puzzle.task)}': choose another puzzle."
        )
    task, reverse = TASKS[puzzle.task], puzzle.structure.reverse
    first, second, third, answer = puzzle.grids
    example = (second, first) if reverse else (first, second)
    explaining = readings(task, *example)
    ways = [(reading, given) for reading in explaining for given in _without_noise(reading, puzzle)]
    if ways:
        reading, given = min(ways, key=lambda way: int((way[1] != third).sum()))
        question = (answer, given) if reverse else (given, answer)
        only = len(answers(explaining, given, reverse=reverse)) == 1  # as found.determined(), not read again
        if only and (given != third).sum() <= MOST_NOISE:
            return Known(task, puzzle.structure, reading, example, question, third)
    raise PuzzlescopeError(
        f"Expected a puzzle whose answer follows from its example by the rule of {task.name}; this one's does"
        " not: choose another puzzle, or mend its example."
    )


def readings(task: Task, before: Grid, after: Grid) -> list[Reading]:
    """The ways to understand an example by a task's rule."""
    return [one for one in task.rule.guesses(before, after) if one.explains(before, after)]


def layouts(reading: Reading, before: Grid) -> list[Layout]:
    """Where the rectangles lie in a grid before the rule."""
    return [
        layout
        for layout in reading.propose_from_x(before)
        if reading.allows(layout) and np.array_equal(reading.draw_x(layout), before)
    ]


def _without_noise(reading: Reading, puzzle: Puzzle) -> list[Grid]:
    """What the third grid may have been before its noise, by the answer."""
    answer = puzzle.grids[3]
    return reading.forward(answer) if puzzle.structure.reverse else reading.backward(answer)
