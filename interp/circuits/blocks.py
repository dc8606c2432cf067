"""Positions by what stands there, so that an edge has a score for each block of them and not for each of 404.

>>> BLOCKS
('start', 'markers', 'first grid', 'second grid', 'third grid', 'copied', 'changed')
"""

import numpy as np
from jaxtyping import Int

from interp.grids import CELLS
from interp.puzzles import Puzzle
from interp.tokens import ANSWER_START, GRID_TOKENS

BLOCKS = ("start", "markers", "first grid", "second grid", "third grid", "copied", "changed")
"""The start token; the markers of the three grids that are given; the cells of these; and the answer's
positions by the cell that is predicted there: the same as the third grid's, or changed."""
POSITIONS = ANSWER_START + CELLS
"""Positions of a run that is asked for the answer: all but the last cell's, where nothing is predicted."""


def blocks_of(puzzle: Puzzle) -> Int[np.ndarray, " pos"]:
    """The number among :data:`BLOCKS` of each position of a puzzle's run. At the position ``p`` the token ``p
    + 1`` is predicted, so the answer's marker belongs to its first cell."""
    found = np.zeros(POSITIONS, dtype=np.int64)
    for grid in range(3):
        marker = 1 + grid * GRID_TOKENS
        found[marker] = BLOCKS.index("markers")
        found[marker + 1 : marker + GRID_TOKENS] = BLOCKS.index("first grid") + grid
    changed = (puzzle.grids[2] != puzzle.grids[3]).ravel()
    found[ANSWER_START:] = np.where(changed, BLOCKS.index("changed"), BLOCKS.index("copied"))
    return found
