"""Positions by their role for one cell of the answer, so that 404 positions make a dozen places of a graph.

>>> ROLES[-1], len(ROLES)
('here', 12)
"""

import numpy as np
from jaxtyping import Int

from interp.errors import PuzzlescopeError
from interp.grids import CELLS, SIZE
from interp.puzzles import Puzzle
from interp.tokens import ANSWER_START, GRID_TOKENS, cell_position

ROLES = (
    "start",
    "markers",
    "first grid",
    "first grid, changed",
    "second grid",
    "second grid, changed",
    "third grid",
    "third grid, around",
    "third grid, same cell",
    "answer so far",
    "answer, around",
    "here",
)
"""What stands at a position, seen from one cell of the answer. ``changed`` are the cells in which the
example's two grids differ, which show the rule; ``around`` are the eight neighbours of the cell; ``same
cell`` is its own place in the third grid, 100 positions before ``here``, where the cell is predicted and the
token before it stands."""
HERE = ROLES.index("here")


def roles_of(puzzle: Puzzle, cell: int) -> Int[np.ndarray, " pos"]:
    """The number among :data:`ROLES` of each position up to that at which a cell of the answer (0..99) is
    predicted, start token included. No later position can play a part.

    Raises:
        PuzzlescopeError: if there is no such cell.
    """
    if not 0 <= cell < CELLS:
        raise PuzzlescopeError(f"A cell of the answer is a number from 0 to {CELLS - 1}, got {cell}.")
    row, column = divmod(cell, SIZE)
    rows, columns = np.divmod(np.arange(CELLS), SIZE)
    near = (np.maximum(abs(rows - row), abs(columns - column)) == 1).astype(np.int64)
    changed = (puzzle.grids[0] != puzzle.grids[1]).ravel().astype(np.int64)
    found = np.full(cell_position(3, SIZE - 1, SIZE - 1), ROLES.index("markers"), dtype=np.int64)
    found[0] = ROLES.index("start")
    starts = [cell_position(grid, 0, 0) for grid in range(4)]
    for grid, name in ((0, "first grid"), (1, "second grid")):
        found[starts[grid] : starts[grid] + CELLS] = ROLES.index(name) + changed
    found[starts[2] : starts[2] + CELLS] = ROLES.index("third grid") + near
    found[starts[2] + cell] = ROLES.index("third grid, same cell")
    found[starts[3] :] = ROLES.index("answer so far") + near[: len(found) - starts[3]]
    here = ANSWER_START + cell
    assert starts[2] + cell == here - GRID_TOKENS + 1
    found[here] = HERE
    return found[: here + 1]
