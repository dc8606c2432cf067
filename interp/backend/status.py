"""How the backend is: plain numbers for those who look after it."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Kind:
    """All computations of one kind of question since the start.

    Attributes:
        done: how many came to their end.
        failed: how many ended with an error.
        abandoned: how many were given up on their way.
        seconds: that the worker has spent on them, those under way included.
        longest: seconds of the longest step.
    """

    done: int = 0
    failed: int = 0
    abandoned: int = 0
    seconds: float = 0.0
    longest: float = 0.0


@dataclass(frozen=True)
class UnderWay:
    """A computation that has begun, or waits for its first step.

    Attributes:
        kind: class name of the question.
        rank: ``asked`` (a page waits for it), ``first look`` or ``watched``.
        seconds: of the worker's time so far.
        age: seconds since it was first asked for.
        steps: so far.
        progress: how much of it is there, from 0 to 1; ``None`` where it cannot be told.
        who: the visitors who follow it, as the backend's ``who`` names them.
    """

    kind: str
    rank: str
    seconds: float
    age: float
    steps: int
    progress: float | None
    who: tuple[Hashable, ...]


@dataclass(frozen=True)
class Ended:
    """A computation that is over.

    Attributes:
        kind: class name of the question.
        outcome: ``finished``, ``failed``, or ``abandoned``: of no more interest to anybody before its end.
        seconds: of the worker's time.
        age: seconds from when it was first asked for.
        steps: how many it took.
        who: the visitor who asked first, as the backend's ``who`` names them.
        error: with which it failed.
    """

    kind: str
    outcome: Literal["finished", "failed", "abandoned"]
    seconds: float
    age: float
    steps: int
    who: Hashable
    error: BaseException | None = None


@dataclass(frozen=True)
class Kept:
    """A cache.

    Attributes:
        entries: how many things it holds.
        nbytes: bytes of all of them.
        most: bound on these.
        hits: how often what was wanted was there.
        misses: how often it was not.
        evictions: how many things had to make room.
    """

    entries: int = 0
    nbytes: int = 0
    most: int = 0
    hits: int = 0
    misses: int = 0
    evictions: int = 0


@dataclass(frozen=True)
class Status:
    """The backend at one moment.

    Attributes:
        jobs: under way or waiting, in the order of their coming.
        computed: by kind of question, since the start.
        dropped: watched computations that were given up because their visitor wanted too many.
        refused: questions that were not taken for the same reason.
        results: answers that are kept.
        runs: kept runs that others go on from.
        models: names of the loaded models.
        memory: bytes of the whole process that are resident.
        memory_most: bound on these; 0 without one.
    """

    jobs: tuple[UnderWay, ...] = ()
    computed: Mapping[str, Kind] = field(default_factory=dict)
    dropped: int = 0
    refused: int = 0
    results: Kept = Kept()
    runs: Kept = Kept()
    models: tuple[str, ...] = ()
    memory: int = 0
    memory_most: int = 0
