"""What the tasks' solvers say of four grids, or of three whose fourth is not known."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from interp.errors import PuzzlescopeError
from interp.grids import Grid
from interp.puzzles.puzzle import Puzzle
from interp.puzzles.rows import NOISY_CELLS
from interp.tasks import TASKS
from interp.tasks.solving import Solution, solve
from interp.tokens import Structure


@dataclass(frozen=True)
class Truth:
    """Whether a puzzle's answer is the right one.

    Attributes:
        task: whose rule makes this answer of the example and the third grid; none if no task's does.
        determined: whether no other answer would be right, by that rule.
        noise: cells of the third grid that have another colour than the rule wants.
        words: all of it in a sentence.
    """

    task: str | None
    determined: bool
    noise: int
    words: str


@dataclass(frozen=True, eq=False)  # grids have no truth value to compare by
class WorkedOut:
    """A fourth grid that was not given.

    Attributes:
        answer: the grid, colours.
        tasks: whose solvers come to it.
        words: the same in a sentence.
    """

    answer: Grid
    tasks: tuple[str, ...]
    words: str


def truth_of(puzzle: Puzzle) -> Truth:
    """What the solvers say of a puzzle: first that of its own task, if it is known, then the others'."""
    own = [puzzle.task] if puzzle.task in TASKS else []
    follows = next(filter(None, (_follows(puzzle, task) for task in (*own, *_others(own)))), None)
    if follows is None:
        return Truth(None, False, 0, _no_rule(puzzle, own))
    if not own or follows.task == puzzle.task:
        return follows
    return Truth(
        follows.task,
        follows.determined,
        follows.noise,
        f"No {puzzle.task} puzzle, but it fits {follows.task}.",
    )


def work_out(
    grids: UInt8[np.ndarray, "3 10 10"], structure: Structure, tasks: Iterable[str] = TASKS
) -> WorkedOut:
    """The fourth grid of a puzzle.

    Args:
        grids: the first three, in the structure's order, colours [grid, row, column].
        structure: their order.
        tasks: whose solvers are asked.

    Raises:
        PuzzlescopeError: if no solver comes to an answer, or several come to different ones.
    """
    solutions = {task: _solve(task, grids, structure.reverse) for task in tasks}
    found = {task: one.answer for task, one in solutions.items() if one.answer is not None}
    answers = {grid.tobytes(): grid for grid in found.values()}
    if len(answers) == 1:
        names = tuple(found)
        who = f"{names[0]}'s solver" if len(names) == 1 else f"the solvers of {' and '.join(names)}"
        return WorkedOut(next(iter(answers.values())), names, f"Its answer was worked out by {who}.")
    if found:
        raise PuzzlescopeError(
            f"the solvers of {' and '.join(found)} come to different answers: give the fourth grid"
        )
    open_ = [
        f"by {task}'s rule {len(s.candidates)} grids fit" for task, s in solutions.items() if s.undetermined
    ]
    why = f"it is not determined ({'; '.join(open_)})" if open_ else "no task's solver has an answer to it"
    raise PuzzlescopeError(f"there is no fourth grid, and {why}: give the fourth grid")


def _others(own: list[str]) -> Iterator[str]:
    return (task for task in TASKS if task not in own)


def _solve(task: str, grids: np.ndarray, reverse: bool) -> Solution:
    return solve(TASKS[task].rule, *grids[:3], reverse=reverse)


def _follows(puzzle: Puzzle, task: str) -> Truth | None:
    """How a puzzle follows a task's rule, if it does."""
    first, second, third, answer = puzzle.grids
    solution = _solve(task, puzzle.grids, puzzle.structure.reverse)
    if any(np.array_equal(grid, answer) for grid in solution.candidates):
        if solution.solved:
            return Truth(task, True, 0, f"A {task} puzzle: its solver comes to this answer.")
        n = len(solution.candidates)
        return Truth(
            task,
            False,
            0,
            f"Not determined: by {task}'s rule {n} grids fit equally well, this one among them.",
        )
    # Backward, from the answer to the third grid: what differs there may be noise.
    back = solve(TASKS[task].rule, second, first, answer, reverse=not puzzle.structure.reverse).candidates
    noise = min((int((grid != third).sum()) for grid in back), default=NOISY_CELLS + 1)
    if noise > NOISY_CELLS:
        return None
    cells = "1 cell" if noise == 1 else f"{noise} cells"
    return Truth(task, True, noise, f"A {task} puzzle with noise in {cells} of its third grid.")


def _no_rule(puzzle: Puzzle, own: list[str]) -> str:
    if not own:
        return "Its answer follows no task's rule."
    solution = _solve(own[0], puzzle.grids, puzzle.structure.reverse)
    if solution.answer is not None:
        n = int((solution.answer != puzzle.grids[3]).sum())
        return f"Wrong by {own[0]}'s rule: its solver comes to an answer that differs in {n} of 100 cells."
    if solution.undetermined:
        n = len(solution.candidates)
        return f"Wrong by {own[0]}'s rule: {n} grids fit equally well, and this is none of them."
    first, second = puzzle.grids[:2]
    again = _solve(own[0], np.stack([first, second, first]), puzzle.structure.reverse).candidates
    if any(np.array_equal(grid, second) for grid in again):
        return f"Its example follows {own[0]}'s rule, which gives no answer to its third grid."
    return f"No {own[0]} puzzle: its example does not follow the rule, and its answer no other task's."
