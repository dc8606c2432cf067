"""Puzzles as frozen values, and sets of them: the embedded bank, files, and the public data sets.

>>> import numpy as np
>>> from interp.tokens import encode, STRUCTURES
>>> puzzle = Puzzle.of("frame", encode(np.zeros((4, 10, 10), dtype=np.uint8), STRUCTURES[1]))
>>> puzzle.structure.name, puzzle.grids.shape, int(puzzle.changed.sum())
('f(X) X f(Y) Y', (4, 10, 10), 0)
>>> len({puzzle, Puzzle.of("frame", puzzle.tokens)})    # values: equal, hashable, good as cache keys
1
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np
from jaxtyping import Bool, Integer, UInt8

from interp.errors import PuzzlescopeError
from interp.tokens import PUZZLE_TOKENS, START, Structure, as_numbers, decode, structure_of

LONGEST_TASK = 100
"""Letters in a task's name: it is shown in tables, links and messages."""
PLACES = ("top-left", "centre")
"""Where a smaller grid of ARC may be put on a blank one of ours."""


@dataclass(frozen=True)
class Puzzle:
    """Four grids and the task they are of. Made by :meth:`of`, which checks them.

    Attributes:
        task: the task's name, or another label that a data set gives.
        cells: the 404 tokens without start token, a byte each.
    """

    task: str
    cells: bytes

    @classmethod
    def of(cls, task: str, tokens: Any) -> "Puzzle":
        """A puzzle of these 404 tokens, or 405 with the start token: an array, a tensor or a list.

        Raises:
            PuzzlescopeError: if they are not 404 whole numbers that spell four grids in one of the four
                orders, or the task's name is not a short text on one line.
        """
        fault = label_fault(task)
        if fault:
            raise PuzzlescopeError(fault)
        tokens = as_numbers(tokens, f"A puzzle is {PUZZLE_TOKENS} whole numbers")
        if tokens.dtype.kind not in "iu":
            raise PuzzlescopeError(f"A puzzle is {PUZZLE_TOKENS} whole numbers, got {tokens.dtype}.")
        if tokens.shape == (PUZZLE_TOKENS + 1,) and tokens[0] == START:
            tokens = tokens[1:]
        if tokens.shape != (PUZZLE_TOKENS,):
            raise PuzzlescopeError(
                f"A puzzle is {PUZZLE_TOKENS} tokens without the start token, got {list(tokens.shape)}."
            )
        structure_of(tokens)
        return cls(task, tokens.astype(np.uint8).tobytes())

    @cached_property
    def tokens(self) -> UInt8[np.ndarray, "404"]:
        """The tokens without start token (read-only)."""
        return np.frombuffer(self.cells, dtype=np.uint8)

    @cached_property
    def grids(self) -> UInt8[np.ndarray, "4 10 10"]:
        """The four grids in the order in which they stand; the last is the answer (read-only)."""
        grids = decode(self.tokens)
        grids.flags.writeable = False
        return grids

    @cached_property
    def structure(self) -> Structure:
        return structure_of(self.tokens)

    @cached_property
    def changed(self) -> Bool[np.ndarray, "10 10"]:
        """Where the answer differs from the third grid."""
        return self.grids[3] != self.grids[2]

    @cached_property
    def id(self) -> str:
        """A short name made of the contents, for links: the same puzzle has the same everywhere."""
        return hashlib.sha256(self.task.encode() + b"\0" + self.cells).hexdigest()[:10]


@dataclass(frozen=True)
class PuzzleSet(Sequence[Puzzle]):
    """An immutable sequence of puzzles.

    Attributes:
        name: where it comes from, for people.
        puzzles: the puzzles.
    """

    name: str
    puzzles: tuple[Puzzle, ...]

    def __len__(self) -> int:
        return len(self.puzzles)

    def __iter__(self) -> Iterator[Puzzle]:
        return iter(self.puzzles)

    @overload
    def __getitem__(self, index: int) -> Puzzle: ...
    @overload
    def __getitem__(self, index: slice) -> "PuzzleSet": ...
    def __getitem__(self, index: int | slice) -> "Puzzle | PuzzleSet":
        if isinstance(index, slice):
            return PuzzleSet(self.name, self.puzzles[index])
        return self.puzzles[index]

    @cached_property
    def tokens(self) -> UInt8[np.ndarray, "puzzle 404"]:
        """All puzzles' tokens, without start token."""
        return np.frombuffer(b"".join(p.cells for p in self.puzzles), dtype=np.uint8).reshape(
            -1, PUZZLE_TOKENS
        )

    def filter(
        self,
        *,
        task: str | None = None,
        structure: Structure | None = None,
        solved: Sequence[bool] | Bool[np.ndarray, " puzzle"] | None = None,
    ) -> "PuzzleSet":
        """The puzzles that fit.

        Args:
            task: only this task.
            structure: only this order of the grids.
            solved: one truth value a puzzle, such as whether a model solves it; those with a true one are
                kept.
        """
        if solved is not None and len(solved) != len(self):
            raise PuzzlescopeError(
                f"'solved' needs one value for each of the {len(self)} puzzles, got {len(solved)}."
            )
        known = self._filtered.get((task, structure)) if solved is None else None
        if known is not None:
            return known
        keep = solved if solved is not None else [True] * len(self)
        found = PuzzleSet(
            self.name,
            tuple(
                puzzle
                for puzzle, kept in zip(self.puzzles, keep, strict=True)
                if kept and task in (None, puzzle.task) and structure in (None, puzzle.structure)
            ),
        )
        if solved is None and len(found):
            self._filtered[task, structure] = found
        return found

    @cached_property
    def _filtered(self) -> dict[tuple[str | None, Structure | None], "PuzzleSet"]:
        """What was asked for before: pages ask for the same few again at every click."""
        return {}

    def by_task(self) -> dict[str, "PuzzleSet"]:
        """The puzzles of each task, tasks in the order in which they first appear."""
        names = dict.fromkeys(puzzle.task for puzzle in self.puzzles)
        return {name: self.filter(task=name) for name in names}

    def limit(self, n: int | None) -> "PuzzleSet":
        """At most ``n`` puzzles, shared fairly: tasks in turn, then structures in turn, so that a few tell of
        all."""
        if n is None or n >= len(self):
            return self
        tasks, kinds = dict[str, int](), dict[tuple[str, Structure], int]()
        of_task = [tasks.setdefault(one.task, len(tasks)) for one in self.puzzles]
        of_kind = [kinds.setdefault((one.task, one.structure), len(kinds)) for one in self.puzzles]
        order = fair_order(np.array(of_task), np.array(of_kind))[:n]
        return PuzzleSet(self.name, tuple(self.puzzles[place] for place in order))

    def find(self, identity: str) -> Puzzle | None:
        """The puzzle with this id, if it is here."""
        return self._by_id.get(identity)

    @cached_property
    def _by_id(self) -> dict[str, Puzzle]:
        return {puzzle.id: puzzle for puzzle in self.puzzles}


def fair_order(
    tasks: Integer[np.ndarray, " puzzle"], kinds: Integer[np.ndarray, " puzzle"]
) -> Integer[np.ndarray, " puzzle"]:
    """The order in which puzzles are shared fairly: tasks in turn, and of each its structures in turn.

    Args:
        tasks: the number of each puzzle's task, by when it comes first.
        kinds: that of its task and structure, likewise.

    >>> fair_order(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 2, 2])).tolist()
    [0, 3, 2, 4, 1]
    """
    # Of a task the first of each structure, then the second of each; and likewise of all tasks.
    order = np.lexsort((kinds, _number_within(kinds), tasks))
    tasks = tasks[order]
    return order[np.lexsort((tasks, _number_within(tasks)))]


def _number_within(groups: Integer[np.ndarray, " puzzle"]) -> Integer[np.ndarray, " puzzle"]:
    """The how manieth of its group each is, from 0."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[first, len(ordered)])
    found = np.empty(len(groups), np.int64)
    found[order] = np.arange(len(groups)) - np.repeat(first, sizes)
    return found


def label_fault(task: str) -> str:
    """Why this cannot be a task's name, in a sentence; nothing if it can."""
    if len(task) > LONGEST_TASK:
        return f"A task's name has at most {LONGEST_TASK} letters, got {len(task):,}: {quoted(task)}."
    if not task.isprintable():
        return f"A task's name is text on one line, got {quoted(task)}."
    return ""


def quoted(value: object, length: int = 60) -> str:
    """Something from a file, fit for a message: in quotation marks, on one line, cut where it is long."""
    try:
        text = str(value)
    except ValueError:  # a whole number of thousands of digits
        text = f"a {type(value).__name__} of very many digits"
    shown = ascii(text[: length + 1])
    return shown if len(text) <= length else f"{shown[:length]}..."
