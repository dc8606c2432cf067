"""One worker thread that interleaves long computations fairly and cancels those without followers.

A computation is a generator: it yields progress updates for its followers (``None``: only a pause), and it
returns the result. All run in one thread, a step of one and then a step of another, so whatever state a
step touches (the hooks of a model, say) belongs to it alone, and every step has all cores of the machine.
Whose step comes next is decided in :mod:`interp.backend.order`.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal, TypeVar

from interp.backend.job import CLOSED, Claim, Job
from interp.backend.order import Order, Rank
from interp.backend.status import Ended, Kind, UnderWay
from interp.errors import PuzzlescopeError
from interp.resumable import Steps

T = TypeVar("T")
R = TypeVar("R")

IDLE = 2.0
"""Seconds without work after which the worker's thread ends; the next request starts another."""
MOST_WISHES = 64
"""Computations that one visitor may want at the same time. A page that shows everything wants about 30."""

_log = logging.getLogger(__name__)


class WorkQueue:
    """Computations in progress, each under a key: one who asks for what is under way joins it, and it then
    has the first rank of all its followers.

    Args:
        most: computations that one visitor may want at the same time. Beyond that the oldest that they only
            watch is dropped; if there is none, the question is refused.
        told: called by the worker with every computation that is over.
    """

    def __init__(self, most: int = MOST_WISHES, told: Callable[[Ended], object] = lambda _: None) -> None:
        self._lock = threading.RLock()
        self._work_there = threading.Condition(self._lock)
        self._jobs: dict[Hashable, Job[Any, Any]] = {}
        self._abandoned: deque[Job[Any, Any]] = deque()
        self._order = Order()
        self._worker: threading.Thread | None = None
        self._most, self._told = most, told
        self._computed: dict[str, Kind] = {}
        self.dropped = self.refused = 0
        self._closed = False

    def ask(
        self,
        key: Hashable,
        steps: Callable[[], "Steps[T, R]"],
        who: Hashable,
        rank: Rank = Rank.ASKED,
        kind: str = "",
        payer: Hashable = None,
    ) -> "Claim[T, R]":
        """A claim on the job of this key: the one under way, or a new one that ``steps`` makes. Follow it or
        wait for its result.

        Args:
            who: the visitor who asks.
            rank: whether the visitor waits for it.
            kind: of computation, for those who count.
            payer: on whose account it goes, where several visitors are one person; left out, the visitor's.

        Raises:
            PuzzlescopeError: if the visitor wants too many things at the same time, or the queue is closed.
        """
        with self._lock:
            if self._closed:
                raise PuzzlescopeError(CLOSED)
            self._make_room(who)
            job = self._jobs.get(key)
            if job is None:
                job = self._jobs[key] = Job(key, who, steps, kind, self._lock)
            claim = Claim(self, job, who, rank, who if payer is None else payer)
            job.claims.append(claim)
            self._order.add(claim)
            if self._worker is None or not self._worker.is_alive():
                self._worker = threading.Thread(target=self._work, name="puzzlescope-worker", daemon=False)
                self._worker.start()
            self._work_there.notify_all()
        return claim

    def leave(self, claim: Claim[Any, Any]) -> None:
        """One follower fewer. A job without any is not advanced any more."""
        job = claim.job
        with self._lock:
            if claim not in job.claims:
                return
            job.claims.remove(claim)
            self._order.remove(claim)
            if not job.claims and not job.finished:
                # Taken out at once: one who asks from now on gets a job of their own.
                self._jobs.pop(job.key, None)
                self._abandoned.append(job)
                self._work_there.notify_all()

    def drop(self, who: Hashable) -> int:
        """Give up all that a visitor wants at the moment; returns how many computations. One who waits for
        such a computation is told by an error."""
        with self._lock:
            claims = list(self._order.of(who))
            for claim in claims:
                claim.dropped = True
                self.leave(claim)
        return len(claims)

    def close(self, seconds: float = 1.0) -> None:
        """Compute no more: the worker's thread ends after the step that it is at, and whoever waits, or asks
        from now on, is told so. The process would not end before the thread does; killed in the midst of
        PyTorch's code, it would abort the process.

        Args:
            seconds: to wait for that.
        """
        with self._lock:
            self._closed, worker = True, self._worker
            self._work_there.notify_all()
        if worker is not None:
            worker.join(seconds)

    @property
    def closed(self) -> bool:
        """Whether nothing is computed any more."""
        return self._closed

    @property
    def waiting(self) -> int:
        """How many jobs are under way."""
        with self._lock:
            return sum(not job.finished for job in self._jobs.values()) + len(self._abandoned)

    def under_way(self) -> tuple[UnderWay, ...]:
        """What they are, in the order of their coming."""
        now = time.monotonic()
        with self._lock:
            return tuple(_described(job, now) for job in self._jobs.values() if job.claims)

    def computed(self) -> dict[str, Kind]:
        """What has been computed so far, by kind."""
        with self._lock:
            return dict(self._computed)

    def _make_room(self, who: Hashable) -> None:
        wishes = list(self._order.of(who))
        if len(wishes) < self._most:
            return
        watched = [one for one in wishes if one.rank is not Rank.ASKED]
        if not watched:
            self.refused += 1
            raise PuzzlescopeError(
                f"You are waiting for {self._most} computations already, which is as many as one visitor may "
                "ask for at the same time: wait until some are done, then ask again."
            )
        self.dropped += 1
        watched[0].dropped = True
        self.leave(watched[0])

    def _work(self) -> None:
        while (claim := self._next()) is not None:
            try:
                self._advance(claim)
            except Exception as error:  # a fault of this module; without the worker all would wait for ever
                _log.exception("A computation is given up: %s.", claim.job.kind)
                claim.job.fail(error)
                with self._lock:
                    self._forget(claim.job)

    def _advance(self, claim: Claim[Any, Any]) -> None:
        """One step of what is claimed."""
        job = claim.job
        seconds = job.step()
        with self._lock:
            others = [other for other in job.claims if other is not claim]
            self._order.charge(claim, others, seconds)
            if job.finished:
                self._forget(job)
            self._count(job, seconds)
        if job.finished:
            self._tell(job, "finished" if job.error is None else "failed")

    def _next(self) -> Claim[Any, Any] | None:
        """The claim whose turn it is. ``None``: the worker ends."""
        deadline = time.monotonic() + IDLE
        while True:
            self._close_abandoned()
            with self._lock:
                if self._abandoned:
                    continue
                claim: Claim[Any, Any] | None = self._order.next()
                over = self._closed or not threading.main_thread().is_alive()
                if claim is not None and not over:
                    return claim
                if over or time.monotonic() > deadline:
                    self._worker = None
                    return None
                self._work_there.wait(IDLE)

    def _close_abandoned(self) -> None:
        while self._abandoned:  # only the worker takes from it
            job = self._abandoned[0]
            with suppress(Exception):  # it is of no interest to anybody, and the worker goes on
                job.stop()
            with self._lock:
                self._abandoned.popleft()
                if not job.finished:
                    kind = self._computed.get(job.kind, Kind())
                    self._computed[job.kind] = replace(kind, abandoned=kind.abandoned + 1)
            if not job.finished:
                self._tell(job, "abandoned")

    def _tell(self, job: Job[Any, Any], outcome: Literal["finished", "failed", "abandoned"]) -> None:
        age = time.monotonic() - job.begun
        with suppress(Exception):  # what is done with it must not end the worker
            self._told(Ended(job.kind, outcome, job.seconds, age, job.n_steps, job.who, job.error))

    def _forget(self, job: Job[Any, Any]) -> None:
        if self._jobs.get(job.key) is job:
            del self._jobs[job.key]
        for claim in job.claims:
            self._order.remove(claim, done=True)

    def _count(self, job: Job[Any, Any], seconds: float) -> None:
        kind = self._computed.get(job.kind, Kind())
        self._computed[job.kind] = replace(
            kind,
            done=kind.done + (job.finished and job.error is None),
            failed=kind.failed + (job.error is not None),
            seconds=kind.seconds + seconds,
            longest=max(kind.longest, seconds),
        )


def _described(job: Job[Any, Any], now: float) -> UnderWay:
    rank = min(claim.rank for claim in job.claims)
    who = tuple(dict.fromkeys(claim.who for claim in job.claims))
    words = rank.name.lower().replace("_", " ")
    progress = getattr(job.news[-1], "fraction", None) if job.news else None
    return UnderWay(job.kind, words, job.seconds, now - job.begun, job.n_steps, progress, who)
