"""The names of a study's parts, and which of the files of a table are to be read.

>>> [name_of(7, 7), name_of(64, 127)]
['000007.parquet', '000064-000127.parquet']
>>> parts = [Part.of(name) for name in ("000000.parquet", "000001.parquet", "000000-000063.parquet")]
>>> [part.path for part in cover(parts)]
['000000-000063.parquet']
"""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass

ENDING = ".parquet"
_NAME = re.compile(rf"(\d{{6,9}})(?:-(\d{{6,9}}))?{re.escape(ENDING)}")


@dataclass(frozen=True)
class Part:
    """A file of a table.

    Attributes:
        first, last: numbers of the chunks that it holds, all between included.
        path: of the file, as its file system has it.
        size: in bytes.
        written: when, in seconds since 1970; 0 where that is not known.
    """

    first: int
    last: int
    path: str
    size: int = 0
    written: float = 0.0

    @classmethod
    def of(cls, path: str, size: int = 0, written: float = 0.0) -> "Part | None":
        """The part that a file is by its name; None if it is none."""
        found = _NAME.fullmatch(posixpath.basename(path))
        if found is None:
            return None
        first, last = int(found[1]), int(found[2] or found[1])
        return cls(first, last, path, size, written) if first <= last else None

    @property
    def chunks(self) -> range:
        """The chunks that it holds."""
        return range(self.first, self.last + 1)


def name_of(first: int, last: int) -> str:
    """The name of the part that holds these chunks."""
    return f"{first:06d}{ENDING}" if first == last else f"{first:06d}-{last:06d}{ENDING}"


def cover(parts: Iterable[Part | None]) -> list[Part]:
    """The parts to read, so that no chunk is read twice: the widest first, and none that holds a chunk of one
    taken already. In the order of their chunks.

    Parts that were merged stay for a moment beside what they were merged into; they hold the same.
    """
    taken: list[Part] = []
    seen: set[int] = set()
    known = [part for part in parts if part is not None]
    for part in sorted(known, key=lambda part: (part.first - part.last, part.first)):
        if seen.isdisjoint(part.chunks):
            seen.update(part.chunks)
            taken.append(part)
    return sorted(taken, key=lambda part: part.first)
