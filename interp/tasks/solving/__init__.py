"""An independent solver for the eight tasks: it answers a puzzle from its three grids alone.

It knows the rules and nothing of how puzzles are made, so that it can check the generator, noisy or invented
puzzles, and a person's drawings. From outside:

    solve(task, X, f(X), Y)                  -> the Solution whose answer is f(Y)
    solve(task, f(X), X, f(Y), reverse=True) -> the Solution whose answer is Y
"""

from interp.tasks.solving.rules import RULES
from interp.tasks.solving.solution import Solution, solve

__all__ = ["RULES", "Solution", "solve"]
