"""Results kept within a bound of bytes, for all threads."""

import threading
from collections.abc import Hashable
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import cachetools

R = TypeVar("R")


class Results:
    """Results under their keys; the least recently used go first where there is no room.

    Args:
        most: bytes of all of them together.
    """

    def __init__(self, most: int):
        self._kept: cachetools.LRUCache[Hashable, Any] = cachetools.LRUCache(most, getsizeof=nbytes)
        self._storing = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def nbytes(self) -> int:
        """Bytes of all that is kept."""
        return int(self._kept.currsize)

    def get(self, key: Hashable) -> Any:
        """What is kept under this key, or ``None``."""
        with self._storing:
            return self._kept.get(key)

    def keep(self, key: Hashable, result: R) -> R:
        """The same result, kept if it is not too large for that."""
        with self._storing:
            if nbytes(result) <= self._kept.maxsize:
                self._kept[key] = result
        return result


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
