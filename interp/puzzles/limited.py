"""The fair share of a large file: the puzzles that :meth:`interp.puzzles.PuzzleSet.limit` takes, in its
order, without all others in memory.

The order goes to and fro in the file. So the file is read once for the kinds of its rows, and then again for
every so many of the puzzles that are taken.
"""

from array import array
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Integer

from interp.errors import PuzzlescopeError
from interp.puzzles.files import gather
from interp.puzzles.puzzle import Puzzle, fair_order
from interp.puzzles.rows import Gathering, Wanted

HELD = 1 << 17
"""Puzzles that are held at a time: 0.1 GB."""
UNWANTED = -1


def read_fairly(path: Path, wanted: Wanted, take: Callable[[Sequence[Puzzle]], None]) -> None:
    """Hand over a file's puzzles that are wanted, ``wanted.limit`` at most, shared fairly between tasks and
    orders.

    Raises:
        PuzzlescopeError: if the file cannot be read, or is another before its end.
    """
    kinds = _Kinds(str(path), wanted)
    gather(path, kinds)
    rows = kinds.chosen()
    for start in range(0, len(rows), HELD):
        picking = _Picking(str(path), wanted, kinds, rows[start : start + HELD])
        gather(path, picking)
        take(picking.picked())


class _Kinds(Gathering):
    """Notes of what kind each row is."""

    def __init__(self, where: str, wanted: Wanted):
        super().__init__(where, wanted)
        self.tasks: list[str] = []
        self._numbers: dict[tuple[str, int], int] = {}
        self.rows = array("i")

    def _keep(self, label: str | None, order: int, tokens: np.ndarray) -> None:
        label = self._wanted(label, order, tokens)
        if label is None:
            self.rows.append(UNWANTED)
            return
        number = self._numbers.setdefault((label, order), len(self._numbers))
        if number == len(self.tasks):
            self.tasks.append(label)
        self.rows.append(number)

    def chosen(self) -> Integer[np.ndarray, " rows"]:
        """Which rows are taken, in the order in which they are."""
        kinds = np.frombuffer(self.rows, np.int32)
        rows = np.flatnonzero(kinds != UNWANTED)
        limit = self.wanted.limit
        if limit is None or limit >= len(rows):
            return rows
        kinds = kinds[rows]
        tasks = np.array([self.tasks.index(task) for task in self.tasks])[kinds]
        return rows[fair_order(tasks, kinds)[:limit]]


class _Picking(Gathering):
    """Keeps some rows, in the order that is asked for."""

    def __init__(self, where: str, wanted: Wanted, kinds: _Kinds, rows: Integer[np.ndarray, " rows"]):
        super().__init__(where, wanted)
        self._kinds = kinds
        self._places = np.full(len(kinds.rows), UNWANTED, np.int32)
        self._places[rows] = np.arange(len(rows))
        self._row = 0
        self._found: list[Puzzle | None] = [None] * len(rows)

    def _keep(self, label: str | None, order: int, tokens: np.ndarray) -> None:
        place = self._places[self._row] if self._row < len(self._places) else UNWANTED
        if place != UNWANTED:
            task = self._kinds.tasks[self._kinds.rows[self._row]]
            self._found[place] = Puzzle(task, tokens.tobytes())
        self._row += 1

    def picked(self) -> list[Puzzle]:
        """The puzzles of these rows."""
        found = [puzzle for puzzle in self._found if puzzle is not None]
        if self._row != len(self._places) or len(found) < len(self._found):
            raise PuzzlescopeError(f"{self.where} has changed while it was read: begin again.")
        return found
