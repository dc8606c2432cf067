"""Guesses while decoding: what each guesser would say, and who is believed."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from interp.engine.drafts import next_cells
from interp.grids import CELLS

TOKENS = st.integers(0, 14)
GRIDS = st.lists(TOKENS, min_size=CELLS, max_size=CELLS)


@given(GRIDS, GRIDS, st.integers(1, CELLS), st.integers(0, 30))
def test_as_many_guesses_as_fit(drawn: list[int], forced: list[int], known: int, n: int) -> None:
    found = next_cells(drawn[:known], forced, n)
    assert len(found) == min(n, CELLS - known)
    assert set(found) <= {*drawn[:known], *forced}, "tokens that were seen somewhere"
    assert drawn[:known] == list(drawn[:known])


@given(GRIDS, st.integers(13, 99))
def test_the_forced_answers_are_believed_while_they_are_right(drawn: list[int], known: int) -> None:
    """They cannot be beaten then; where both were always right, they come first."""
    assert next_cells(drawn[:known], drawn, 8) == drawn[known : known + 8]


def test_rectangles_are_drawn_on() -> None:
    """Two rectangles, of which the last rows are missing and the forced answers know nothing."""
    grid = np.zeros((10, 10), dtype=int)
    grid[2:, 1:4], grid[3:, 6:9] = 5, 7
    cells = grid.ravel().tolist()
    for known in (50, 53, 57, 84):
        assert next_cells(cells[:known], [14] * CELLS, 16) == cells[known : known + 16]


def test_the_first_row_repeats_its_last_cell() -> None:
    assert next_cells([4, 4], [9] * CELLS, 3) == [4, 4, 4]
