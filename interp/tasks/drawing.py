"""What the generators draw with: batches of distinct colours, of rectangles, and of pairs of grids.

The rules by which a solver finds the answers again never use this: they state each task a second time.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Int, UInt8

from interp.grids import N_COLORS, SIZE, draw_disjoint_triples, inside, paint

Pairs = UInt8[np.ndarray, "n 4 10 10"]
"""X, f(X), Y and f(Y) of each puzzle."""

Colors = UInt8[np.ndarray, "n color"]
Triples = Int[np.ndarray, "n 3 4"]
Accept = Callable[[Triples, Int[np.ndarray, " n"]], Bool[np.ndarray, " n"]]


def distinct_colors(n: int, count: int, rng: np.random.Generator) -> Colors:
    """``count`` distinct colours other than blank for each puzzle."""
    ordered = np.tile(np.arange(1, N_COLORS, dtype=np.uint8), (n, 1))
    return rng.permuted(ordered, axis=1)[:, :count]


def rectangle_triples(n: int, rng: np.random.Generator, accept: Accept | None = None) -> Triples:
    """A triple of rectangles a puzzle, redrawn until ``accept(triples, which puzzles)`` holds for it."""
    triples = draw_disjoint_triples(n, rng)
    if accept is None:
        return triples
    pending = np.flatnonzero(~accept(triples, np.arange(n)))
    while len(pending):
        again = draw_disjoint_triples(len(pending), rng)
        good = accept(again, pending)
        triples[pending[good]] = again[good]
        pending = pending[~good]
    return triples


def blank_pairs(n: int) -> Pairs:
    """The four grids of ``n`` puzzles, blank."""
    return np.zeros((n, 4, SIZE, SIZE), dtype=np.uint8)


def both_pairs(puzzles: Pairs) -> list[tuple[np.ndarray, np.ndarray]]:
    """Views of (X, f(X)) and (Y, f(Y)), to be painted."""
    return [(puzzles[:, 0], puzzles[:, 1]), (puzzles[:, 2], puzzles[:, 3])]


def paint_rectangles(grids: np.ndarray, rects: Int[np.ndarray, "n rect 4"], colors: Colors) -> None:
    """Fill each puzzle's rectangles one after the other, each with its colour."""
    for k in range(rects.shape[1]):
        paint(grids, inside(rects[:, k]), colors[:, k])


def corner_cells(rects: Int[np.ndarray, "n 4"], bottom: bool, right: bool) -> Bool[np.ndarray, "n 10 10"]:
    """Three cells in the shape of an L at one corner of each rectangle."""
    i = np.where(bottom, rects[:, 2] - 1, rects[:, 0])
    j = np.where(right, rects[:, 3] - 1, rects[:, 1])
    toward_i, toward_j = (-1 if bottom else 1), (-1 if right else 1)
    cells = np.zeros((len(rects), SIZE, SIZE), dtype=bool)
    each = np.arange(len(rects))
    cells[each, i, j] = cells[each, i + toward_i, j] = cells[each, i, j + toward_j] = True
    return cells
