"""The tasks: how their puzzles are drawn, and the rules by which a solver finds the answers again."""

from interp.tasks.generators import (
    NOISE,
    TASKS,
    add_noise,
    task_named,
)

__all__ = [
    "NOISE",
    "TASKS",
    "add_noise",
    "task_named",
]
