"""The tasks of the "culture" puzzles: one file for each, and their table.

Each task is a rule ``f`` on grids of three rectangles. A puzzle shows it once, ``X -> f(X)``, and asks for
``f(Y)``; colours and the rule's parameters (a direction, a polarity ...) are shared by the two pairs, the
rectangles are not. The rules and their distribution are those of François Fleuret's generator
(https://fleuret.org/git/culture), drawn here for a whole batch at once. Each file states its rule twice: to
draw puzzles of it, and to solve them (:mod:`interp.tasks.solving`).

>>> import numpy as np
>>> puzzles = TASKS["frame"].generate(3, np.random.default_rng(0))
>>> puzzles.shape
(3, 4, 10, 10)
>>> x, fx, y, fy = puzzles[0]
>>> bool((TASKS["frame"].solve(x, fx, y) == fy).all())
True
"""

from interp.errors import PuzzlescopeError, brief
from interp.tasks import contact, corners, detect, frame, grow, half_fill, replace_color, translate
from interp.tasks.task import NOISE, Task, add_noise

__all__ = ["NOISE", "TASKS", "Task", "add_noise", "task_named"]

# The order is frozen: a kind of puzzle names its random streams by its place (interp.puzzles.kinds), so a new
# task goes to the end.
TASKS: dict[str, Task] = {
    module.TASK.name: module.TASK
    for module in (
        replace_color,
        translate,
        grow,
        half_fill,
        frame,
        detect,
        corners,
        contact,
    )
}
"""Every task by its name."""


def task_named(name: str) -> Task:
    """The task of this name.

    Raises:
        PuzzlescopeError: if there is none.
    """
    if name not in TASKS:
        raise PuzzlescopeError(f"No task '{brief(name)}': expected one of {', '.join(TASKS)}.")
    return TASKS[name]
