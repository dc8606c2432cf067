"""Rectangles on a grid: the few shapes, and questions about shapes, that the rules are made of."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import numpy as np

from interp.grids import SIZE, Grid

Cell: TypeAlias = tuple[int, int]  # row, column


class Rect(NamedTuple):
    """The cells of rows top..bottom-1 and columns left..right-1."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def area(self) -> int:
        return self.height * self.width

    @property
    def cells(self) -> tuple[slice, slice]:
        """An index: `grid[rect.cells] = color` fills the rectangle."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def moved(self, down: int, right: int) -> "Rect":
        return Rect(self.top + down, self.left + right, self.bottom + down, self.right + right)

    def grown(self, by: int) -> "Rect":
        """Pushed out by `by` cells on every side; pulled in where negative."""
        return Rect(self.top - by, self.left - by, self.bottom + by, self.right + by)


def inside_grid(rect: Rect) -> bool:
    return rect.top >= 0 and rect.left >= 0 and rect.bottom <= SIZE and rect.right <= SIZE


def overlap(a: Rect, b: Rect) -> int:
    """How many cells the two have in common."""
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    width = min(a.right, b.right) - max(a.left, b.left)
    return max(height, 0) * max(width, 0)


def touch(a: Rect, b: Rect) -> bool:
    """Whether two disjoint rectangles share a piece of an edge; meeting only at a corner is not touching."""
    rows_apart = max(
        a.top - b.bottom, b.top - a.bottom
    )  # 0: one starts where the other ends; negative: shared rows
    columns_apart = max(a.left - b.right, b.left - a.right)
    return (rows_apart == 0 and columns_apart < 0) or (columns_apart == 0 and rows_apart < 0)


def cells_by_color(grid: Grid) -> Mapping[int, Sequence[Cell]]:
    """The cells of every colour on the grid, blank left out."""
    return _cells(_content(grid))


def bounding_box(cells: Sequence[Cell]) -> Rect:
    rows, columns = zip(*cells, strict=True)
    return Rect(min(rows), min(columns), max(rows) + 1, max(columns) + 1)


def boxes_by_color(grid: Grid) -> Mapping[int, Rect]:
    """The smallest rectangle around every colour on the grid, blank left out."""
    return _boxes(_content(grid))


# Every reading of a puzzle asks for the boxes of the same few grids.
_REMEMBERED = 64


def _content(grid: Grid) -> bytes:
    return grid.astype(np.uint8, copy=False).tobytes()


@lru_cache(_REMEMBERED)
def _cells(content: bytes) -> Mapping[int, Sequence[Cell]]:
    found: dict[int, list[Cell]] = {}
    for k, color in enumerate(content):
        if color:
            found.setdefault(color, []).append(divmod(k, SIZE))
    return MappingProxyType({color: tuple(cells) for color, cells in found.items()})


@lru_cache(_REMEMBERED)
def _boxes(content: bytes) -> Mapping[int, Rect]:
    return MappingProxyType({color: bounding_box(cells) for color, cells in _cells(content).items()})


def corner(rect: Rect, *, bottom: bool, right: bool) -> tuple[list[int], list[int]]:
    """The L of three cells in one corner, as an index: `grid[corner(...)] = color` draws it."""
    i, inward_i = (rect.bottom - 1, -1) if bottom else (rect.top, 1)
    j, inward_j = (rect.right - 1, -1) if right else (rect.left, 1)
    return [i, i + inward_i, i], [j, j, j + inward_j]


def filled(rects: tuple[Rect, ...], colors: tuple[int, ...]) -> Grid:
    """A blank grid with the rectangles filled one after the other, later ones on top."""
    grid = np.zeros((SIZE, SIZE), dtype=np.uint8)
    for rect, color in zip(rects, colors, strict=True):
        grid[rect.cells] = color
    return grid
