"""What is looked up when somebody asks for the metrics: the backend, the visitors, the process."""

import threading
from collections import Counter as Count
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from app.server import readiness
from app.server.metrics.counters import REGISTRY
from app.server.watching import computing
from app.server.watching.about import VERSIONS
from app.server.watching.computing import Turns
from app.server.watching.visits import VISITS

if TYPE_CHECKING:
    from interp.backend import Status
    from interp.backend.status import Kept

RANKS = ("asked", "first look", "watched")
"""What `interp.backend.status.UnderWay.rank` may be."""


class Collected(Collector):
    """Everything that is there already and need not be counted as it happens."""

    def describe(self) -> list[Metric]:
        """Nothing: the names need not be known before the first look."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All of it, at this moment."""
        yield InfoMetricFamily("puzzlescope_build", "What runs here.", value=dict(VERSIONS))
        yield _gauge("ready", "1 where the server takes visitors.", readiness.now().taking_visitors)
        yield _gauge("threads", "Threads of the process.", threading.active_count())
        yield from _visits()
        offered = computing.now()
        if offered is not None:
            yield from _backend(offered.status())
            yield from _turns(offered.turns())
            yield _gauge("talks", "Talks that others may follow.", offered.talks())
            models = GaugeMetricFamily(
                "puzzlescope_model", "1 for each loaded model.", labels=["model", "checkpoint"]
            )
            for name, checkpoint in offered.checkpoints().items():
                models.add_metric([name, checkpoint], 1)
            yield models


def _visits() -> Iterator[Metric]:
    visits, tally = VISITS.here(), VISITS.tally()
    yield _gauge("sessions", "Visitors who are connected.", len(visits))
    yield _gauge("websockets", "Open websockets.", VISITS.n_connections)
    yield _gauge(
        "page_runs_under_way", "Pages that are being drawn.", sum(one.running is not None for one in visits)
    )
    yield _counter("visits", "Visits that have begun.", VISITS.begun)
    messages = CounterMetricFamily(
        "puzzlescope_websocket_messages", "Messages of websockets.", labels=["direction"]
    )
    nbytes = CounterMetricFamily(
        "puzzlescope_websocket_bytes", "Their bytes, not compressed.", labels=["direction"]
    )
    for direction, n, size in (
        ("in", tally.messages_in, tally.bytes_in),
        ("out", tally.messages_out, tally.bytes_out),
    ):
        messages.add_metric([direction], n)
        nbytes.add_metric([direction], size)
    yield from (messages, nbytes)


def _backend(status: "Status") -> Iterator[Metric]:
    queue = GaugeMetricFamily(
        "puzzlescope_queue_length", "Computations under way or waiting, by who wants them.", labels=["rank"]
    )
    counts = Count(job.rank for job in status.jobs)
    for rank in RANKS:
        queue.add_metric([rank.replace(" ", "_")], counts[rank])
    yield queue
    oldest = max((job.age for job in status.jobs), default=0.0)
    yield _gauge("queue_oldest_seconds", "Seconds since the oldest of them was asked for.", oldest)
    yield _counter(
        "questions_dropped", "Watched computations dropped for a visitor's later ones.", status.dropped
    )
    yield _counter("questions_refused", "Questions refused: the visitor wanted too many.", status.refused)
    yield _gauge("models_loaded", "Models in memory.", len(status.models))
    yield _gauge("memory_bytes", "Resident memory of the process.", status.memory)
    yield _gauge("memory_limit_bytes", "Bound on it; 0 without one.", status.memory_most)
    yield from _caches({"results": status.results, "runs": status.runs})


def _turns(turns: Turns) -> Iterator[Metric]:
    yield _gauge("turns_taken", "Pages that compute.", turns.taken)
    yield _gauge("turns_in_line", "Pages that wait for a turn.", turns.in_line)
    yield _gauge("turns_away", "Pages that have a turn and wait for a result.", turns.away)
    yield _counter("turns", "Runs of pages and of their parts that have had a turn.", turns.ended)
    yield _counter(
        "turns_left", "Runs that were ended while they waited: the visitor has clicked on.", turns.left
    )
    yield _counter("turns_wait_seconds", "Seconds that all have waited in line.", turns.waited)


def _caches(caches: "dict[str, Kept]") -> Iterator[Metric]:
    for name, about in (
        ("entries", "Things kept."),
        ("bytes", "Their bytes."),
        ("limit_bytes", "Bound on these."),
    ):
        family = GaugeMetricFamily(f"puzzlescope_cache_{name}", about, labels=["cache"])
        for cache, kept in caches.items():
            value = {"entries": kept.entries, "bytes": kept.nbytes, "limit_bytes": kept.most}[name]
            family.add_metric([cache], value)
        yield family
    for name, about in (
        ("hits", "How often what was wanted was there."),
        ("misses", "How often it was not."),
        ("evictions", "Things that had to make room."),
    ):
        counted = CounterMetricFamily(f"puzzlescope_cache_{name}", about, labels=["cache"])
        for cache, kept in caches.items():
            counted.add_metric([cache], getattr(kept, name))
        yield counted


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"puzzlescope_{name}", about, value=value)


def _counter(name: str, about: str, value: float) -> Metric:
    return CounterMetricFamily(f"puzzlescope_{name}", about, value=value)


@lru_cache
def registry() -> CollectorRegistry:
    """All metrics of this process."""
    REGISTRY.register(Collected())
    ProcessCollector(registry=REGISTRY)
    GCCollector(registry=REGISTRY)
    return REGISTRY
