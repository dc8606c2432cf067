"""One worker thread that interleaves long computations fairly and cancels those without followers.

A computation is a generator: it yields progress updates for its followers (``None``: only a pause), and it
returns the result. All run in one thread, a step of one and then a step of another, so whatever state a
step touches (the hooks of a model, say) belongs to it alone, and every step has all cores of the machine.
"""

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from typing import Any, Generic, TypeVar

from interp.resumable import Steps

T = TypeVar("T")
R = TypeVar("R")

TICK = 0.05
"""Seconds after which somebody who waits gets a sign of life, and a chance to give up."""
IDLE = 2.0
"""Seconds without work after which the worker's thread ends; the next request starts another."""


class Job(Generic[T, R]):
    """A computation that somebody asked for. Made by :meth:`WorkQueue.ask`; every one must be followed to be
    freed."""

    def __init__(self, queue: "WorkQueue", key: Hashable, steps: Callable[[], "Steps[T, R]"], who: Hashable):
        self.key, self.who = key, who
        self._queue, self._make = queue, steps
        self._steps: Steps[T, R] | None = None
        self._news: list[T] = []
        self._result: R | None = None
        self._error: BaseException | None = None
        self._finished = False
        self._abandoned = False
        self._followers = 0

    def follow(self) -> Iterator[T | None]:
        """All news from the first on, as they come, and ``None`` at least every ``TICK`` seconds.

        Whoever stops following (closes the iterator) no longer waits for the job. Ends when the job has
        ended.

        Raises:
            Exception: the one with which the computation ended.
        """
        try:
            seen = 0
            while True:
                with self._queue.changed:
                    if len(self._news) == seen and not self._finished:
                        self._queue.changed.wait(TICK)
                    fresh, finished = self._news[seen:], self._finished
                seen += len(fresh)
                yield from fresh
                if not fresh:
                    yield None
                if finished and seen == len(self._news):
                    break
        finally:
            self._queue.leave(self)
        if self._error is not None:
            raise self._error

    def result(self, pulse: Callable[[], object] = lambda: None) -> R:
        """Wait for what the computation returns. ``pulse`` is called while waiting; if it raises, the waiting
        ends."""
        for _ in self.follow():
            pulse()
        return self._result  # type: ignore[return-value]

    @property
    def latest(self) -> T | None:
        """The newest news, or ``None`` before the first."""
        with self._queue.changed:
            return self._news[-1] if self._news else None

    @property
    def outcome(self) -> R | None:
        """What the computation has returned, or ``None`` before its end."""
        with self._queue.changed:
            return self._result

    @property
    def finished(self) -> bool:
        """Whether the computation has ended.

        Raises:
            Exception: the one with which it ended.
        """
        with self._queue.changed:
            finished, error = self._finished, self._error
        if error is not None:
            raise error
        return finished

    def wait(self) -> None:
        """Until something has happened somewhere in the queue, at most ``TICK`` seconds."""
        with self._queue.changed:
            if not self._finished:
                self._queue.changed.wait(TICK)

    def leave(self) -> None:
        """For whoever asked and does not follow: no longer wait for this job."""
        self._queue.leave(self)

    def step(self) -> None:
        """Advance by one step. Only the worker calls this."""
        news: T | None = None
        result, error, finished = None, None, False
        try:
            if self._steps is None:
                self._steps = self._make()
            news = next(self._steps)
        except StopIteration as stop:
            result, finished = stop.value, True
        except BaseException as caught:  # whatever it is, it belongs to those who asked, not to the worker
            error, finished = caught, True
        with self._queue.changed:
            if news is not None:
                self._news.append(news)
            self._result, self._error, self._finished = result, error, finished
            self._queue.changed.notify_all()

    def stop(self) -> None:
        """Clean up a computation that nobody waits for."""
        if self._steps is not None:
            self._steps.close()


class WorkQueue:
    """Computations in progress, each under a key: who asks for one that is under way joins it.

    The next step belongs to whoever has had the least time so far; among jobs of the same asker the latest
    comes first, for it is what that person is waiting for now. Somebody new begins level with the least
    served of those who wait.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._jobs: dict[Hashable, Job[Any, Any]] = {}
        self._served: dict[Hashable, float] = {}
        self._worker: threading.Thread | None = None

    def ask(self, key: Hashable, steps: Callable[[], "Steps[T, R]"], who: Hashable) -> "Job[T, R]":
        """The job of this key: the one under way, or a new one that ``steps`` makes. Follow it or wait for
        its result."""
        with self.changed:
            job = self._jobs.get(key)
            if job is None:
                self._served.setdefault(who, min(self._served.values(), default=0.0))
                job = self._jobs[key] = Job(self, key, steps, who)
            job._followers += 1
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="puzzlescope-worker")
                self._worker.start()
            self.changed.notify_all()
        return job

    def leave(self, job: Job[Any, Any]) -> None:
        """One follower fewer. A job without any is not advanced any more."""
        with self.changed:
            job._followers -= 1
            self.changed.notify_all()

    @property
    def waiting(self) -> int:
        """How many jobs are under way."""
        with self.changed:
            return len(self._jobs)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            if job._abandoned:
                job.stop()
                continue
            started = time.perf_counter()
            job.step()
            with self.changed:
                if job.who in self._served:
                    self._served[job.who] += time.perf_counter() - started
                if job._finished:
                    self._forget(job)

    def _next(self) -> Job[Any, Any] | None:
        """The job whose turn it is; one that nobody follows is taken out and comes first. ``None``: the
        worker ends."""
        deadline = time.monotonic() + IDLE
        with self.changed:
            while threading.main_thread().is_alive():
                for job in self._jobs.values():
                    if job._followers == 0:
                        # Decided and taken out in one breath: whoever asks from now on gets a job of its own.
                        # One that is left after this look is stepped once more, and found here the next time.
                        job._abandoned = True
                        self._forget(job)
                        return job
                if self._jobs:
                    latest_first = reversed(self._jobs.values())
                    return min(latest_first, key=lambda job: self._served[job.who])
                if time.monotonic() > deadline:
                    break
                self.changed.wait(IDLE)
            self._worker = None
            return None

    def _forget(self, job: Job[Any, Any]) -> None:
        self._jobs.pop(job.key, None)
        if all(other.who != job.who for other in self._jobs.values()):
            self._served.pop(job.who, None)
