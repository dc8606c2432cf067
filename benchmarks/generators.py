"""How many puzzles a second the generators draw, and the solvers check, on one core."""

from functools import partial

import numpy as np

from benchmarks.timing import seconds
from interp.tasks import TASKS, Task

DRAWN, CHECKED = 4000, 300


def solve_all(task: Task, puzzles: np.ndarray) -> None:
    for x, fx, y, _ in puzzles:
        task.solve(x, fx, y)


def main() -> None:
    rng = np.random.default_rng(0)
    total = 0.0
    print("puzzles a second")
    for name, task in TASKS.items():
        spent = min(seconds(partial(task.generate, DRAWN, rng)) for _ in range(3))
        puzzles = task.generate(CHECKED, rng)
        solving = seconds(partial(solve_all, task, puzzles))
        total += spent
        print(f"  {name:14s} drawn {DRAWN / spent:8,.0f}   solved {CHECKED / solving:7,.0f}")
    print(f"  all tasks      drawn {len(TASKS) * DRAWN / total:8,.0f}")


if __name__ == "__main__":
    main()
