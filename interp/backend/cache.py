"""Results kept within a bound of bytes, for all threads."""

import threading
from collections.abc import Hashable
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import cachetools

from interp.backend.status import Kept

R = TypeVar("R")
K = TypeVar("K")
V = TypeVar("V")


class Cache(cachetools.LRUCache[K, V]):
    """An LRU cache within a bound of bytes that counts how it fares."""

    def __init__(self, most: int):
        super().__init__(most, getsizeof=nbytes)
        self.hits = self.misses = self.evictions = 0

    def popitem(self) -> tuple[K, V]:
        self.evictions += 1
        return super().popitem()

    def shrink(self, share: float) -> None:
        """Let the least recently used go, until only this share of the bytes is left."""
        target = share * self.currsize
        while self and self.currsize > target:
            self.popitem()

    def clear(self) -> None:
        """Take everything out, at once; that is no eviction."""
        evictions = self.evictions
        super().clear()
        self.evictions = evictions

    def status(self) -> Kept:
        """How full it is, and how often it had what was wanted."""
        return Kept(len(self), int(self.currsize), int(self.maxsize), self.hits, self.misses, self.evictions)


class Results:
    """Results under their keys; the least recently used go first where there is no room.

    Args:
        most: bytes of all of them together.
    """

    def __init__(self, most: int):
        self._kept: Cache[Hashable, Any] = Cache(most)
        self._storing = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def nbytes(self) -> int:
        """Bytes of all that is kept."""
        return int(self._kept.currsize)

    def get(self, key: Hashable, *, counted: bool = True) -> Any:
        """What is kept under this key, or ``None``.

        Args:
            counted: among the hits and misses.
        """
        with self._storing:
            found = self._kept.get(key)
            if counted:
                self._kept.hits += found is not None
                self._kept.misses += found is None
            return found

    def keep(self, key: Hashable, result: R) -> R:
        """The same result, kept if it is not too large for that."""
        with self._storing:
            if nbytes(result) <= self._kept.maxsize:
                self._kept[key] = result
        return result

    def shrink(self, share: float) -> None:
        """Let the least recently used go, until only this share of the bytes is left."""
        with self._storing:
            self._kept.shrink(share)

    def clear(self) -> None:
        """Take everything out."""
        with self._storing:
            self._kept.clear()

    def status(self) -> Kept:
        """How full it is, and how often it had what was wanted."""
        with self._storing:
            return self._kept.status()


def nbytes(value: Any) -> int:
    """Bytes of all arrays in a result."""
    if hasattr(value, "nbytes"):  # arrays, and results that count for themselves
        return int(value.nbytes)
    if isinstance(value, dict):
        return sum(map(nbytes, value.values()))
    if isinstance(value, tuple):
        return sum(map(nbytes, value))
    if is_dataclass(value):
        return sum(nbytes(getattr(value, field.name)) for field in fields(value))
    return 0
