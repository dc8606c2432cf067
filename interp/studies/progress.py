"""How far a study is, seen from outside: by its parts, whoever computes them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from time import time

import numpy as np

from interp.outputs import strict_json
from interp.studies.folder import PLAN_FILE, RATE_FILE, StudyFolder
from interp.studies.parts import Part, cover

LATEST = 64
"""Parts by which the rate is told."""
SILENCE = 4.0
"""A study is at work as long as no more time has passed than so many parts usually take, and ..."""
LEAST_SILENCE = 120.0
"""... for so many seconds in any case."""
FIRST_SILENCE = 600.0
"""Seconds where that is not known: a first chunk takes minutes."""


@dataclass(frozen=True)
class Status:
    """How far a study is.

    Attributes:
        chunks, puzzles: how many there are.
        done, computed: how many of each are done.
        bytes: of all its parts.
        rate: puzzles a second lately; as it was measured when somebody began to compute, as long as fewer
            than two parts are there; 0 where that is not known.
        at_work: whether it was begun, or a part written, lately.
    """

    chunks: int
    puzzles: int
    done: int
    computed: int
    bytes: int
    rate: float
    at_work: bool

    @property
    def complete(self) -> bool:
        return self.done == self.chunks

    @property
    def left(self) -> float | None:
        """Seconds that it will still take at this rate; None where that is not known."""
        if self.complete:
            return 0.0
        return (self.puzzles - self.computed) / self.rate if self.rate else None


def status_of(folder: StudyFolder, now: float | None = None) -> Status:
    """How far a study is.

    Args:
        now: in seconds since 1970; this moment by default.

    Raises:
        PuzzlescopeError: if it cannot be read.
    """
    plan = folder.plan
    listed = {table: cover(folder.listed(table)) for table in plan.tables}
    there = [{chunk for part in parts for chunk in part.chunks} for parts in listed.values()]
    done = set.intersection(*there) & set(range(plan.chunks))
    computed = plan.count(done)
    last = plan.tables[-1]
    rate, pause = _rate(listed[last], plan.chunk)
    if not rate:
        rate = kept_rate(folder)
        pause = min(plan.chunk, plan.n) / rate if rate else 0.0
    newest = max((part.written for part in listed[last]), default=0.0) or _begun(folder, listed)
    newest = max(newest, folder.written(RATE_FILE))
    silent = (time() if now is None else now) - newest
    patience = max(LEAST_SILENCE, SILENCE * pause) if pause else FIRST_SILENCE
    complete = len(done) == plan.chunks
    return Status(
        chunks=plan.chunks,
        puzzles=plan.n,
        done=len(done),
        computed=computed,
        bytes=sum(part.size for parts in listed.values() for part in parts),
        rate=rate,
        at_work=not complete and newest > 0 and silent < patience,
    )


def _begun(folder: StudyFolder, listed: Mapping[str, list[Part]]) -> float:
    """When a study that has no part yet was last seen to be at work: its puzzles are laid down first."""
    return max([folder.written(PLAN_FILE), *(part.written for parts in listed.values() for part in parts)])


def keep_rate(folder: StudyFolder, measured: float | None = None) -> None:
    """Keep the rate: before parts are merged, for it is told by when each was written; and when somebody
    begins to compute, which takes a first chunk of which nothing is to be seen.

    Args:
        measured: puzzles a second; left out, as parts were written.
    """
    found = measured or _rate(cover(folder.listed(folder.plan.tables[-1])), folder.plan.chunk)[0]
    if found:
        folder.keep(RATE_FILE, strict_json({"puzzles_a_second": found}).encode())


def kept_rate(folder: StudyFolder) -> float:
    """Puzzles a second as :func:`keep_rate` has kept it; 0 where that is not known."""
    try:
        said = json.loads(folder.kept(RATE_FILE) or b"{}")["puzzles_a_second"]
        return float(said) if np.isfinite(said) and said > 0 else 0.0
    except (ValueError, TypeError, KeyError):
        return 0.0


def _rate(parts: list[Part], size: int) -> tuple[float, float]:
    """Puzzles a second over the latest parts, and the seconds that usually lie between two of them."""
    times = np.sort([part.written for part in parts if part.first == part.last and part.written])[-LATEST:]
    if len(times) < 2 or times[-1] == times[0]:
        return 0.0, 0.0
    # A study that was stopped overnight has one long pause among its parts, which is not its rate.
    pause = float(np.median(np.diff(times)))
    kept = np.diff(times)[np.diff(times) <= max(10 * pause, 1.0)]
    mean = float(kept.mean())
    return (size / mean if mean else 0.0), mean
