"""Results that fill up while a visitor looks: begun, polled, stopped and resumed."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import streamlit as st

from interp.backend import Watch

LOOK_IN = 0.4
"""Seconds between two looks at what is under way."""


class Filling(Protocol):
    """A result that knows how much of it is there, from 0 to 1."""

    @property
    def fraction(self) -> float: ...


S = TypeVar("S", bound=Filling)


class Watched:
    """What one visitor looks in on, in groups: the board's sweeps, those of the tasks, the study of the heads
    ..."""

    def __init__(self) -> None:
        self._groups: dict[str, tuple[Hashable, list[Watch[Any]]]] = {}
        self._stopped: set[str] = set()

    def known(self, group: str, key: Hashable) -> list[Watch[Any]] | None:
        """The watches of this group if they are those of ``key``; those of another are given up."""
        if group in self._groups and self._groups[group][0] == key:
            return self._groups[group][1]
        self.stop(group)
        self._groups.pop(group, None)
        self._stopped.discard(group)
        return None

    def keep(self, group: str, key: Hashable, watches: list[Watch[Any]]) -> list[Watch[Any]]:
        self._groups[group] = (key, watches)
        return watches

    def stop(self, group: str) -> None:
        """No more results of this group; those that are there stay."""
        for watch in self._groups[group][1] if group in self._groups else []:
            watch.close()
        self._stopped.add(group)

    def forget(self, group: str) -> None:
        """Begin the group anew when it is next looked at."""
        self.stop(group)
        self._groups.pop(group, None)
        self._stopped.discard(group)

    def stopped(self, group: str) -> bool:
        return group in self._stopped

    def close(self) -> None:
        """The visitor has gone."""
        for group in list(self._groups):
            self.stop(group)


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
    stopped, finished = watched().stopped(group), watch.finished
    done = 0.0 if watch.state is None else watch.state.fraction
    return Seen(watch.state, None if finished or stopped else done, stopped and not finished)
