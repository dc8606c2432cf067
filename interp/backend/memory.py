"""How much memory the process may take, what of it goes to which cache, and how much it takes."""

import ctypes
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from interp.errors import PuzzlescopeError
from interp.sizes import bytes_in_words

MB = 2**20
BASE = 640 * MB
"""What the process takes with PyTorch, TransformerLens, the bank, the server and the first pages, before
anything is kept: measured 540 to 630."""
WORKING = 260 * MB
"""What a computation takes while it runs (the rows of a sweep, the reference means) and what the pages of 20
visitors take."""
LEAST = BASE + WORKING + 100 * MB
"""Below this there is no room for a model and its answers."""
OF_CONTAINER = 0.8
"""Share of the container's memory that is taken where nothing is said: the rest is for its other processes,
and for what the system keeps of files."""
TIGHT = 0.92
"""Share of the bound from which on caches are emptied."""
LOOK_EVERY = 1.0
"""Seconds between two looks at what the process takes."""
RETURN_EVERY = 20.0
"""Seconds between two times at which free memory is returned: the C library keeps what lies between results
that are kept, and the rows of a sweep do not fit there any more."""

CGROUP = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
UNLIMITED = 2**50
"""A container without a limit says so by a number beyond this."""


@dataclass(frozen=True)
class Bounds:
    """Bytes that may be kept; of each kind the least recently used goes first.

    Attributes:
        results: answers.
        runs: runs that others go on from: 8 MB each, of 6 layers of width 256. A visitor who ablates uses
            two, so the default is for 16 visitors at the same time; for more, answers take a little longer.
        models: weights of loaded models.
        process: of the whole process; 0: not looked at.
    """

    results: int = 256 * MB
    runs: int = 256 * MB
    models: int = 1024 * MB
    process: int = 0

    @classmethod
    def within(cls, process: int) -> "Bounds":
        """Those of a process that may take so much.

        Raises:
            PuzzlescopeError: if that is too little for any model.
        """
        if process < LEAST:
            raise PuzzlescopeError(
                f"PUZZLESCOPE_MEMORY is {bytes_in_words(process)}, and at least {bytes_in_words(LEAST)} are "
                "needed, of which PyTorch and the server take most: give more."
            )
        rest = process - BASE - WORKING
        return cls(
            results=min(rest * 2 // 5, 4096 * MB),
            runs=min(rest * 2 // 5, 4096 * MB),
            models=rest // 5,
            process=process,
        )


def container_limit(files: tuple[Path, ...] = CGROUP) -> int:
    """Bytes that the container of this process may take (cgroup 2, or 1); 0 without a limit."""
    for file in files:
        with suppress(OSError, ValueError):
            limit = int(file.read_text())  # "max" is none
            return limit if 0 < limit < UNLIMITED else 0
    return 0


def bounds(said: int = 0, limit: Callable[[], int] = container_limit) -> Bounds:
    """Those of this process: as somebody has said, or what the container leaves, or the defaults.

    Args:
        said: bytes for the whole process; 0 if nothing is said.

    Raises:
        PuzzlescopeError: if what is said is too little for any model. A container that is as small is tried.
    """
    if said:
        return Bounds.within(said)
    most = int(limit() * OF_CONTAINER)
    if most >= LEAST:
        return Bounds.within(most)
    return Bounds(32 * MB, 32 * MB, process=most) if most else Bounds()


def resident() -> int:
    """Bytes of this process in memory; 0 where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def give_back() -> None:
    """Let the C library return to the system what it holds free; where it can."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


class Watchman:
    """Looks from time to time whether the process takes more than it may.

    Args:
        most: bytes; 0: it never looks.
    """

    def __init__(
        self,
        most: int,
        measure: Callable[[], int] = resident,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.most, self._measure, self._clock = most, measure, clock
        self._looked = float("-inf")
        self._returned = clock()

    def tight(self) -> bool:
        """Whether caches are to be emptied. Looks at most once in ``LOOK_EVERY`` seconds."""
        now = self._clock()
        if not self.most or now - self._looked < LOOK_EVERY:
            return False
        self._looked = now
        return self._measure() > TIGHT * self.most

    def due(self) -> bool:
        """Whether it is time to return what is free to the system: once in ``RETURN_EVERY`` seconds."""
        now = self._clock()
        if now - self._returned < RETURN_EVERY:
            return False
        self._returned = now
        return True
