"""The eight tasks of the "culture" puzzles as generators.

Each task is a rule ``f`` on grids of three rectangles. A puzzle shows it once, ``X -> f(X)``, and asks for
``f(Y)``; colours and the rule's parameters (a direction, a polarity ...) are shared by the two pairs, the
rectangles are not. The rules and their distribution are those of François Fleuret's generator
(https://fleuret.org/git/culture), drawn here for a whole batch at once; :mod:`interp.tasks.solving` states
each rule a second time, independently.

>>> import numpy as np
>>> puzzles = TASKS["frame"].generate(3, np.random.default_rng(0))
>>> puzzles.shape
(3, 4, 10, 10)
>>> x, fx, y, fy = puzzles[0]
>>> bool((TASKS["frame"].solve(x, fx, y) == fy).all())
True
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int, UInt8

from interp.errors import PuzzlescopeError, brief
from interp.grids import N_COLORS, SIZE, Grid, border, draw_disjoint_triples, inside, paint, shrink
from interp.tasks.solving import solve
from interp.tokens import STRUCTURES, Structure

Pairs = UInt8[np.ndarray, "n 4 10 10"]
Colors = UInt8[np.ndarray, "n color"]
Triples = Int[np.ndarray, "n 3 4"]
Accept = Callable[[Triples, Int[np.ndarray, " n"]], Bool[np.ndarray, " n"]]

NOISE = 0.05
"""Share of the third grid's cells that carry a random colour in the public data set."""


@dataclass(frozen=True)
class Task:
    """A rule, with the generator of its puzzles and an independent solver."""

    name: str
    rule: str
    draw: Callable[[int, np.random.Generator], Pairs]

    def generate(
        self,
        n: int,
        rng: np.random.Generator,
        *,
        structure: Structure = STRUCTURES[0],
        noise: float = 0.0,
        verified: bool = False,
    ) -> Pairs:
        """Draw puzzles.

        Args:
            n: how many.
            rng: where all randomness comes from: the same generator state gives the same puzzles.
            structure: the order of the four grids along axis 1.
            noise: probability that a cell of the third grid is replaced by a uniformly random colour. As in
                the public data set this touches only the structures that end in Y or f(Y).
            verified: keep only puzzles whose answer the task's solver works out from the other three grids
                (before the noise). Every forward puzzle passes; some reversed ``translate`` puzzles are not
                determined.

        Returns:
            ``uint8`` colours ``[n, 4, row, column]``; the last of the four is the answer.
        """
        puzzles = (
            self._draw_verified(n, rng, structure) if verified else self.draw(n, rng)[:, structure.order]
        )
        if noise > 0 and structure.noisy:
            add_noise(puzzles[:, 2], noise, rng)
        return puzzles

    def solve(self, x: Grid, fx: Grid, y: Grid, *, reverse: bool = False) -> Grid | None:
        """Work out the answer from the three grids that come before it, in that order.

        ``reverse`` says that they are f(X), X and f(Y). ``None`` if the puzzle is not of this task or not
        determined.
        """
        return solve(self.name, x, fx, y, reverse=reverse).answer

    def _draw_verified(self, n: int, rng: np.random.Generator, structure: Structure) -> Pairs:
        kept: list[np.ndarray] = []
        while len(kept) < n:
            for puzzle in self.draw(n - len(kept), rng)[:, structure.order]:
                answer = self.solve(*puzzle[:3], reverse=structure.reverse)
                if answer is not None and np.array_equal(answer, puzzle[3]):
                    kept.append(puzzle)
        return np.stack(kept) if kept else np.zeros((0, 4, SIZE, SIZE), dtype=np.uint8)


def add_noise(grids: UInt8[np.ndarray, "n 10 10"], share: float, rng: np.random.Generator) -> None:
    """Replace each cell with probability ``share`` by a uniformly random colour, in place."""
    hit = rng.random(grids.shape) < share
    grids[hit] = rng.integers(N_COLORS, size=int(hit.sum()), dtype=np.uint8)


def _colors(n: int, count: int, rng: np.random.Generator) -> Colors:
    """``count`` distinct colours other than blank for each puzzle."""
    ordered = np.tile(np.arange(1, N_COLORS, dtype=np.uint8), (n, 1))
    return rng.permuted(ordered, axis=1)[:, :count]


def _triples(n: int, rng: np.random.Generator, accept: Accept | None = None) -> Triples:
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


def _blank_pairs(n: int) -> Pairs:
    return np.zeros((n, 4, SIZE, SIZE), dtype=np.uint8)


def _both(puzzles: Pairs) -> list[tuple[np.ndarray, np.ndarray]]:
    """Views of (X, f(X)) and (Y, f(Y)), to be painted."""
    return [(puzzles[:, 0], puzzles[:, 1]), (puzzles[:, 2], puzzles[:, 3])]


def _paint_rectangles(grids: np.ndarray, rects: Int[np.ndarray, "n rect 4"], colors: Colors) -> None:
    for k in range(rects.shape[1]):
        paint(grids, inside(rects[:, k]), colors[:, k])


def _replace_color(n: int, rng: np.random.Generator) -> Pairs:
    puzzles, color = _blank_pairs(n), _colors(n, 4, rng)
    for before, after in _both(puzzles):
        rects = _triples(n, rng)
        _paint_rectangles(before, rects, color)
        _paint_rectangles(after, rects, color[:, [3, 1, 2]])
    return puzzles


MOVED_BELOW = SIZE
"""The original asks for bottom < 10, not <= 10: a moved rectangle never lies on the last row or column."""

_MOVES = np.array([(di, dj) for di in (-1, 0, 1) for dj in (-1, 0, 1) if (di, dj) != (0, 0)], dtype=np.int16)


def _translate(n: int, rng: np.random.Generator) -> Pairs:
    puzzles, color = _blank_pairs(n), _colors(n, 3, rng)
    move = np.tile(_MOVES[rng.integers(len(_MOVES), size=n)], (1, 2))

    def stays_on_grid(rects: Triples, which: np.ndarray) -> np.ndarray:
        moved = rects[:, 2] + move[which]
        return (moved[:, :2] >= 0).all(axis=1) & (moved[:, 2:] < MOVED_BELOW).all(axis=1)

    for before, after in _both(puzzles):
        rects = _triples(n, rng, stays_on_grid)
        _paint_rectangles(before, rects, color)
        _paint_rectangles(after, rects[:, :2], color)
        paint(after, inside(rects[:, 2] + move), color[:, 2])
    return puzzles


def _grow(n: int, rng: np.random.Generator) -> Pairs:
    puzzles, color = _blank_pairs(n), _colors(n, 3, rng)
    shrinks = rng.integers(2, size=n).astype(bool)

    def large_enough(rects: Triples, which: np.ndarray) -> np.ndarray:
        return (rects[:, 2, 2:] - rects[:, 2, :2] > 3).all(axis=1)

    for before, after in _both(puzzles):
        rects = _triples(n, rng, large_enough)
        _paint_rectangles(before, rects[:, :2], color)
        _paint_rectangles(after, rects[:, :2], color)
        full, small = inside(rects[:, 2]), inside(shrink(rects[:, 2]))
        paint(before, np.where(shrinks[:, None, None], full, small), color[:, 2])
        paint(after, np.where(shrinks[:, None, None], small, full), color[:, 2])
    return puzzles


def _half_fill(n: int, rng: np.random.Generator) -> Pairs:
    puzzles, color = _blank_pairs(n), _colors(n, 6, rng)
    direction = rng.integers(4, size=n)
    for before, after in _both(puzzles):
        rects = _triples(n, rng)
        for k in range(3):
            line, half = _middle_line_and_half(rects[:, k], direction)
            for grids in (before, after):
                paint(grids, inside(rects[:, k]), color[:, 2 * k])
                paint(grids, inside(line), color[:, 2 * k + 1])
        paint(after, inside(half), color[:, 5])
    return puzzles


def _middle_line_and_half(
    rects: Int[np.ndarray, "n 4"], direction: Int[np.ndarray, " n"]
) -> tuple[Int[np.ndarray, "n 4"], Int[np.ndarray, "n 4"]]:
    """The middle row (directions 0, 1) or column (2, 3), and the half from it to the end (0, 2) or from the
    start (1, 3)."""
    each = np.arange(len(rects))
    low = direction // 2  # index of the side that starts the axis: top 0 or left 1
    to_end = direction % 2 == 0
    middle = (rects[each, low] + rects[each, low + 2] - ~to_end) // 2
    line, half = rects.copy(), rects.copy()
    line[each, low], line[each, low + 2] = middle, middle + 1
    half[each, low] = np.where(to_end, middle, half[each, low])
    half[each, low + 2] = np.where(to_end, half[each, low + 2], middle + 1)
    return line, half


def _frame(n: int, rng: np.random.Generator) -> Pairs:
    puzzles, color = _blank_pairs(n), _colors(n, 3, rng)
    for before, after in _both(puzzles):
        rects = _triples(n, rng)
        _paint_rectangles(before, rects, color)
        _paint_rectangles(after, rects[:, :2], color)
        paint(after, border(rects[:, 2]), color[:, 2])
    return puzzles


def _corner(rects: Int[np.ndarray, "n 4"], bottom: bool, right: bool) -> Bool[np.ndarray, "n 10 10"]:
    """Three cells in the shape of an L at one corner of each rectangle."""
    i = np.where(bottom, rects[:, 2] - 1, rects[:, 0])
    j = np.where(right, rects[:, 3] - 1, rects[:, 1])
    toward_i, toward_j = (-1 if bottom else 1), (-1 if right else 1)
    cells = np.zeros((len(rects), SIZE, SIZE), dtype=bool)
    each = np.arange(len(rects))
    cells[each, i, j] = cells[each, i + toward_i, j] = cells[each, i, j + toward_j] = True
    return cells


def _detect(n: int, rng: np.random.Generator) -> Pairs:
    puzzles, color = _blank_pairs(n), _colors(n, 4, rng)
    for before, after in _both(puzzles):
        rects = _triples(n, rng)
        _paint_rectangles(before, rects, color)
        _paint_rectangles(after, rects, color)
        for k in range(2):
            paint(after, _corner(rects[:, k], bottom=False, right=False), color[:, 3])
    return puzzles


def _corners(n: int, rng: np.random.Generator) -> Pairs:
    puzzles, color = _blank_pairs(n), _colors(n, 3, rng)
    falling = rng.integers(2, size=n).astype(bool)[:, None, None]  # corners top left and bottom right
    for before, after in _both(puzzles):
        rects = _triples(n, rng)
        for k in range(3):
            down = _corner(rects[:, k], False, False) | _corner(rects[:, k], True, True)
            up = _corner(rects[:, k], False, True) | _corner(rects[:, k], True, False)
            paint(before, np.where(falling, down, up), color[:, k])
        _paint_rectangles(after, rects, color)
    return puzzles


def _touch(a: Int[np.ndarray, "n 4"], b: Int[np.ndarray, "n 4"]) -> Bool[np.ndarray, " n"]:
    """Whether two rectangles that do not overlap share part of an edge."""
    vertical = np.maximum(a[:, 0] - b[:, 2], b[:, 0] - a[:, 2])
    horizontal = np.maximum(a[:, 1] - b[:, 3], b[:, 1] - a[:, 3])
    return ((vertical <= 0) & (horizontal < 0)) | ((vertical < 0) & (horizontal <= 0))


def _contact(n: int, rng: np.random.Generator) -> Pairs:
    puzzles, color = _blank_pairs(n), _colors(n, 3, rng)

    def some_touch(rects: Triples, which: np.ndarray) -> np.ndarray:
        return _touch(rects[:, 0], rects[:, 1]) | _touch(rects[:, 0], rects[:, 2])

    for before, after in _both(puzzles):
        rects = _triples(n, rng, some_touch)
        _paint_rectangles(before, rects, color)
        _paint_rectangles(after, rects, color)
        for k in (1, 2):
            touches = _touch(rects[:, 0], rects[:, k])[:, None, None]
            paint(after, border(rects[:, k]) & touches, color[:, 0])
    return puzzles


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task("replace_color", "one rectangle changes its colour", _replace_color),
        Task("translate", "one rectangle moves by one cell", _translate),
        Task("grow", "one rectangle grows or shrinks by a ring of cells", _grow),
        Task("half_fill", "one rectangle is filled from its middle line to a side", _half_fill),
        Task("frame", "one rectangle is emptied but for its border", _frame),
        Task("detect", "two rectangles get a mark in their top left corner", _detect),
        Task("corners", "two opposite corners are completed to a rectangle", _corners),
        Task("contact", "rectangles that touch a certain one are framed in its colour", _contact),
    )
}


def task_named(name: str) -> Task:
    """The task of this name.

    Raises:
        PuzzlescopeError: if there is none.
    """
    if name not in TASKS:
        raise PuzzlescopeError(f"No task '{brief(name)}': expected one of {', '.join(TASKS)}.")
    return TASKS[name]
