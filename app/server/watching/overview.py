"""How the server is, in plain values: what an administrator's page and command show and ``/status`` sends."""

import threading
import time
from collections.abc import Hashable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.server import logs, readiness
from app.server.watching import about, computing
from app.server.watching.computing import Turns
from app.server.watching.visits import VISITS, Visit

if TYPE_CHECKING:
    from interp.backend import Status
    from interp.backend.status import Kept, UnderWay


@dataclass(frozen=True)
class Visitor:
    """One who is connected.

    Attributes:
        id: as in the log.
        seconds: since the visit began.
        page: that is open.
        doing: ``idle``, ``drawing``, or ``waiting`` for a result or for a turn.
        cpu: seconds that the visitor's pages have computed, without the worker's.
        worked: seconds of the worker's time on what the visitor was the first to ask for.
        wanted: computations under way that the visitor wants.
        person: the signed-in address, if there is one.
    """

    id: str
    seconds: float
    page: str
    doing: str
    cpu: float
    worked: float
    wanted: int
    person: str | None = None


@dataclass(frozen=True)
class Work:
    """One computation, under way or waiting.

    Attributes:
        place: from 1, in the order of coming.
        kind: of question.
        rank: ``asked``, ``first look`` or ``watched``.
        visitors: ids of those who want it.
        seconds: of the worker's time so far.
        age: seconds since it was first asked for.
        progress: from 0 to 1, where it can be told.
    """

    place: int
    kind: str
    rank: str
    visitors: tuple[str, ...]
    seconds: float
    age: float
    progress: float | None


@dataclass(frozen=True)
class Cache:
    """What is kept.

    Attributes:
        hits: part of the times that what was wanted was there, 0 to 1; ``None`` before the first.
    """

    entries: int
    nbytes: int
    limit: int
    hits: float | None
    evictions: int


@dataclass(frozen=True)
class Overview:
    """The server at one moment.

    Attributes:
        phase: ``starting``, ``ready`` or ``stopping``.
        seconds: since its start.
        memory: resident bytes; ``memory_limit`` is 0 without a bound.
        models: ids of the weights of the loaded models, by the models' names.
        computed: computations that came to their end, failed or were abandoned, by kind.
    """

    phase: str
    sentence: str
    versions: Mapping[str, str]
    seconds: float
    memory: int
    memory_limit: int
    threads: int
    talks: int
    turns: Turns
    visitors: tuple[Visitor, ...]
    queue: tuple[Work, ...]
    caches: Mapping[str, Cache]
    models: Mapping[str, str]
    computed: Mapping[str, Mapping[str, float]]

    def plain(self) -> dict[str, Any]:
        """As it is sent, without the visitors' addresses."""
        told = asdict(self)
        for visitor in told["visitors"]:
            del visitor["person"]
        return told


def overview() -> Overview:
    """How it is now."""
    offered, said = computing.now(), readiness.now()
    status = None if offered is None else offered.status()
    wanted: dict[Hashable, int] = {}
    for job in () if status is None else status.jobs:
        for who in job.who:
            wanted[who] = wanted.get(who, 0) + 1
    return Overview(
        phase=said.phase,
        sentence=said.sentence,
        versions=about.VERSIONS,
        seconds=time.time() - about.BEGUN,
        memory=(status.memory if status is not None else 0) or resident(),
        memory_limit=0 if status is None else status.memory_most,
        threads=threading.active_count(),
        talks=0 if offered is None else offered.talks(),
        turns=Turns() if offered is None else offered.turns(),
        visitors=tuple(_visitor(one, wanted.get(one.session, 0)) for one in VISITS.here()),
        queue=() if status is None else tuple(map(_work, range(1, len(status.jobs) + 1), status.jobs)),
        caches={} if status is None else {"results": _cache(status.results), "runs": _cache(status.runs)},
        models={} if offered is None else offered.checkpoints(),
        computed={} if status is None else _computed(status),
    )


def resident() -> int:
    """Bytes of this process that are in memory; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * 4096


def _visitor(visit: Visit, wanted: int) -> Visitor:
    doing = "idle" if visit.running is None else "waiting" if visit.waited else "drawing"
    seconds = time.time() - visit.since
    return Visitor(visit.id, seconds, visit.page, doing, visit.cpu, visit.worked, wanted, visit.person)


def _work(place: int, job: "UnderWay") -> Work:
    visitors = tuple(map(logs.visitor_id, job.who))
    return Work(place, job.kind, job.rank, visitors, job.seconds, job.age, job.progress)


def _cache(kept: "Kept") -> Cache:
    asked = kept.hits + kept.misses
    return Cache(kept.entries, kept.nbytes, kept.most, kept.hits / asked if asked else None, kept.evictions)


def _computed(status: "Status") -> dict[str, dict[str, float]]:
    return {
        kind: {"done": one.done, "failed": one.failed, "abandoned": one.abandoned, "seconds": one.seconds}
        for kind, one in status.computed.items()
    }
