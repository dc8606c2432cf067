"""A pair of puzzles that differ in one thing, as a frozen value."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool

from interp.puzzles import Puzzle

Kind = Literal["rule", "task", "input", "order", "noise"]

KINDS: dict[Kind, str] = {
    "rule": "the example shows another parameter of the rule; the third grid stays",
    "task": "the example shows another task; the third grid stays",
    "input": "one rectangle of the third grid is another one; the rule stays",
    "order": "the same four grids stand in another order; positions do not align",
    "noise": "one cell of the third grid has another colour, as noise; the answer stays",
}
"""What differs between the two puzzles of a pair of each kind."""
assert set(KINDS) == set(get_args(Kind))

ALIGNED: tuple[Kind, ...] = ("rule", "task", "input", "noise")
"""Kinds whose two puzzles have the same grids at the same positions, so that activations may be exchanged."""


@dataclass(frozen=True)
class Pair:
    """Two puzzles that differ in exactly one variable. Both answers are worked out by the tasks' solvers.

    Attributes:
        base: the puzzle that is asked about.
        counterfactual: what it would be with the variable changed.
        kind: of variable.
        task: the base's task.
        variable: what it is in both, as in "way: down -> right".
    """

    base: Puzzle
    counterfactual: Puzzle
    kind: Kind
    task: str
    variable: str

    @cached_property
    def contrast(self) -> Bool[np.ndarray, "10 10"]:
        """The cells in which the two answers differ; none in a pair of noise."""
        return self.base.grids[3] != self.counterfactual.grids[3]

    @cached_property
    def differing(self) -> Bool[np.ndarray, "4 10 10"]:
        """The cells in which the two puzzles differ, of X, f(X), Y and f(Y), wherever these stand."""
        return by_name(self.base) != by_name(self.counterfactual)

    @property
    def aligned(self) -> bool:
        """Whether the two have the same grid at every position."""
        return self.base.structure == self.counterfactual.structure

    def swapped(self) -> "Pair":
        """The same pair seen from its other end."""
        first, _, second = self.variable.partition(ARROW)
        name, colon, value = first.rpartition(": ")
        variable = f"{name}{colon}{second}{ARROW}{value}" if second else self.variable
        return Pair(self.counterfactual, self.base, self.kind, self.counterfactual.task, variable)


ARROW = " -> "
"""Between the variable's two values."""


def by_name(puzzle: Puzzle) -> np.ndarray:
    """Its grids as X, f(X), Y and f(Y), ``uint8 [4, row, column]``."""
    return puzzle.grids[np.argsort(puzzle.structure.order)]
