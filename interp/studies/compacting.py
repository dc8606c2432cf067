"""Many small parts made into few large ones: a million puzzles of 128 a chunk are 7,813 files a table.

Chunks are merged in groups of so many as fill a file, which begin at multiples of that: two who do it at once
write the same files. The merged part is written whole before the small ones go, and readers take the widest:
killed at any moment, every row stands in exactly one of the files that are read.
"""

from collections.abc import Iterator
from contextlib import suppress

import pyarrow as pa
import pyarrow.compute as pc

from interp.studies.folder import GonePartError, StudyFolder
from interp.studies.parts import Part, cover
from interp.studies.progress import keep_rate
from interp.studies.schema import EFFECTS, HEADS, PAIRS, PUZZLES

FULL = 1 << 20
"""Rows of a merged part, about."""
FULL_OF_TOKENS = 1 << 17
"""The same of tables whose rows hold a puzzle: 53 MB."""


def compact(folder: StudyFolder, group: int | None = None) -> Iterator[tuple[str, int, int]]:
    """Merge what is done and not merged yet; yields table, first and last chunk of each part that is written.

    A group is merged when all its chunks are done.

    Args:
        group: chunks of a merged part; left out, as many as fill it.

    Raises:
        PuzzlescopeError: if something cannot be read or written.
    """
    plan = folder.plan
    keep_rate(folder)
    missing = set(folder.missing())
    for table in plan.tables:
        listed = folder.listed(table)
        read = cover(listed)
        folder.remove([part for part in listed if part not in read and _inside(part, read)])
        size = group or group_of(folder, table, read)
        for first in range(0, plan.chunks, size):
            last = min(plan.chunks, first + size) - 1
            own = [part for part in read if first <= part.first and part.last <= last]
            whole = [chunk for part in own for chunk in part.chunks] == list(range(first, last + 1))
            if len(own) < 2 or not whole or not missing.isdisjoint(range(first, last + 1)):
                continue
            with suppress(GonePartError):  # another has just merged it
                rows = pa.concat_tables([folder.read_file(part.path) for part in own]).unify_dictionaries()
                folder.write_part(table, first, last, _ordered(table, rows), plan.key(table))
                folder.remove(own)
                yield table, first, last


def group_of(folder: StudyFolder, table: str, parts: list[Part]) -> int:
    """Chunks whose rows fill a merged part of a table: the same whoever asks, and whenever.

    Args:
        parts: of the table; one of them tells how many rows a puzzle has where the plan does not.
    """
    plan = folder.plan
    if table in (PUZZLES, PAIRS):
        return max(1, FULL_OF_TOKENS // plan.chunk)
    if table == EFFECTS:
        return max(1, FULL // (plan.chunk * plan.runs))
    for part in parts:
        with suppress(GonePartError):
            numbers = folder.read_file(part.path)["puzzle"]
            if len(numbers):
                return max(1, FULL * pc.count_distinct(numbers).as_py() // (plan.chunk * len(numbers)))
    return max(1, FULL // plan.chunk)


def _inside(part: Part, others: list[Part]) -> bool:
    return any(one.first <= part.first and part.last <= one.last and one != part for one in others)


def _ordered(table: str, rows: pa.Table) -> pa.Table:
    """Component by component, as within a chunk: who asks for one reads a few row groups."""
    if table not in (EFFECTS, HEADS):
        return rows
    keys = pa.table({"component": rows["component"].combine_chunks().indices, "puzzle": rows["puzzle"]})
    order = [("component", "ascending"), ("puzzle", "ascending")]
    return rows.take(pc.sort_indices(keys, sort_keys=order))
