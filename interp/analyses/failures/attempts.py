"""The edits that are tried, of one cell, then two, then three: all that leave an answer to be worked out."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from interp.analyses.failures.ground import Ground
from interp.grids import CELLS, N_COLORS
from interp.puzzles import Puzzle

MOST_CELLS = 3
"""Cells of an edit: as many as a line of the smallest rectangle has."""


@dataclass(frozen=True, eq=False)
class Attempts:
    """Edited third grids, and the right answer to each."""

    thirds: UInt8[np.ndarray, "edit 100"]
    answers: UInt8[np.ndarray, "edit 100"]

    def __len__(self) -> int:
        return len(self.thirds)

    def __getitem__(self, chosen: slice | Bool[np.ndarray, " edit"] | Int[np.ndarray, " few"]) -> "Attempts":
        return Attempts(self.thirds[chosen], self.answers[chosen])


def single_cells(puzzle: Puzzle, ground: Ground) -> Attempts:
    """Every cell of the third grid in every other colour, where that leaves the answer determined; first
    those that take noise away, or put other noise in its place."""
    third = puzzle.grids[2].ravel()
    noisy = third != ground.here.third.ravel()
    cells = np.concatenate([np.flatnonzero(noisy), np.flatnonzero(~noisy)])
    edits = [(cell, color) for cell in cells.tolist() for color in range(N_COLORS) if third[cell] != color]
    thirds = np.tile(third, (len(edits), 1))
    for row, (cell, color) in enumerate(edits):
        thirds[row, cell] = color
    return _kept(thirds, ground)


def several_cells(
    puzzle: Puzzle,
    ground: Ground,
    singles: Attempts,
    losses: Float[np.ndarray, " edit"],
    cells: int,
    room: int,
) -> Attempts:
    """Edits of two or three cells: a rectangle of the third grid a line larger or smaller, with the answer
    that this makes; then those that join the best edits of one cell, the best first.

    Args:
        singles, losses: edits of one cell, and the loss of the right answer after each.
        cells: of each edit.
        room: at most so many.
    """
    lines = _lines(puzzle, ground, cells)
    best = _best_by_cell(puzzle, singles, losses)
    third = puzzle.grids[2].ravel()
    joined = [_joined(third, chosen) for chosen in islice(_by_rank(best, cells), max(0, room - len(lines)))]
    both = _kept(np.array(joined, np.uint8).reshape(-1, CELLS), ground)
    return Attempts(
        np.concatenate([lines.thirds, both.thirds])[:room],
        np.concatenate([lines.answers, both.answers])[:room],
    )


def _kept(thirds: UInt8[np.ndarray, "edit 100"], ground: Ground) -> Attempts:
    """Those that leave the answer as it is, and determined."""
    kept = thirds[ground.keeps(thirds)]
    return Attempts(kept, np.tile(ground.here.answer.ravel(), (len(kept), 1)))


def _lines(puzzle: Puzzle, ground: Ground, cells: int) -> Attempts:
    """A rectangle of the third grid a line larger or smaller, by an edit of so many cells."""
    third, here = puzzle.grids[2].ravel(), ground.here.third.ravel()
    thirds, answers = [], []
    for way in ground.others:
        there = way.third.ravel()
        edited = np.where(there != here, there, third)
        if (edited != third).sum() != cells:
            continue
        near = ground.at(way)
        if near is not None and near.keeps(edited[None])[0]:
            thirds.append(edited)
            answers.append(way.answer.ravel())
    return Attempts(*(np.array(found, np.uint8).reshape(-1, CELLS) for found in (thirds, answers)))


def _best_by_cell(
    puzzle: Puzzle, singles: Attempts, losses: Float[np.ndarray, " edit"]
) -> list[UInt8[np.ndarray, " 100"]]:
    """Of each cell the edit that leaves the lowest loss, the lowest first."""
    third = puzzle.grids[2].ravel()
    found: dict[int, UInt8[np.ndarray, " 100"]] = {}
    for row in np.argsort(losses, kind="stable").tolist():
        edited = singles.thirds[row]
        found.setdefault(int((edited != third).argmax()), edited)
    return list(found.values())


def _by_rank(best: Sequence[np.ndarray], cells: int) -> list[tuple[np.ndarray, ...]]:
    """So many of them at a time, those of the best ranks first."""
    most = range(min(len(best), 25 if cells == 2 else 14))
    ranked = sorted(combinations(most, cells), key=sum)
    return [tuple(best[k] for k in chosen) for chosen in ranked]


def _joined(third: np.ndarray, chosen: tuple[np.ndarray, ...]) -> np.ndarray:
    edited = third.copy()
    for one in chosen:
        edited = np.where(one != third, one, edited)
    return edited
