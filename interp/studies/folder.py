"""Where a study lies: a folder, on this machine or under any URL that fsspec knows.

    NAME/study.json                  the plan
    NAME/puzzles/000007.parquet      the puzzles of chunk 7
    NAME/effects/000007.parquet      the effects of chunk 7

A part appears under its name when it is whole, or not at all. A chunk is done when each table has its part,
and who computes it anew writes the same again: nothing is lost or counted twice, whatever is killed when.
"""

import os
import posixpath
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any

import fsspec
import pyarrow as pa
from pyarrow import parquet

from interp.errors import PuzzlescopeError
from interp.outputs import reason
from interp.studies.plan import Plan
from interp.studies.schema import EFFECTS, PUZZLES, TABLES, schema_of

PLAN_FILE = "study.json"
ENDING = ".parquet"
WRITTEN = (PUZZLES, EFFECTS)
"""Tables in the order in which a chunk's parts are written."""


class StudyFolder:
    """A study's folder.

    Args:
        url: a path, or a URL of fsspec's, as ``s3://bucket/name``.
    """

    def __init__(self, url: str):
        self.url = url
        self.files, self.root = fsspec.core.url_to_fs(url)

    def __reduce__(self) -> Any:
        return StudyFolder, (self.url,)

    # ---- the plan ------------------------------------------------------------------------------------------

    @property
    def begun(self) -> bool:
        """Whether there is a plan here."""
        with self._told("read"):
            return bool(self.files.exists(self._path(PLAN_FILE)))

    @cached_property
    def plan(self) -> Plan:
        """The study's plan.

        Raises:
            PuzzlescopeError: if there is none that can be read.
        """
        if not self.begun:
            raise PuzzlescopeError(f"There is no study in {self.url}: expected a folder with {PLAN_FILE}.")
        with self._told("read"):
            text = self.files.cat_file(self._path(PLAN_FILE)).decode(errors="replace")
        return Plan.read(text, self._path(PLAN_FILE))

    def begin(self, plan: Plan) -> None:
        """Lay a study down, or go on with it if it is the same.

        Raises:
            PuzzlescopeError: if another study lies here, or nothing can be written.
        """
        if self.begun:
            if self.plan.fingerprint != plan.fingerprint:
                raise PuzzlescopeError(
                    f"Another study lies in {self.url}: {_difference(self.plan, plan)}. Take another name, or"
                    " go on with that one by naming it alone."
                )
            return
        with self._told("write"):
            for table in TABLES:
                self.files.makedirs(self._path(table), exist_ok=True)
        self._write(PLAN_FILE, plan.text.encode())
        self.__dict__.pop("plan", None)

    # ---- parts ---------------------------------------------------------------------------------------------

    def part(self, table: str, chunk: int) -> str:
        """The path of a chunk's part of a table."""
        return self._path(table, f"{chunk:06d}{ENDING}")

    def parts(self, table: str) -> dict[int, str]:
        """The paths of all parts of a table that are there, by chunk."""
        with self._told("read"):
            names = self.files.ls(self._path(table), detail=False, refresh=True)
        found = {}
        for name in names:
            stem, ending = posixpath.splitext(posixpath.basename(name))
            if ending == ENDING and stem.isdecimal():
                found[int(stem)] = name
        return dict(sorted(found.items()))

    def missing(self) -> list[int]:
        """The chunks that are not done yet."""
        there = [self.parts(table) for table in WRITTEN]
        return [chunk for chunk in range(self.plan.chunks) if not all(chunk in parts for parts in there)]

    def write(self, table: str, chunk: int, rows: pa.Table) -> None:
        """Write a chunk's part, whole or not at all.

        Raises:
            PuzzlescopeError: if it cannot be written.
        """
        sink = pa.BufferOutputStream()
        whole = rows.cast(schema_of(table, self.plan.fingerprint))
        parquet.write_table(whole, sink, compression="zstd", store_schema=True)
        self._write(posixpath.join(table, f"{chunk:06d}{ENDING}"), sink.getvalue().to_pybytes())

    def read(self, table: str, chunk: int) -> pa.Table:
        """A chunk's part of a table."""
        with self._told("read"), self.files.open(self.part(table, chunk), "rb") as file:
            return parquet.read_table(file)

    # ---- what is kept beside them --------------------------------------------------------------------------

    def keep(self, name: str, content: bytes) -> None:
        """Write a file of that name beside the plan, whole or not at all.

        Raises:
            PuzzlescopeError: if it cannot be written.
        """
        self._write(name, content)

    def kept(self, name: str) -> bytes | None:
        """What :meth:`keep` wrote under that name, or ``None`` if there is nothing."""
        with self._told("read"):
            path = self._path(name)
            return bytes(self.files.cat_file(path)) if self.files.exists(path) else None

    # ---- the file system -----------------------------------------------------------------------------------

    def _path(self, *names: str) -> str:
        return posixpath.join(self.root, *names)

    def _write(self, name: str, content: bytes) -> None:
        """Under another name first: only what is whole gets its own. What stores objects takes them whole
        anyway."""
        target = self._path(name)
        partial = posixpath.join(posixpath.dirname(target), f".{uuid.uuid4().hex}.partial")
        with self._told("write"):
            if not self.is_local:
                self.files.pipe_file(target, content)
                return
            try:
                with open(partial, "xb") as file:  # noqa: PTH123 - fsspec's local file system is plain files
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(partial, target)  # noqa: PTH105
            finally:
                with suppress(OSError):
                    os.unlink(partial)  # noqa: PTH108

    @property
    def is_local(self) -> bool:
        """Whether it lies in a file system of this machine."""
        return "file" in self._protocols

    @property
    def _protocols(self) -> tuple[str, ...]:
        kind = self.files.protocol
        return (kind,) if isinstance(kind, str) else tuple(kind)

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except PuzzlescopeError:
            raise
        except Exception as error:  # each of fsspec's file systems has errors of its own
            raise PuzzlescopeError(f"Could not {what} the study {self.url}: {reason(error)}.") from error


def _difference(one: Plan, other: Plan) -> str:
    """The first thing in which two plans differ, in words."""
    told = ("checkpoint", "n", "source_hash", "puzzles", "components", "base", "method", "seed", "chunk")
    for name in told:
        was, now = getattr(one, name), getattr(other, name)
        if was != now:
            if name == "components":
                was, now = f"{len(was)} of them", f"{len(now)}, or others"
            return f"its {name.replace('_', ' ')} is {was or 'none'}, asked for was {now or 'none'}"
    return "its tables are of another kind"
