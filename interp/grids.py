"""Grids of 10x10 coloured cells, and the rectangles that are drawn on them.

A *grid* is a ``uint8`` array ``[row, column]`` (row 0 on top) of colours 0..10, where 0 is blank. A
*rectangle* is four integers ``(top, left, bottom, right)``, bottom and right exclusive, as in Python slices.
Everything here works on batches, so that thousands of puzzles are drawn without a Python loop over cells.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Bool, Int, UInt8

SIZE = 10
CELLS = SIZE * SIZE
N_COLORS = 11

MIN_SIDE = 3
MAX_AREA = CELLS // 2

Grid = UInt8[np.ndarray, "10 10"]
Grids = UInt8[np.ndarray, "*batch 10 10"]
Rectangles = Int[np.ndarray, "*batch 4"]


@dataclass(frozen=True)
class Color:
    """One of the eleven cell colours: its name and how the original puzzles paint it (sRGB hex)."""

    name: str
    hex: str


COLORS = (
    Color("blank", "#ffffff"),
    Color("red", "#ff0000"),
    Color("green", "#00c000"),
    Color("blue", "#0000ff"),
    Color("yellow", "#ffe000"),
    Color("cyan", "#00ffff"),
    Color("violet", "#e080ff"),
    Color("light green", "#c0ffc0"),
    Color("brown", "#a52a2a"),
    Color("light blue", "#c0c0ff"),
    Color("grey", "#808080"),
)


@cache
def all_rectangles() -> Rectangles:
    """Every rectangle a puzzle may hold, ``[1 + index, 4]``: sides of at least 3 cells, at most half the
    grid.

    The original generator sorts two random rows and two random columns and rejects what is too small or too
    large, which makes each of these equally likely: a uniform index into this table is the same draw.
    """
    spans = [(a, b) for a in range(SIZE) for b in range(a + MIN_SIDE, SIZE + 1)]
    rects = [(i1, j1, i2, j2) for i1, i2 in spans for j1, j2 in spans if (i2 - i1) * (j2 - j1) <= MAX_AREA]
    return np.array(rects, dtype=np.int16)


@cache
def _overlap_table() -> Bool[np.ndarray, "rect rect"]:
    top, left, bottom, right = all_rectangles().T
    rows = (top[:, None] < bottom[None]) & (top[None] < bottom[:, None])
    columns = (left[:, None] < right[None]) & (left[None] < right[:, None])
    return rows & columns


def draw_disjoint_triples(n: int, rng: np.random.Generator) -> Int[np.ndarray, "n 3 4"]:
    """``n`` independent triples of rectangles that do not overlap (they may touch), uniform over all such
    triples."""
    table, overlap = all_rectangles(), _overlap_table()
    kept: list[np.ndarray] = []
    have = 0
    while have < n:
        # About one triple in twenty survives; a whole triple is rejected, never one member, or the draw would
        # be biased.
        a, b, c = rng.integers(len(table), size=(3, 24 * (n - have) + 64))
        pairs = ~overlap[a, b]
        a, b, c = a[pairs], b[pairs], c[pairs]
        free = ~(overlap[a, c] | overlap[b, c])
        kept.append(np.stack([a[free], b[free], c[free]], axis=1))
        have += int(free.sum())
    return table[np.concatenate(kept)[:n]]


def inside(rects: Rectangles) -> Bool[np.ndarray, "*batch 10 10"]:
    """The cells of each rectangle. An empty one (bottom <= top or right <= left) has none; what lies off the
    grid is cut."""
    lines = np.arange(SIZE)
    top, left, bottom, right = (rects[..., k, None] for k in range(4))
    rows = (lines >= top) & (lines < bottom)
    columns = (lines >= left) & (lines < right)
    return rows[..., :, None] & columns[..., None, :]


def shrink(rects: Rectangles, by: int = 1) -> Rectangles:
    """Each rectangle without its outermost ``by`` rings of cells."""
    return rects + np.array([by, by, -by, -by], dtype=rects.dtype)


def border(rects: Rectangles) -> Bool[np.ndarray, "*batch 10 10"]:
    """The outermost ring of cells of each rectangle."""
    return inside(rects) & ~inside(shrink(rects))


def paint(grids: Grids, cells: Bool[np.ndarray, "*batch 10 10"], color: UInt8[np.ndarray, "*batch"]) -> None:
    """Give the chosen ``cells`` of each grid that grid's ``color``, in place."""
    np.copyto(grids, color[..., None, None], where=cells)
