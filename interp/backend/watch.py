"""A result that fills up while its follower polls it."""

from typing import Generic, TypeVar

from interp.backend.queue import Job

R = TypeVar("R")


class Watch(Generic[R]):
    """A result that fills up while it is computed, or one that was kept. Close it when it is of no more
    interest: the computation then ends, unless somebody else watches it too."""

    def __init__(self, kept: R | None, job: Job[R, R] | None = None):
        self._kept, self._job, self._closed = kept, job, False

    def __enter__(self) -> "Watch[R]":
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    @property
    def state(self) -> R | None:
        """What is known so far: the same object all the time, which fills up. ``None`` before it has
        begun."""
        if self._kept is not None or self._job is None:
            return self._kept
        return self._job.latest if self._job.outcome is None else self._job.outcome

    @property
    def finished(self) -> bool:
        """Whether it is complete.

        Raises:
            Exception: the one with which the computation ended.
        """
        return self._kept is not None or (self._job is not None and self._job.finished)

    def wait(self) -> None:
        """Until something has happened, at most ``interp.backend.queue.TICK`` seconds."""
        if self._job is not None:
            self._job.wait()

    def result(self) -> R:
        """The whole of it: waits for the end.

        Raises:
            Exception: the one with which the computation ended.
        """
        while not self.finished:
            self.wait()
        assert self.state is not None
        return self.state

    def close(self) -> None:
        """Lose interest. May be called more than once, and from any thread."""
        if self._job is not None and not self._closed:
            self._closed = True
            self._job.leave()
