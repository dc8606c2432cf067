"""Which rule would give what a model drew: the solvers of all tasks are asked to read its answer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from interp.analyses.failures.ground import Ground
from interp.grids import N_COLORS, Grid
from interp.puzzles import Puzzle
from interp.tasks import TASKS
from interp.tasks.solving import Reading

COPY = "copy"
"""In the place of a task's name: the third grid as it stands, without any rule."""


@dataclass(frozen=True)
class RuleFit:
    """A rule that comes near what was drawn.

    Attributes:
        task: by name, or ``COPY``.
        off: in how many of the 100 cells what was drawn differs from what it would give.
        own: whether it is the puzzle's own task, with another colour, direction or rectangle than the example
            shows.
    """

    task: str
    off: int
    own: bool = False

    @property
    def words(self) -> str:
        """The rule, as it reads in a sentence."""
        if self.task == COPY:
            return "a copy of the third grid"
        return f"{self.task} with another colour or direction" if self.own else self.task


def rules_of(puzzle: Puzzle, drawn: UInt8[np.ndarray, "10 10"], ground: Ground | None) -> tuple[RuleFit, ...]:
    """The rules that come nearer to what was drawn than the truth does, the nearest first.

    Every reading that gives exactly what was drawn is among those that are tried, as solvers promise
    (:meth:`interp.tasks.solving.Reading.guesses`). Where none does, what is nearest is the nearest of those
    that the colours on the grids suggest.

    Args:
        drawn: by the model; markers (11..14) fit no rule.
        ground: the third grid without its noise, if that is known.
    """
    third, truth = puzzle.grids[2], puzzle.grids[3]
    clean = third if ground is None else ground.here.third
    wrong = _off(truth, drawn)
    best = {COPY: RuleFit(COPY, _off(third, drawn))}
    for name, task in TASKS.items():
        readings = _readings(task.rule, clean, (drawn, _tidied(drawn, puzzle), truth), puzzle)
        given = (grid for reading in readings for grid in _given(reading, clean, puzzle))
        offs = [_off(grid, drawn) for grid in given if not np.array_equal(grid, truth)]
        if offs:
            best[name] = RuleFit(name, min(offs), own=name == puzzle.task)
    return tuple(sorted((fit for fit in best.values() if fit.off < wrong), key=lambda fit: fit.off))


def _readings(rule: type[Reading], clean: Grid, answers: Iterable[Grid], puzzle: Puzzle) -> Iterator[Reading]:
    """What the third grid and an answer may mean as an example."""
    seen = set()
    for answer in answers:
        x, fx = (answer, clean) if puzzle.structure.reverse else (clean, answer)
        for reading in rule.guesses(x, fx):
            if reading not in seen:
                seen.add(reading)
                yield reading


def _given(reading: Reading, clean: Grid, puzzle: Puzzle) -> list[Grid]:
    """What the reading would have the model draw; colours only."""
    grids = reading.backward(clean) if puzzle.structure.reverse else reading.forward(clean)
    return [grid for grid in grids if grid.max() < N_COLORS]


def _tidied(drawn: Grid, puzzle: Puzzle) -> Grid:
    """What was drawn, with the truth in the place of cells whose colour neither the third grid nor the truth
    has: a stray cell else hides from a solver which rectangles there are."""
    known = np.union1d(puzzle.grids[2], puzzle.grids[3])
    return np.where(np.isin(drawn, known), drawn, puzzle.grids[3])


def _off(grid: Grid, drawn: Grid) -> int:
    return int((grid != drawn).sum())
