"""solve(): read the example in every way the task allows, apply each reading to the third grid, and
compare."""

from dataclasses import dataclass

import numpy as np

from interp.errors import PuzzlescopeError
from interp.grids import N_COLORS, SIZE, Grid
from interp.tasks.solving.reading import Reading


@dataclass(frozen=True, eq=False)  # grids have no truth value to compare by
class Solution:
    """What the three grids of a puzzle say about the fourth.

    Attributes:
        candidates: all the grids that fit: one if the puzzle has an answer, several if it leaves it open,
            none if it is not of the task.
        reason: one sentence that says which and why; empty if there is an answer.
    """

    candidates: tuple[Grid, ...]
    reason: str = ""

    @property
    def answer(self) -> Grid | None:
        """The only grid that fits, or None."""
        return self.candidates[0] if self.solved else None

    @property
    def solved(self) -> bool:
        return len(self.candidates) == 1

    @property
    def foreign(self) -> bool:
        """The puzzle is not of this task: no reading of its example fits it."""
        return not self.candidates

    @property
    def undetermined(self) -> bool:
        """The puzzle is of this task, but more than one grid would be right."""
        return len(self.candidates) > 1


def solve(
    rule: type[Reading], first: np.ndarray, second: np.ndarray, third: np.ndarray, *, reverse: bool = False
) -> Solution:
    """Work out the fourth grid of a puzzle from the three that are shown.

    Args:
        rule: the task's rule, by which to read the puzzle.
        first, second, third: uint8 [10, 10], in the order they are shown: X, f(X), Y; or f(X), X, f(Y).
        reverse: says that it is the latter, and that Y is asked for rather than f(Y).

    Returns:
        A solution with an answer only if every reading of the example leads to that same answer.
    """
    for name, grid in (("first", first), ("second", second), ("third", third)):
        check_grid(name, grid)
    x, fx = (second, first) if reverse else (first, second)
    readings = [reading for reading in rule.guesses(x, fx) if reading.explains(x, fx)]
    if not readings:
        return Solution((), "not of this task: its rule does not make this f(X) of this X")
    candidates = answers(readings, third, reverse=reverse)
    if not candidates:
        shown = "f(Y)" if reverse else "Y"
        return Solution((), f"not of this task: with this example, its rule has no such {shown}")
    if len(candidates) > 1:
        return Solution(candidates, f"not determined: {len(candidates)} grids fit equally well")
    return Solution(candidates)


def answers(readings: list[Reading], third: Grid, *, reverse: bool) -> tuple[Grid, ...]:
    """What the readings make of the third grid, each distinct grid once."""
    found: list[Grid] = []
    for reading in readings:
        found += reading.backward(third) if reverse else reading.forward(third)
    return tuple({grid.tobytes(): grid for grid in found}.values())


def check_grid(name: str, grid: np.ndarray) -> None:
    if grid.shape != (SIZE, SIZE) or grid.dtype != np.uint8:
        raise PuzzlescopeError(
            f"{name} grid: expected uint8 {[SIZE, SIZE]}, got {grid.dtype} {[*grid.shape]}"
        )
    if grid.max() >= N_COLORS:
        raise PuzzlescopeError(f"{name} grid: expected colours 0 to {N_COLORS - 1}, got {grid.max()}")
