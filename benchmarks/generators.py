"""How many puzzles a second the generators draw, and the solvers check, on one core."""

import numpy as np

from benchmarks.timing import seconds
from interp.tasks import TASKS

DRAWN, CHECKED = 4000, 300


def main() -> None:
    rng = np.random.default_rng(0)
    total = 0.0
    print("puzzles a second")
    for name, task in TASKS.items():
        spent = min(seconds(lambda task=task: task.generate(DRAWN, rng)) for _ in range(3))
        puzzles = task.generate(CHECKED, rng)
        solving = seconds(lambda task=task, puzzles=puzzles: [task.solve(*puzzle[:3]) for puzzle in puzzles])
        total += spent
        print(f"  {name:14s} drawn {DRAWN / spent:8,.0f}   solved {CHECKED / solving:7,.0f}")
    print(f"  all tasks      drawn {len(TASKS) * DRAWN / total:8,.0f}")


if __name__ == "__main__":
    main()
