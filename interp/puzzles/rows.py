"""From the numbers in a file to puzzles: some rows at a time, each checked, and no more kept than is wanted.

A file may hold a million puzzles of which a person wants ten. Its reader hands its rows over in blocks
(:meth:`Gathering.add`); a block is checked as one array of bytes, and of each kind (a task and a structure)
only as many become :class:`~interp.puzzles.puzzle.Puzzle` as the limit can need. So the memory that a large
file takes is that of a block.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import UInt8

from interp.errors import PuzzlescopeError
from interp.grids import N_COLORS
from interp.puzzles.puzzle import Puzzle, PuzzleSet, label_fault, quoted
from interp.tasks import TASKS
from interp.tasks.solving import solve
from interp.tokens import (
    D_VOCAB,
    GRID_TOKENS,
    MARKERS,
    N_CTX,
    PUZZLE_TOKENS,
    START,
    STRUCTURES,
    Structure,
    cell_name,
)

MOST_PUZZLES = 1 << 20
"""In one file: a little more than the public set has. As Python objects that many take 0.6 GB."""
BLOCK = 4096
"""Rows that a reader hands over at once, about: 13 MB of the widest numbers."""

NUMBERS = ("input_ids", "tokens")
"""What the column of tokens may be called: as in the public data sets, or as in our own JSON."""
LABELS = ("label", "task")

UNKNOWN = "unknown"
MOST_GUESSED = 2000
"""So many puzzles without a label are given their task, at a millisecond each; those after them are
"unknown"."""
NOISY_CELLS = 15
"""More noise than this is on one third grid in a million of the public set (4.5 cells on average)."""

Labels = Sequence[str | None]


@dataclass(frozen=True)
class Wanted:
    """Which puzzles of a file, as :func:`interp.puzzles.puzzle.load_puzzles` has it."""

    task: str | None = None
    structure: Structure | None = None
    limit: int | None = None
    place: str | None = None

    def fits(self, task: str, structure: Structure) -> bool:
        return self.task in (None, task) and self.structure in (None, structure)


class Gathering:
    """The puzzles of one file, as its reader comes upon them.

    Args:
        where: the file, for messages.
        wanted: which puzzles to keep.
        most: puzzles that the file may hold.
    """

    def __init__(self, where: str, wanted: Wanted, most: int = MOST_PUZZLES):
        self.where, self.wanted, self._most = where, wanted, most
        self.seen = 0
        self._kept: list[Puzzle] = []
        self._of_kind: Counter[tuple[str, int]] = Counter()
        self._unlabelled = 0
        self._labels: dict[str, str] = {}  # one object for equal labels

    def expect(self, more: int) -> None:
        """Refuse a file that says it has more puzzles than we take, before they are read."""
        if self.seen + more > self._most:
            raise PuzzlescopeError(
                f"{self.where} says that it holds {self.seen + more:,} puzzles: at most {self._most:,} are"
                " read from one file; cut it into several."
            )

    def add(self, labels: Labels, numbers: np.ndarray, place: str, first: int | None = None) -> None:
        """Take some rows.

        Args:
            labels: each row's task; None if it has none.
            numbers: of any type, [row, 404] or, with the start token, [row, 405].
            place: where they stand, for messages, as in "line 7".
            first: the number that the first of them has there, for places such as "puzzle"; None for a row
                alone.

        Raises:
            PuzzlescopeError: naming the first row that is not a puzzle.
        """
        self.expect(len(labels))
        for row, label in enumerate(labels):
            if label is not None and label not in self._labels:
                self._learn(label, _place(place, first, row))
        try:
            tokens = whole_tokens(numbers)
        except BadRowError as bad:
            label = labels[bad.row]
            of = "" if label is None else f" (of {quoted(label)})"
            raise PuzzlescopeError(f"{self.where}, {_place(place, first, bad.row)}{of}: {bad}") from None
        self.seen += len(labels)
        orders = tokens[:, ::101][:, None, :] == np.array([s.markers for s in STRUCTURES], dtype=np.uint8)
        for row, (label, order) in enumerate(zip(labels, orders.all(-1).argmax(-1).tolist(), strict=True)):
            self._keep(label, order, tokens[row])

    def skip(self) -> None:
        """Note that the file holds something that is not wanted, and was not looked at."""
        self.seen += 1

    def puzzles(self, name: str) -> PuzzleSet:
        """What was wanted and found.

        Raises:
            PuzzlescopeError: if the file holds no puzzle at all.
        """
        if not self.seen:
            raise PuzzlescopeError(f"{self.where} holds no puzzle.")
        return PuzzleSet(name, tuple(self._kept)).limit(self.wanted.limit)

    def _learn(self, label: str, place: str) -> None:
        fault = label_fault(label)
        if fault:
            raise PuzzlescopeError(f"{self.where}, {place}: {fault}")
        self._labels[label] = label

    def _keep(self, label: str | None, order: int, tokens: np.ndarray) -> None:
        label = self._wanted(label, order, tokens)
        # The fair limit takes no more than `limit` of any kind, and the first of it.
        limit = self.wanted.limit
        if label is not None and (limit is None or self._of_kind[label, order] < limit):
            self._of_kind[label, order] += 1
            self._kept.append(Puzzle(label, tokens.tobytes()))

    def _wanted(self, label: str | None, order: int, tokens: np.ndarray) -> str | None:
        """The task of a row, worked out if it has none; ``None`` if the row is not wanted."""
        structure = STRUCTURES[order]
        if self.wanted.structure not in (None, structure):
            return None
        if label is None:
            self._unlabelled += 1
            label = task_of(tokens) if self._unlabelled <= MOST_GUESSED else UNKNOWN
        return self._labels.get(label, label) if self.wanted.fits(label, structure) else None


def _place(place: str, first: int | None, row: int) -> str:
    return place if first is None else f"{place} {first + row}"


class BadRowError(Exception):
    """A row that is no puzzle: which of the block, and why, in a sentence."""

    def __init__(self, row: int, why: str):
        super().__init__(why)
        self.row = row


def whole_tokens(numbers: np.ndarray) -> UInt8[np.ndarray, "row 404"]:
    """Tokens, without start token, of rows [row, 404] or [row, 405] of any numbers; 5.0 is as good as 5.

    Raises:
        BadRowError: for the first row that is not a puzzle.
    """
    if numbers.ndim != 2 or numbers.shape[1] not in (PUZZLE_TOKENS, N_CTX):
        raise BadRowError(0, expected(f"got {list(numbers.shape[1:])}"))
    if numbers.dtype.kind not in "iuf":
        raise BadRowError(0, expected(f"got {numbers.dtype}"))
    with np.errstate(invalid="ignore"):  # NaN: it does not survive the next line
        small = np.all((numbers >= 0) & (numbers < D_VOCAB), axis=1)
        tokens = np.where(small[:, None], numbers, 0).astype(np.uint8)
    good = small & (tokens == numbers).all(1)
    if numbers.shape[1] == N_CTX:
        good &= tokens[:, 0] == START
        tokens = tokens[:, 1:]
    grids = tokens.reshape(-1, 4, PUZZLE_TOKENS // 4)
    good &= (grids[:, :, 1:] < N_COLORS).all((1, 2))
    good &= np.logical_or.reduce([(grids[:, :, 0] == s.markers).all(1) for s in STRUCTURES])
    if not good.all():
        row = int(np.argmin(good))
        raise BadRowError(row, _fault(numbers[row]))
    return np.ascontiguousarray(tokens)


def _fault(row: np.ndarray) -> str:
    """Why a row of 404 or 405 numbers is not a puzzle."""
    for k, x in enumerate(row.tolist()):
        if x != x or x in (np.inf, -np.inf) or x != round(x):
            return expected(f"got {x}{_where(k - len(row) + PUZZLE_TOKENS)}")
    if len(row) == N_CTX and row[0] != START:
        return f"{N_CTX} tokens begin with the start token {START}, got {row[0]:g}."
    try:
        Puzzle.of("", row.clip(-(2**31), 2**31).astype(np.int64)[-PUZZLE_TOKENS:])
    except PuzzlescopeError as error:
        return str(error)
    raise AssertionError("a sound row was refused")


def _where(token: int) -> str:
    """Where one of the 404 tokens stands, in words; nothing of the start token."""
    grid, cell = divmod(token, GRID_TOKENS)
    if token < 0:
        return ""
    return f" as the marker of grid {grid + 1}" if not cell else f" in grid {grid + 1}, {cell_name(cell - 1)}"


def expected(got: str) -> str:
    return (
        f"A puzzle is {PUZZLE_TOKENS} whole numbers, or {N_CTX} with the start token {START} in front; {got}."
    )


def numbers_of(value: Any) -> np.ndarray:
    """A list as a file has it, [404] or [405], as numbers. Looks before it makes an array: the list may be
    anything.

    Raises:
        BadRowError: if it is not a list of 404 or 405 numbers that may be tokens.
    """
    if not isinstance(value, list | tuple | np.ndarray):
        raise BadRowError(0, expected(f"got {_kind(value)}"))
    if len(value) not in (PUZZLE_TOKENS, N_CTX):
        raise BadRowError(0, expected(f"got {len(value):,}"))
    return whole_list(list(value))


def whole_list(values: list[Any], where: Callable[[int], str] = lambda _: "") -> np.ndarray:
    """A list of numbers as an array; its length is known to be small.

    Args:
        where: names the place of one of them, from 0, at the head of a message.

    Raises:
        BadRowError: if one of them is no whole number from 0 to 14, which all tokens are.
    """
    for k, value in enumerate(values):
        if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
            raise BadRowError(0, f"{where(k)}Expected whole numbers, got {_kind(value)}.")
        if not 0 <= value < D_VOCAB:  # so neither NaN nor a number too large for an array
            raise BadRowError(
                0,
                f"{where(k)}Expected whole numbers, colours from 0 to {N_COLORS - 1} and markers from"
                f" {MARKERS[0]} to {MARKERS[-1]}; got {quoted(value)}.",
            )
    return np.array(values)


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), f"a {type(value).__name__}")


def label_of(value: Any) -> str:
    """A label as a file has it; a number is as good a name as its digits.

    Raises:
        BadRowError: if it is null, or of another kind.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return quoted(value).strip("'")
    raise BadRowError(
        0,
        f"Expected the task's name, text, as {' or '.join(LABELS)}, got {_kind(value)}; leave it out where"
        f" it is not known.",
    )


def task_of(tokens: np.ndarray) -> str:
    """The task of a puzzle [404] without a label: the only one whose rule connects its four grids, else
    "unknown".

    Worked out backward, from the answer to the third grid: that may carry the noise of the public data set.
    """
    puzzle = Puzzle("", tokens.tobytes())
    first, second, third, answer = puzzle.grids
    reverse = not puzzle.structure.reverse
    fitting = [
        name
        for name, task in TASKS.items()
        for candidates in [solve(task.rule, second, first, answer, reverse=reverse).candidates]
        if any(int((grid != third).sum()) <= NOISY_CELLS for grid in candidates)
    ]
    return fitting[0] if len(fitting) == 1 else UNKNOWN
