"""A solver that is independent of the generators: it answers a puzzle from its three grids alone.

It knows nothing of how puzzles are made, so that it can check the generators, noisy or invented puzzles, and
a person's drawings. A task's rule is data for it: a subclass of :class:`Reading`. From outside:

    solve(rule, X, f(X), Y)                  -> the Solution whose answer is f(Y)
    solve(rule, f(X), X, f(Y), reverse=True) -> the Solution whose answer is Y
"""

from interp.tasks.solving.reading import Reading
from interp.tasks.solving.solution import Solution, solve

__all__ = ["Reading", "Solution", "solve"]
