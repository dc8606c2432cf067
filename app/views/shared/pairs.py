"""This puzzle's counterfactual, made once."""

from functools import lru_cache

from interp.errors import PuzzlescopeError
from interp.pairs import Kind, Pair, pair_for
from interp.puzzles import Puzzle

MADE = 256
"""Pairs that are kept: a page asks for the same one at every run."""


@lru_cache(MADE)
def pair_of(puzzle: Puzzle, kind: Kind, seed: int = 0) -> Pair | str:
    """The pair of this kind, or, in a sentence, why there is none."""
    try:
        return pair_for(puzzle, kind, seed)
    except PuzzlescopeError as error:
        return str(error)
