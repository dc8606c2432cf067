"""This puzzle's counterfactual, made once; and how one is named in a link."""

from functools import lru_cache

from app.state.link import Context, Parameter
from interp.errors import PuzzlescopeError, brief
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


USUAL: tuple[Kind, ...] = ("rule", "task", "input")
"""The kinds that are looked for where none has been chosen, in this order."""


def usual_pair(puzzle: Puzzle) -> Kind:
    """The first kind of which this puzzle has a pair."""
    return next((kind for kind in USUAL if isinstance(pair_of(puzzle, kind), Pair)), USUAL[0])


def _draw(text: str, context: Context) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise PuzzlescopeError(f"Expected the number of a pair, 0 to 999999, got '{brief(text)}'.")
    return int(text)


DRAW = Parameter(0, _draw, words="number of the pair")
"""Which of the pairs of a kind, from 0, as it stands in a link."""
