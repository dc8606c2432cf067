"""The puzzles of a study, chunk by chunk: drawn where they are needed, or read once, laid down as they come.

A source may hold a million puzzles; of those no more are held as objects than a block of the reader's has, or
with a limit 131,072.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from interp.errors import PuzzlescopeError, brief
from interp.pairs.files import read_pairs
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles
from interp.puzzles.files import gather
from interp.puzzles.kinds import KINDS, draw
from interp.puzzles.limited import read_fairly
from interp.puzzles.loading import COLLECTION
from interp.puzzles.rows import MOST_PUZZLES, Gathering, Wanted
from interp.puzzles.spelling import is_spelled
from interp.studies.plan import MOST, Plan, digest_of
from interp.tokens import PUZZLE_TOKENS, structure_named

GENERATE = "generate:"
TAKEN = 1024
"""Puzzles that are handed over at once."""

Take = Callable[[Sequence[Puzzle]], None]
"""What is given some puzzles, one lot after the other."""


def is_generated(source: str) -> bool:
    """Whether puzzles are drawn rather than read."""
    return source.startswith(GENERATE)


def how_many(source: str) -> int:
    """How many puzzles ``generate:N`` asks for.

    Raises:
        PuzzlescopeError: if N is not a number from 1 to :data:`MOST`.
    """
    digits = source.removeprefix(GENERATE)
    if not re.fullmatch(r"[0-9]{1,12}", digits) or not 1 <= int(digits) <= MOST:
        raise PuzzlescopeError(f"Expected generate:N, N from 1 to {MOST:,}; got '{brief(source)}'.")
    return int(digits)


def generated(plan: Plan, chunk: int) -> PuzzleSet:
    """The puzzles of a chunk of a study that generates them: kinds in turn, the chunk's number and the
    study's seed naming the streams, so that every machine draws the same."""
    numbers = plan.numbers(chunk)
    wanted = wanted_of(plan)
    among = [kind for kind in KINDS if wanted.fits(kind.task, kind.structure)]
    if not among:
        raise PuzzlescopeError(f"No puzzle of '{plan.puzzles}' fits the chosen task and structure.")
    kinds = [among[number % len(among)] for number in numbers]
    drawn = {
        kind: iter(draw("study", plan.seed, kind, kinds.count(kind), block=chunk))
        for kind in dict.fromkeys(kinds)
    }
    return PuzzleSet("study", tuple(Puzzle.of(kind.task, np.asarray(next(drawn[kind]))) for kind in kinds))


def check_generated(plan: Plan) -> None:
    """See that a plan can be drawn.

    Raises:
        PuzzlescopeError: if not.
    """
    if plan.limit:
        raise PuzzlescopeError("A limit is of puzzles that are read: generate:N says itself how many.")
    generated(replace(plan, n=1), 0)


def wanted_of(plan: Plan) -> Wanted:
    """Which puzzles of its source a plan asks for."""
    structure = structure_named(plan.structure) if plan.structure else None
    return Wanted(plan.task or None, structure, plan.limit or None)


def request_of(plan: Plan) -> str:
    """A hash of what is asked of a source."""
    asked = (plan.puzzles, plan.pairs, plan.task, plan.structure, plan.limit, plan.chunk)
    return digest_of({"asked": asked, "schema": plan.schema})


def read_source(plan: Plan, take: Take) -> None:
    """Read the source of a plan from its beginning and hand its puzzles over, in order.

    Without a limit files and data sets on the hub are read whole, some thousand puzzles at a time; a limit is
    shared fairly between tasks and orders, of the hub's it is the first so many.

    Raises:
        PuzzlescopeError: if it cannot be had, or holds no puzzle that fits.
    """
    wanted, seen = wanted_of(plan), [0]

    def counted(puzzles: Sequence[Puzzle]) -> None:
        seen[0] += len(puzzles)
        take(puzzles)

    source = plan.puzzles
    if plan.pairs_from_file:
        counted([pair.base for pair in read_pairs(plan.pairs)])
    elif source == "hub" or source.startswith("hub:"):
        from interp.puzzles.hub import fitting_puzzles  # imports `datasets`, which takes a second

        found = fitting_puzzles(source, wanted)
        for lot in _lots(islice(found, wanted.limit)):
            counted(lot)
    elif source == "bank" or source.startswith(COLLECTION) or is_spelled(source):
        puzzles = load_puzzles(source, task=wanted.task, structure=wanted.structure, limit=wanted.limit)
        for start in range(0, len(puzzles), TAKEN):
            counted(puzzles[start : start + TAKEN])
    elif wanted.limit:
        read_fairly(Path(source).expanduser(), wanted, counted)
    else:
        _stream(Path(source).expanduser(), wanted, counted)
    if not seen[0]:
        if wanted.task or wanted.structure:
            raise PuzzlescopeError(f"No puzzle of '{brief(source)}' fits the chosen task and structure.")
        raise PuzzlescopeError(f"'{brief(source)}' holds no puzzle.")


def _lots(puzzles: Iterator[Puzzle]) -> Iterator[list[Puzzle]]:
    while lot := list(islice(puzzles, TAKEN)):
        yield lot


class _Streaming(Gathering):
    """Hands the puzzles of a file on, block by block, and keeps none."""

    def __init__(self, where: str, wanted: Wanted, take: Take):
        super().__init__(where, wanted, MOST_PUZZLES)
        self._take = take

    def add(
        self, labels: Sequence[str | None], numbers: np.ndarray, place: str, first: int | None = None
    ) -> None:
        super().add(labels, numbers, place, first)
        self.hand_on(TAKEN)

    def hand_on(self, least: int = 1) -> None:
        """Hand on what has come, if it is so much."""
        if len(self._kept) >= least:
            self._take(self._kept)
            self._kept = []


def _stream(path: Path, wanted: Wanted, take: Take) -> None:
    streaming = _Streaming(str(path), wanted, take)
    gather(path, streaming)
    streaming.hand_on()


class Hash:
    """SHA-256 over tokens and tasks, in order, and how many there were."""

    def __init__(self) -> None:
        self.n, self._digest = 0, hashlib.sha256()

    def add(self, puzzles: Sequence[Puzzle]) -> None:
        """Take some more."""
        for puzzle in puzzles:
            self._digest.update(puzzle.cells + puzzle.task.encode() + b"\0")
        self.n += len(puzzles)

    @property
    def text(self) -> str:
        """As hex digits."""
        return self._digest.hexdigest()


def hash_of(puzzles: Sequence[Puzzle]) -> str:
    """SHA-256 over tokens and tasks, in order."""
    found = Hash()
    found.add(puzzles)
    return found.text


def tokens_of_rows(column: list[bytes]) -> UInt8[np.ndarray, "row 404"]:
    """Tokens of a column of bytes."""
    return np.frombuffer(b"".join(column), np.uint8).reshape(-1, PUZZLE_TOKENS)
