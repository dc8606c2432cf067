"""One computation under way, and those who follow it."""

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from interp.backend.order import Rank
from interp.errors import PuzzlescopeError
from interp.resumable import Steps

T = TypeVar("T")
R = TypeVar("R")

TICK = 0.1
"""Seconds after which one who waits gets a sign of life, and a chance to give up."""

CLOSED = "The server is being stopped and computes no more: load the page again in a moment."


class Job(Generic[T, R]):
    """A computation: a generator that is advanced a step at a time.

    Args:
        key: two with the same key have the same result.
        who: the visitor who asks for it first.
        steps: makes the generator.
        kind: of computation, for those who count.
        lock: of the queue; what follows is read and written under it.
    """

    def __init__(
        self,
        key: Hashable,
        who: Hashable,
        steps: Callable[[], Steps[T, R]],
        kind: str,
        lock: threading.RLock,
    ):
        self.key, self.who, self.kind = key, who, kind
        self.changed, self.ended = threading.Condition(lock), threading.Condition(lock)
        self.claims: list[Claim[T, R]] = []
        self.news: list[T] = []
        self.outcome: R | None = None
        self.error: BaseException | None = None
        self.finished = False
        self.n_steps, self.seconds, self.begun = 0, 0.0, time.monotonic()
        self._make, self._steps = steps, None  # type: tuple[Any, Steps[T, R] | None]

    def step(self) -> float:
        """Advance by one step. Only the worker calls this. Returns the seconds that it took."""
        started = time.perf_counter()
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
        seconds = time.perf_counter() - started
        with self.changed:
            self.n_steps += 1
            self.seconds += seconds
            if news is not None:
                self.news.append(news)
            self.outcome, self.error, self.finished = result, error, finished
            self.changed.notify_all()
            if finished:
                self.ended.notify_all()
        return seconds

    def fail(self, error: BaseException) -> None:
        """Let those who wait have this error. Only the worker calls this."""
        with self.changed:
            self.error, self.finished = error, True
            self.changed.notify_all()
            self.ended.notify_all()

    def stop(self) -> None:
        """Clean up a computation that is of no more interest."""
        if self._steps is not None:
            self._steps.close()


@runtime_checkable
class Leaving(Protocol):
    """What a claim knows of the queue."""

    @property
    def closed(self) -> bool: ...

    def leave(self, claim: "Claim[Any, Any]") -> None: ...


class Claim(Generic[T, R]):
    """The interest of one visitor in a computation. Made by :meth:`interp.backend.queue.WorkQueue.ask`; every
    one must be followed, or left, for the computation to be freed.

    Attributes:
        who: the visitor.
        rank: whether the computation is waited for.
        payer: on whose account it goes.
        dropped: the queue has given it up, in favour of later wishes of the same visitor or because it was
            told to.
    """

    def __init__(self, queue: Leaving, job: Job[T, R], who: Hashable, rank: Rank, payer: Hashable):
        self.job, self.who, self.rank, self.payer = job, who, rank, payer
        self.dropped = False
        self._queue = queue

    def follow(self) -> Iterator[T | None]:
        """All news from the first on, as they come, and ``None`` at least every ``TICK`` seconds.

        One who stops following (closes the iterator) no longer waits for the job. Ends when the job has
        ended.

        Raises:
            Exception: the one with which the computation ended.
        """
        job = self.job
        try:
            seen = 0
            while True:
                with job.changed:
                    if len(job.news) == seen and not job.finished:
                        job.changed.wait(TICK)
                    fresh, finished = job.news[seen:], job.finished
                seen += len(fresh)
                yield from fresh
                if not fresh:
                    yield None
                if finished and seen == len(job.news):
                    break
                self._assert_wanted()
        finally:
            self.leave()
        if job.error is not None:
            raise job.error

    def result(self, pulse: Callable[[], object] = lambda: None) -> R:
        """Wait for what the computation returns. ``pulse`` is called every ``TICK`` seconds meanwhile; if it
        raises, the waiting ends.

        Raises:
            Exception: the one with which the computation ended, or what ``pulse`` raises.
        """
        job = self.job
        try:
            while True:
                with job.ended:
                    if job.finished or job.ended.wait(TICK):
                        break
                self._assert_wanted()
                pulse()
        finally:
            self.leave()
        if job.error is not None:
            raise job.error
        return job.outcome  # type: ignore[return-value]

    def _assert_wanted(self) -> None:
        if self._queue.closed:
            raise PuzzlescopeError(CLOSED)
        if self.dropped:
            raise PuzzlescopeError("This computation was stopped by an administrator: ask again.")

    @property
    def latest(self) -> T | None:
        """The newest news, or ``None`` before the first."""
        with self.job.changed:
            return self.job.news[-1] if self.job.news else None

    @property
    def outcome(self) -> R | None:
        """What the computation has returned, or ``None`` before its end."""
        with self.job.changed:
            return self.job.outcome

    @property
    def finished(self) -> bool:
        """Whether the computation has ended.

        Raises:
            Exception: the one with which it ended.
        """
        with self.job.changed:
            finished, error = self.job.finished, self.job.error
        if error is not None:
            raise error
        return finished

    def wait(self) -> None:
        """Until something has happened, at most ``TICK`` seconds."""
        with self.job.changed:
            if not self.job.finished:
                self.job.changed.wait(TICK)

    def leave(self) -> None:
        """No longer wait for this job. May be called more than once, and from any thread."""
        self._queue.leave(self)
