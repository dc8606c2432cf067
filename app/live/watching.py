"""Results that fill up while a visitor looks: begun, polled, stopped and resumed."""

import math
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import streamlit as st

from interp.backend import Watch
from interp.errors import PuzzlescopeError
from interp.numbers import time_in_words

LINGER = 2.5
"""Seconds after which a visitor who has seen a first look is taken to want the exact values: who only glances
at a link does not have them computed."""


class Filling(Protocol):
    """A result that knows how much of it is there, from 0 to 1."""

    @property
    def fraction(self) -> float: ...


S = TypeVar("S")
"""A result. One that does not know how much of it is there is there as a whole or not at all."""


class Pace(NamedTuple):
    """How a group comes on.

    Attributes:
        left: seconds that it will still take, at the pace so far; 0 as long as nothing is known.
        age: for how many seconds it has been under way.
    """

    left: float
    age: float


def _over(watch: Watch[Any]) -> bool:
    """Whether nothing more will come of it: it is complete, or has failed, which is told where it is
    drawn."""
    try:
        return watch.finished
    except PuzzlescopeError:
        return True


def _fraction(watch: Watch[Any]) -> float:
    """How much is there of a result, which may be one that is there as a whole or not at all."""
    return float(getattr(watch.state, "fraction", 0.0))


class Watched:
    """What one visitor looks in on, in groups: the board's sweeps, those of the tasks, the study of the heads
    ..."""

    def __init__(self) -> None:
        self._groups: dict[str, tuple[Hashable, list[Watch[Any]]]] = {}
        self._stopped: set[str] = set()
        self._begun: dict[str, float] = {}
        self._wanted: set[str] = set()

    def known(self, group: str, key: Hashable) -> list[Watch[Any]] | None:
        """The watches of this group if they are those of ``key``; those of another are given up."""
        if group in self._groups and self._groups[group][0] == key:
            return self._groups[group][1]
        self.forget(group)
        return None

    def keep(self, group: str, key: Hashable, watches: list[Watch[Any]]) -> list[Watch[Any]]:
        self._groups[group] = (key, watches)
        self._begun[group] = time.monotonic()
        return watches

    def left(self, group: str, progress: float | None) -> str:
        """How long a group will still take, as the end of a sentence, at the pace so far; nothing while that
        cannot be told.

        Args:
            progress: of the group, 0 to 1; ``None`` if it is not under way.
        """
        if progress is None or progress <= 0.02:
            return ""
        left = self.age(group) * (1 - progress) / progress
        return f", about {time_in_words(left, steady=True)} left"

    def age(self, group: str) -> float:
        """For how many seconds it has been what it is."""
        return time.monotonic() - self._begun.get(group, time.monotonic())

    def want(self, group: str) -> None:
        """The visitor has asked for it: it begins without waiting until the visitor has stayed."""
        self._wanted.add(group)

    def wanted(self, group: str) -> bool:
        return group in self._wanted

    def waits(self, group: str, key: Hashable) -> bool:
        """Whether this group, which is not begun, waits until the visitor has stayed with it; it begins to
        wait with the first time that this is asked. What has to be there before is asked for only then."""
        if self.known(group, key) is None:
            self.keep(group, key, [])
        return not self._of(group) and group not in self._wanted and self.age(group) < LINGER

    def due(self) -> float:
        """Seconds until the first of the groups that wait begins."""
        waiting = [group for group, (_, watches) in self._groups.items() if not watches]
        return min((max(LINGER - self.age(group), 0.1) for group in waiting), default=math.inf)

    def version(self, groups: Iterable[str]) -> Hashable:
        """How far these groups are; another value as soon as one of them has something new."""
        return tuple(
            (group, self.stopped(group), *((_fraction(watch), _over(watch)) for watch in self._of(group)))
            for group in groups
        )

    def pace(self) -> Pace:
        """How soon there may be something to see."""
        open_groups = [group for group in self._groups if not self.stopped(group)]
        found = [pace for group in open_groups if (pace := self._pace_of(group)) is not None]
        return min(found, default=Pace(math.inf, 0.0))

    def _pace_of(self, group: str) -> Pace | None:
        done = [1.0 if _over(watch) else _fraction(watch) for watch in self._of(group)]
        if all(one == 1 for one in done):
            return None
        age, progress = self.age(group), sum(done) / len(done)
        return Pace(age * (1 - progress) / progress if progress else 0.0, age)

    def held(self, group: str) -> list[Watch[Any]]:
        """The watches of a group, whatever it depends on."""
        return self._of(group)

    def _of(self, group: str) -> list[Watch[Any]]:
        return self._groups[group][1] if group in self._groups else []

    def stop(self, *groups: str) -> None:
        """No more results of these groups; those that are there stay."""
        for group in groups:
            for watch in self._of(group):
                watch.close()
            self._stopped.add(group)

    def forget(self, *groups: str) -> None:
        """Begin these groups anew when they are next looked at."""
        self.stop(*groups)
        for group in groups:
            self._groups.pop(group, None)
            self._stopped.discard(group)
            self._wanted.discard(group)

    def stopped(self, group: str) -> bool:
        """Whether the visitor has stopped it, or wanted so much else meanwhile that it was given up."""
        _, watches = self._groups.get(group, (None, []))
        return group in self._stopped or any(watch.dropped for watch in watches)

    def close(self) -> None:
        """The visitor has gone."""
        self.stop(*self._groups)


@st.cache_resource(scope="session", on_release=Watched.close, show_spinner=False)
def watched() -> Watched:
    """This visitor's."""
    return Watched()


@dataclass(frozen=True, eq=False)
class Seen(Generic[S]):
    """How far a result is.

    Attributes:
        state: what is known; the same object all the time, which fills up. ``None`` before it has begun.
        progress: 0 to 1 while it is under way, else ``None``.
        stopped: the visitor has stopped it before the end.
    """

    state: S | None
    progress: float | None
    stopped: bool


def look_in(group: str, key: Hashable, begin: Callable[[], Watch[S]]) -> Seen[S]:
    """Look at a result, which is begun if this visitor's group does not hold it already.

    Args:
        group: for what on the page it is; another result in the same group is given up.
        key: what it depends on.
        begin: asks the backend for it.
    """
    watches = watched().known(group, key)
    if watches is None:
        watches = watched().keep(group, key, [begin()])
    (watch,) = watches
    return how_far(group, watch)


class _Refused(Watch[Any]):
    """In the place of a result that there is none of.

    Args:
        why: in a sentence.
    """

    def __init__(self, why: str):
        super().__init__(None)
        self.why = why

    @property
    def finished(self) -> bool:
        return True


def look_in_or_refuse(group: str, key: Hashable, begin: Callable[[], Watch[S]]) -> Seen[S]:
    """The same where it may be that there is no result: then nothing is known, and :func:`refusals` says
    why."""
    try:
        return look_in(group, key, begin)
    except PuzzlescopeError as error:
        watched().keep(group, key, [_Refused(str(error))])
        return Seen(None, None, False)


def refusals(*groups: str) -> tuple[str, ...]:
    """Why there is no result of some of these, each reason once."""
    held = [watch for group in groups for watch in watched().held(group)]
    return tuple(dict.fromkeys(watch.why for watch in held if isinstance(watch, _Refused)))


def how_far(group: str, watch: Watch[S]) -> Seen[S]:
    """How far the one result of a group is."""
    stopped, finished = watched().stopped(group), watch.finished
    return Seen(watch.state, None if finished or stopped else _fraction(watch), stopped and not finished)
