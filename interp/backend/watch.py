"""A result that fills up while its follower polls it."""

from typing import Generic, TypeVar

from interp.backend.job import Claim
from interp.errors import PuzzlescopeError

R = TypeVar("R")


class Watch(Generic[R]):
    """A result that fills up while it is computed, or one that was kept. Close it when it is of no more
    interest: the computation then ends, unless somebody else watches it too."""

    def __init__(self, kept: R | None, claim: Claim[R, R] | None = None):
        self._kept, self._claim = kept, claim

    def __enter__(self) -> "Watch[R]":
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    @property
    def state(self) -> R | None:
        """What is known so far: the same object all the time, which fills up. ``None`` before it has
        begun."""
        if self._kept is not None or self._claim is None:
            return self._kept
        return self._claim.latest if self._claim.outcome is None else self._claim.outcome

    @property
    def finished(self) -> bool:
        """Whether it is complete.

        Raises:
            Exception: the one with which the computation ended.
        """
        return self._kept is not None or (self._claim is not None and self._claim.finished)

    @property
    def dropped(self) -> bool:
        """Whether it has been given up before its end: the visitor wanted too many things at once, and this
        was the oldest. What is known of it stays."""
        return self._claim is not None and self._claim.dropped

    def wait(self) -> None:
        """Until something has happened, at most ``interp.backend.job.TICK`` seconds."""
        if self._claim is not None:
            self._claim.wait()

    def result(self) -> R:
        """The whole of it: waits for the end.

        Raises:
            Exception: the one with which the computation ended.
        """
        while not self.finished and not self.dropped:
            self.wait()
        if self.dropped:
            raise PuzzlescopeError("This was given up for later wishes of the same visitor: ask again.")
        assert self.state is not None
        return self.state

    def close(self) -> None:
        """Lose interest. May be called more than once, and from any thread."""
        if self._claim is not None:
            self._claim.leave()
