"""Many small parts made into few large ones: a million puzzles of 128 a chunk are 7,813 files a table.

Chunks are merged in groups of :data:`GROUP` that begin at multiples of it, so that two who do it at once
write the same files. The merged part is written whole before the small ones go, and readers take the widest:
killed at any moment, every row stands in exactly one of the files that are read.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from interp.studies.folder import StudyFolder
from interp.studies.parts import Part, cover
from interp.studies.schema import EFFECTS, HEADS

GROUP = 64
"""Chunks of a merged part: half a million rows of the default model's effects."""


def compact(folder: StudyFolder, group: int = GROUP) -> Iterator[tuple[str, int, int]]:
    """Merge what is done and not merged yet; yields table, first and last chunk of each part that is written.

    A group is merged when all its chunks are done.

    Raises:
        PuzzlescopeError: if something cannot be read or written.
    """
    plan = folder.plan
    missing = set(folder.missing())
    for table in plan.tables:
        listed = folder.listed(table)
        read = cover(listed)
        folder.remove([part for part in listed if part not in read and _inside(part, read)])
        for first in range(0, plan.chunks, group):
            last = min(plan.chunks, first + group) - 1
            own = [part for part in read if first <= part.first and part.last <= last]
            whole = [chunk for part in own for chunk in part.chunks] == list(range(first, last + 1))
            if len(own) < 2 or not whole or not missing.isdisjoint(range(first, last + 1)):
                continue
            rows = pa.concat_tables([folder.read_file(part.path) for part in own]).unify_dictionaries()
            folder.write_part(table, first, last, _ordered(table, rows), plan.key(table))
            folder.remove(own)
            yield table, first, last


def _inside(part: Part, others: list[Part]) -> bool:
    return any(one.first <= part.first and part.last <= one.last and one != part for one in others)


def _ordered(table: str, rows: pa.Table) -> pa.Table:
    """Component by component, as within a chunk: who asks for one reads a few row groups."""
    if table not in (EFFECTS, HEADS):
        return rows
    keys = pa.table({"component": rows["component"].combine_chunks().indices, "puzzle": rows["puzzle"]})
    order = [("component", "ascending"), ("puzzle", "ascending")]
    return rows.take(pc.sort_indices(keys, sort_keys=order))
