"""Puzzles from tasks of ARC (the Abstraction and Reasoning Corpus), whose grids have up to 30 x 30 cells.

A puzzle here shows one example, ``X, f(X)``, and asks for ``f(Y)``; a task of ARC has several examples and
tests.

- ``{"train": [pairs], "test": [pairs]}``: a puzzle for each test and each example, as in (example 1, test 1),
  (example 2, test 1). It is called by its "id" or "name", or else as the file is.
- pairs one after the other, in a list or on lines: each is the example for the next, so that n make n - 1
  puzzles.
- ``{"007bbfb7": {"train": ..., "test": ...}, ...}``, a collection: each task by its id. If one task is asked
  for, the others are not looked at, so that their grids may have any size.

A task may say more than ARC knows: a "structure", the order of its puzzles' grids ("f(X) X f(Y) Y": inputs
are f(X) and f(Y)), and a "task" of ours, which its puzzles are then labelled with. So do those that we write.

A pair is ``{"input": grid, "output": grid}``. A grid of 10 x 10 cells is taken as it is. A larger one is
refused, and a smaller one too, unless the caller says where on a blank grid it goes.

>>> place_grid([[7, 7]], "top-left", "this")[0].tolist()
[7, 7, 0, 0, 0, 0, 0, 0, 0, 0]
>>> place_grid([[7, 7]], "centre", "this")[4].tolist()
[0, 0, 0, 0, 7, 7, 0, 0, 0, 0]
"""

from itertools import product
from pathlib import PurePath
from typing import Any

import numpy as np
from jaxtyping import UInt8

from interp.errors import PuzzlescopeError
from interp.grids import N_COLORS, SIZE
from interp.puzzles.puzzle import LONGEST_TASK, PLACES, quoted
from interp.puzzles.rows import BadRowError, Gathering, whole_list
from interp.tokens import STRUCTURES, Structure, encode, structure_named

Pair = tuple[UInt8[np.ndarray, "10 10"], UInt8[np.ndarray, "10 10"]]


class ArcReader:
    """Takes from a JSON file what is of ARC.

    Args:
        gathering: takes the puzzles.
        name: the task of puzzles that have no name of their own.
    """

    def __init__(self, gathering: Gathering, name: str):
        self._gathering, self._place = gathering, gathering.wanted.place
        self._name = "".join(c if c.isprintable() else " " for c in name)[:LONGEST_TASK]
        self._last: Pair | None = None
        self._pairs = 0

    def read(self, value: Any, place: str) -> bool:
        """Take an entry of a file, if it is of ARC; returns whether it is.

        Raises:
            BadRowError: saying why it cannot be made a puzzle.
        """
        if not isinstance(value, dict):
            return False
        if "train" in value or "test" in value:
            self._read_task(value, own_name(value) or self._name, place)
        elif "input" in value or "output" in value:
            self._take(value, place)
        elif is_collection(value):
            for name, task in value.items():
                self._read_task(task, name, f"task {quoted(name)}")
        else:
            return False
        return True

    @property
    def alone(self) -> bool:
        """Whether there was a single pair, and so nothing that it is an example for."""
        return self._pairs == 1

    def _read_task(self, task: dict[str, Any], name: str, place: str) -> None:
        label = label_of_task(task, name)
        if self._gathering.wanted.task not in (None, label):
            self._gathering.skip()
            return
        structure = order_of_task(task, name)
        sides = []
        for side in ("train", "test"):
            pairs = task.get(side)
            if not isinstance(pairs, list) or not pairs:
                raise BadRowError(0, f'{of_task(name)}expected a list of {{"input", "output"}} as "{side}".')
            sides.append(
                [self._read_pair(p, f"{of_task(name)}{side} pair {k}") for k, p in enumerate(pairs, start=1)]
            )
        train, test = sides
        self._gathering.expect(len(train) * len(test))
        for asked, example in product(test, train):
            self._add(label, example, asked, place, structure)

    def _take(self, value: dict[str, Any], place: str) -> None:
        pair = self._read_pair(value, "its pair")
        self._pairs += 1
        if self._last is not None:
            self._add(self._name, self._last, pair, place)
        self._last = pair

    def _add(
        self, name: str, example: Pair, asked: Pair, place: str, structure: Structure = STRUCTURES[0]
    ) -> None:
        tokens = encode(np.stack([*example, *asked]), structure)
        self._gathering.add([name], tokens[None], place)

    def _read_pair(self, pair: Any, what: str) -> Pair:
        if not isinstance(pair, dict) or not isinstance(pair.get("input"), list):
            raise BadRowError(0, f'{what}: expected {{"input": grid, "output": grid}}.')
        if not pair.get("output"):
            raise BadRowError(
                0,
                f"{what} has no output, as in files of ARC that keep the answers back: a puzzle needs its"
                f" answer, so put"
                ' the solution in as "output".',
            )
        before, after = (
            place_grid(pair[side], self._place, f"{what}, {side}") for side in ("input", "output")
        )
        return before, after


def _uneven(rows: list[Any]) -> str:
    """Which row is none, or the first that is not as long as the first one; nothing if there are no rows."""
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, list) or not row:
            return f": row {number} is {'empty' if row == [] else 'no list'}"
        if len(row) != len(rows[0]):
            return f": row {number} has {len(row)}, row 1 has {len(rows[0])}"
    return ""


def place_grid(grid: Any, place: str | None, what: str) -> UInt8[np.ndarray, "10 10"]:
    """A grid of ARC as one of ours; what is around a smaller one is blank (colour 0).

    Args:
        grid: rows of colours, as JSON has them.
        place: where a smaller one goes, of PLACES; None refuses it.
        what: names the grid for messages.

    Raises:
        BadRowError: if it is not a grid, or too large, or too small without a place.
    """
    rows = grid if isinstance(grid, list) else []
    widths = {len(row) if isinstance(row, list) else 0 for row in rows}
    if len(widths) != 1 or 0 in widths:
        raise BadRowError(0, f"{what}: expected a grid, rows of equal length of colours{_uneven(rows)}.")
    height, width = len(rows), widths.pop()
    if max(height, width) > SIZE:
        raise BadRowError(
            0,
            f"{what} is {height} x {width}: a grid has at most {SIZE} x {SIZE} cells here; leave such a task"
            " out (of a collection, a task can be chosen by its id).",
        )
    if min(height, width) < SIZE and place is None:
        raise BadRowError(
            0,
            f"{what} is {height} x {width}, expected {SIZE} x {SIZE}: say where on a blank grid it goes,"
            f" with --place {' or '.join(PLACES)} (in Python, place=...).",
        )
    cells = whole_list(
        [cell for row in rows for cell in row], lambda k: f"{what}, {_cell(k // width, k % width)}: "
    )
    wrong = np.flatnonzero((cells != np.rint(cells)) | (cells >= N_COLORS))
    if len(wrong):
        k = int(wrong[0])
        raise BadRowError(
            0,
            f"{what}, {_cell(k // width, k % width)}: a cell is a colour, a whole number from 0 to"
            f" {N_COLORS - 1}, got {cells[k]:g}.",
        )
    top, left = ((SIZE - height) // 2, (SIZE - width) // 2) if place == "centre" else (0, 0)
    found = np.zeros((SIZE, SIZE), dtype=np.uint8)
    found[top : top + height, left : left + width] = cells.reshape(height, width)
    return found


def _cell(row: int, column: int) -> str:
    return f"row {row + 1}, column {column + 1}"


def label_of_task(task: dict[str, Any], name: str) -> str:
    """What puzzles of a task are labelled with: what it says itself, or else its name."""
    return task["task"] if isinstance(task.get("task"), str) else name


def order_of_task(task: dict[str, Any], name: str) -> Structure:
    """The order of the grids that a task says; input, output, input, output are X, f(X), Y, f(Y) if none.

    Raises:
        BadRowError: if there is no such order.
    """
    said = task.get("structure", STRUCTURES[0].name)
    if not isinstance(said, str):
        raise BadRowError(0, f"{of_task(name)}expected as structure {STRUCTURES[0].name} or the like.")
    try:
        return structure_named(said)
    except PuzzlescopeError as error:
        raise BadRowError(0, f"{of_task(name)}{error}") from error


def is_collection(value: dict[str, Any]) -> bool:
    """Whether these are tasks of ARC by their ids."""
    return bool(value) and all(isinstance(task, dict) and "train" in task for task in value.values())


def of_task(name: str) -> str:
    return f"task {quoted(name)}, "


def own_name(task: dict[str, Any]) -> str:
    """What a task calls itself; empty if it does not."""
    found = (task.get(key) for key in ("id", "task_id", "name"))
    return next((name for name in found if isinstance(name, str) and name), "")


def stem(name: str) -> str:
    """A file's name without its endings, for the tasks in it: "007bbfb7" of "007bbfb7.json.gz"."""
    path = PurePath(name)
    for _ in path.suffixes[-2:]:
        if path.suffix.lower() in (".gz", ".json", ".jsonl", ".ndjson"):
            path = path.with_suffix("")
    return path.name
