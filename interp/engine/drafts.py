"""Speculative decoding: draft tokens for the next cells of an answer, checked by the model several at once.

A guess costs nothing and is checked by the model before it counts, so all that a bad one costs is time. There
are two guessers, and the one with more recent hits is used:

* one that knows what the model answered where it was given the true cells before: right as long as a mistake
  stays local;
* one that goes on drawing: grids are made of rectangles, so a cell repeats its left neighbour, unless the row
  above has an edge there (the predictor that image formats use for flat areas).

>>> drawn = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 1]
>>> next_cells(drawn, forced=[3] * 100, n=6)
[1, 1, 1, 0, 0, 0]
"""

from collections.abc import Callable, Sequence

from interp.grids import CELLS, SIZE

MEMORY = 12
"""How many of the last cells count as recent."""

Guesser = Callable[[Sequence[int], int], int]


def next_cells(cells: Sequence[int], forced: Sequence[int], n: int) -> list[int]:
    """Guesses of the ``n`` cells after these, fewer at the end of the grid.

    Args:
        cells: what greedy decoding has written so far, at least one.
        forced: what the model answers in every cell, given the true ones before it.
    """

    def as_forced(drawn: Sequence[int], cell: int) -> int:
        return forced[cell]

    def drawing_on(drawn: Sequence[int], cell: int) -> int:
        left = drawn[cell - 1]
        if cell <= SIZE:
            return left
        above, before = drawn[cell - SIZE], drawn[cell - SIZE - 1]
        return left if above == before else above

    lately = range(max(1, len(cells) - MEMORY), len(cells))

    def hits(guess: Guesser) -> int:
        return sum(guess(cells, cell) == cells[cell] for cell in lately)

    guess = max(as_forced, drawing_on, key=hits)
    drawn = list(cells)
    for cell in range(len(cells), min(len(cells) + n, CELLS)):
        drawn.append(guess(drawn, cell))
    return drawn[len(cells) :]
