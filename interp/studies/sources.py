"""The puzzles of a study, chunk by chunk: drawn where they are needed, or read once and laid down."""

import hashlib
import re

import numpy as np

from interp.errors import PuzzlescopeError, brief
from interp.puzzles import Puzzle, PuzzleSet
from interp.puzzles.kinds import KINDS, draw
from interp.studies.plan import Plan

GENERATE = "generate:"
MOST = 1 << 27
"""Puzzles of a study: what its numbers of 32 bits hold with room to spare."""


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
    kinds = [KINDS[number % len(KINDS)] for number in numbers]
    drawn = {
        kind: iter(draw("study", plan.seed, kind, kinds.count(kind), block=chunk))
        for kind in dict.fromkeys(kinds)
    }
    return PuzzleSet("study", tuple(Puzzle.of(kind.task, np.asarray(next(drawn[kind]))) for kind in kinds))


def hash_of(puzzles: PuzzleSet) -> str:
    """SHA-256 over tokens and tasks, in order."""
    digest = hashlib.sha256()
    for puzzle in puzzles:
        digest.update(puzzle.tokens.tobytes())
        digest.update(puzzle.task.encode() + b"\0")
    return digest.hexdigest()
