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
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any, overload

import numpy as np
from jaxtyping import Bool, UInt8

from interp.errors import PuzzlescopeError
from interp.tasks import task_named
from interp.tokens import PUZZLE_TOKENS, START, Structure, as_numbers, decode, structure_of

BANK_FOLDER = Path(__file__).parent.parent / "assets" / "puzzles"

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
            PuzzlescopeError: if they are not 404 whole numbers that spell four grids in one of the four orders, or the
                task's name is not a short text on one line.
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
            solved: one truth value a puzzle, such as whether a model solves it; those with a true one are kept.
        """
        if solved is not None and len(solved) != len(self):
            raise PuzzlescopeError(
                f"'solved' needs one value for each of the {len(self)} puzzles, got {len(solved)}."
            )
        keep = solved if solved is not None else [True] * len(self)
        return PuzzleSet(
            self.name,
            tuple(
                puzzle
                for puzzle, kept in zip(self.puzzles, keep, strict=True)
                if kept and task in (None, puzzle.task) and structure in (None, puzzle.structure)
            ),
        )

    def by_task(self) -> dict[str, "PuzzleSet"]:
        """The puzzles of each task, tasks in the order in which they first appear."""
        names = dict.fromkeys(puzzle.task for puzzle in self.puzzles)
        return {name: self.filter(task=name) for name in names}

    def limit(self, n: int | None) -> "PuzzleSet":
        """At most ``n`` puzzles, shared fairly: tasks in turn, then structures in turn, so that a few tell of all."""
        if n is None or n >= len(self):
            return self
        kinds: dict[str, dict[Structure, list[Puzzle]]] = {}
        for puzzle in self.puzzles:
            kinds.setdefault(puzzle.task, {}).setdefault(puzzle.structure, []).append(puzzle)
        by_task = [_in_turn(own.values()) for own in kinds.values()]
        return PuzzleSet(self.name, tuple(_in_turn(by_task)[:n]))

    def find(self, identity: str) -> Puzzle | None:
        """The puzzle with this id, if it is here."""
        return self._by_id.get(identity)

    @cached_property
    def _by_id(self) -> dict[str, Puzzle]:
        return {puzzle.id: puzzle for puzzle in self.puzzles}


def _in_turn(lists: Iterable[list[Puzzle]]) -> list[Puzzle]:
    """The first of each list, then the second of each, ..."""
    return [puzzle for turn in zip_longest(*lists) for puzzle in turn if puzzle is not None]


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


def load_puzzles(
    source: str | Path = "bank",
    *,
    task: str | None = None,
    structure: Structure | None = None,
    limit: int | None = None,
    place: str | None = None,
) -> PuzzleSet:
    """Load puzzles.

    Files may be (see :mod:`interp.puzzle_files`): ``.parquet`` and ``.npz``; ``.json``, ``.jsonl`` and ``.ndjson``, with
    our own names or the public set's (``input_ids``, ``label``), or tasks of ARC; all of them also with ``.gz``. A
    puzzle without label gets the task whose rule it follows, or "unknown".

    Args:
        source: ``bank`` (the embedded one), a path to a file, or ``hub`` or ``hub:OWNER/NAME[@REVISION]``: a public data
            set, streamed (1,000 puzzles if there is no limit).
        task: only this task; of a set on the hub with a split of this name, only that split.
        structure: only this order of the grids.
        limit: at most so many, shared fairly between tasks and structures (see :meth:`PuzzleSet.limit`); of a hub's data
            set the first so many. A large file is read through all the same, but takes little memory.
        place: where a grid of an ARC task goes that is smaller than 10 x 10, ``top-left`` or ``centre`` of a blank one. By
            default such a grid is refused.

    Raises:
        PuzzlescopeError: if there is no such source, it cannot be fetched, or it does not hold puzzles.

    Example:
        >>> frames = load_puzzles("bank", task="frame", limit=10)
        >>> len(frames), {puzzle.task for puzzle in frames}
        (10, {'frame'})
    """
    from interp.puzzle_rows import Wanted

    if limit is not None and limit < 1:
        raise PuzzlescopeError(f"A limit is at least 1 puzzle, got {limit}.")
    if place not in (None, *PLACES):
        raise PuzzlescopeError(f"A smaller grid's place is {' or '.join(PLACES)}, got {quoted(place)}.")
    name, wanted = str(source), Wanted(task, structure, limit, place)
    if name == "hub" or name.startswith("hub:"):
        from interp.puzzle_hub import (
            stream_hub,
        )  # with the `datasets` library, which takes a second to import

        return stream_hub(name, wanted)
    from interp import puzzle_files

    if name != "bank":
        return puzzle_files.read_file(_path(name), wanted)
    if task is not None:
        task_named(task)
    return puzzle_files.read_bank().filter(task=task, structure=structure).limit(limit)


def save_puzzles(puzzles: PuzzleSet, path: str | Path) -> None:
    """Write puzzles to a file that :func:`load_puzzles` reads: ``.npz``, ``.json``, ``.jsonl`` or ``.parquet``, or one of
    these with ``.gz``. A ``.npz`` file keeps the order within each task only.

    Raises:
        PuzzlescopeError: if the file's name has another ending or cannot be written.
    """
    from interp import puzzle_files

    puzzle_files.write_file(puzzles, _path(path))


def _path(name: str | Path) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError:  # "~somebody" who is not on this machine: then it is a name like any other
        return Path(name)
