"""What a head is looked at on: rows of tokens, the positions that look, and what is put in the place of
others."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from interp.ablation.means import REFERENCE_PUZZLES
from interp.errors import PuzzlescopeError
from interp.puzzles import Puzzle, PuzzleSet
from interp.tokens import ANSWER_START, N_CTX, with_start

QUERIES = np.arange(ANSWER_START, N_CTX - 1)
"""Positions that predict the cells of the answer."""

TokenRows = Int[np.ndarray, "row 405"]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of tokens, not all need be puzzles.

    Attributes:
        tokens: start token included.
        others: for every row, another in the same order of the grids: what is swapped in.
        orders: which order each row is in, a number from 0.
        references: of each order, rows over which a mean is taken.
        queries: the positions that look, ascending, the same in all rows.
    """

    tokens: TokenRows
    others: TokenRows
    orders: tuple[int, ...]
    references: tuple[Int[np.ndarray, "_ 405"], ...]
    queries: Int[np.ndarray, " query"]

    def __post_init__(self) -> None:
        if not len(self.tokens):
            raise PuzzlescopeError("There is no puzzle to look at a head on: choose at least one.")
        if self.tokens.shape != self.others.shape or len(self.orders) != len(self.tokens):
            raise PuzzlescopeError("Every row needs another of its own length, and an order.")

    @classmethod
    def of_puzzles(
        cls,
        puzzles: Sequence[Puzzle],
        bank: PuzzleSet,
        *,
        seed: int = 0,
        queries: Int[np.ndarray, " query"] = QUERIES,
    ) -> "Rows":
        """Puzzles, seen from the positions that predict their answers' cells.

        Args:
            bank: from which other puzzles, of whatever task, and those of the mean are taken, each in the
                same order of the grids.
            seed: which other puzzles are drawn.

        Raises:
            PuzzlescopeError: if there is none, or the bank has no other puzzle in an order.
        """
        kinds = list(dict.fromkeys(puzzle.structure for puzzle in puzzles))
        chosen = {structure: bank.filter(structure=structure) for structure in kinds}
        return cls(
            _tokens(puzzles),
            _tokens([_other(puzzle, chosen[puzzle.structure], seed) for puzzle in puzzles]),
            tuple(kinds.index(puzzle.structure) for puzzle in puzzles),
            # The same over which ``mean`` is taken everywhere.
            tuple(_tokens(tuple(chosen[structure].limit(REFERENCE_PUZZLES))) for structure in kinds),
            queries,
        )


def _other(puzzle: Puzzle, alike: PuzzleSet, seed: int) -> Puzzle:
    others = [one for one in alike if one.cells != puzzle.cells]
    if not others:
        raise PuzzlescopeError(
            f"There is no other puzzle in the order {puzzle.structure.name} to take a side from."
        )
    # The same on every machine; of all tasks, so that the content is as different as it can be.
    rng = np.random.default_rng((seed, zlib.crc32(puzzle.cells)))
    return others[int(rng.integers(len(others)))]


def _tokens(puzzles: Sequence[Puzzle]) -> TokenRows:
    if not puzzles:
        return np.zeros((0, N_CTX), dtype=np.int64)
    found: TokenRows = with_start(np.stack([puzzle.tokens for puzzle in puzzles]))
    return found
