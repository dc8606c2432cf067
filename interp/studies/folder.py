"""Where a study lies: a folder, on this machine or under any URL that fsspec knows.

    NAME/study.json                        the plan
    NAME/puzzles/000007.parquet            the puzzles of chunk 7
    NAME/effects/000007.parquet            the effects of chunk 7
    NAME/effects/000000-000063.parquet     those of 64 chunks, merged

A part appears under its name when it is whole, or not at all. A chunk is done when each table has its part,
and who computes it anew writes the same again: nothing is lost or counted twice, whatever is killed when.
Which files of a table are to be read, :meth:`StudyFolder.to_read` says.
"""

import os
import posixpath
import shutil
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from time import time
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from interp.errors import PuzzlescopeError
from interp.outputs import reason
from interp.studies.parts import Part, cover, name_of
from interp.studies.plan import Plan, difference
from interp.studies.schema import PLAN_KEY, TABLES, VERSION_KEY, schema_of

PLAN_FILE = "study.json"
SUMMARY_FILE = "summary.parquet"
"""What the rows add up to (:mod:`interp.studies.questions.summary`)."""
RATE_FILE = "rate.json"
"""The rate as it was measured at the beginning, and at which parts were written before they were merged
(:mod:`interp.studies.progress`)."""
PARTIAL = ".partial"
"""Ends the name of a file that is being written."""
STALE = 3600.0
"""Seconds after which nobody is at work any more on a file that is being written."""
BAD = ".unreadable"
"""Ends the name of a part that was set aside."""
READERS = 16
"""Threads that look at parts: on a store of objects each look is a request."""
ROWS = 1 << 17
"""Rows of a row group."""


class GonePartError(PuzzlescopeError):
    """A file is not there: while a study is compacted its rows are by now in another."""


class StudyFolder:
    """A study's folder.

    Args:
        url: a path, or a URL of fsspec's, as ``s3://bucket/name``.
        name: what people call it; left out, as the path or URL is written. Where on a server it lies is none
            of its visitors' business.

    Raises:
        PuzzlescopeError: if it is of a kind that fsspec does not know.
    """

    def __init__(self, url: str, name: str = ""):
        self.url, self.name = url, name or url
        try:
            self.files, self.root = fsspec.core.url_to_fs(url)
        except Exception as error:  # an unknown protocol, or one whose package is not installed
            raise PuzzlescopeError(f"A study cannot lie in {url}: {reason(error)}.") from error

    def __reduce__(self) -> Any:
        return StudyFolder, (self.url, self.name)

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
            raise PuzzlescopeError(f"There is no study {self.name}: expected a folder with {PLAN_FILE}.")
        with self._told("read"):
            text = self.files.cat_file(self._path(PLAN_FILE)).decode(errors="replace")
        return Plan.read(text, posixpath.join(self.name, PLAN_FILE))

    def check_free(self) -> None:
        """See that a study may be laid down here.

        Raises:
            PuzzlescopeError: if there is something else.
        """
        with self._told("read"):
            if not self.files.exists(self.root):
                return
            if not self.files.isdir(self.root):
                raise PuzzlescopeError(f"{self.name} is a file: a study needs a folder of its own.")
            names = {posixpath.basename(name) for name in self.files.ls(self.root, detail=False)}
        own = {*TABLES, PLAN_FILE, SUMMARY_FILE, RATE_FILE}
        strangers = sorted(name for name in names - own if not name.endswith(PARTIAL))
        if strangers:
            raise PuzzlescopeError(
                f"{self.name} is no study, and something else lies in it, such as {strangers[0]}: name"
                " another folder."
            )

    def same(self, plan: Plan) -> None:
        """See that this is the study that lies here.

        Raises:
            PuzzlescopeError: if it is another.
        """
        if self.plan.fingerprint != plan.fingerprint:
            raise PuzzlescopeError(
                f"Another study is called {self.name}: {difference(self.plan, plan)}. Take another name, or"
                " go on with that one by naming it alone."
            )

    def begin(self, plan: Plan) -> None:
        """Lay a study down, or go on with it if it is the same.

        Raises:
            PuzzlescopeError: if another study lies here, or nothing can be written.
        """
        if self.begun:
            self.same(plan)
            return
        self.check_free()
        self.make_room(plan.tables)
        self._write(PLAN_FILE, plan.text.encode())
        self.__dict__.pop("plan", None)

    def make_room(self, tables: Sequence[str]) -> None:
        """Make the folders of these tables."""
        with self._told("write"):
            for table in tables:
                self.files.makedirs(self._path(table), exist_ok=True)

    # ---- which parts there are -----------------------------------------------------------------------------

    def part(self, table: str, chunk: int) -> str:
        """The path of a chunk's own part of a table."""
        return self._path(table, name_of(chunk, chunk))

    def listed(self, table: str) -> list[Part]:
        """All parts of a table that are there, those too that were merged into others; empty files are
        none."""
        return [part for part in self._named(table) if part.size]

    def _named(self, table: str) -> list[Part]:
        """All files of a table that are called as parts are."""
        with self._told("read"):
            try:
                found = self.files.ls(self._path(table), detail=True, refresh=True)
            except FileNotFoundError:  # where objects are stored, an empty folder is none
                return []
        parts = (Part.of(one["name"], int(one.get("size") or 0), _written(one)) for one in found)
        return [part for part in parts if part is not None]

    def to_read(self, table: str) -> list[str]:
        """The files that make up a table as it is now, each row in one of them: what a reader reads.

        While a study is compacted a file may be gone when it is opened; its rows are then in another that
        this names when it is asked again.
        """
        return [part.path for part in cover(self.listed(table))]

    def parts(self, table: str) -> dict[int, str]:
        """The file that holds a chunk's rows of a table, for all chunks that are there."""
        return {chunk: part.path for part in cover(self.listed(table)) for chunk in part.chunks}

    def there(self, chunk: int) -> bool:
        """Whether a chunk is done, as it is when another run has just computed it."""
        with self._told("read"):
            if all(self.files.exists(self.part(table, chunk)) for table in self.plan.tables):
                return True
        return all(chunk in self.parts(table) for table in self.plan.tables)

    def missing(self) -> list[int]:
        """The chunks that are not done yet."""
        there = [self.parts(table) for table in self.plan.tables]
        return [chunk for chunk in range(self.plan.chunks) if not all(chunk in parts for parts in there)]

    def set_bad_aside(self) -> int:
        """Set parts aside that cannot be read, or are of another plan or version; returns how many there
        were. Their chunks are then missing, and computed anew."""
        bad = []
        for table in self.plan.tables:
            parts = self._named(table)
            with ThreadPoolExecutor(READERS) as pool:
                sound = list(pool.map(lambda part, of=table: self._is_sound(of, part), parts))
            bad += [part.path for part, good in zip(parts, sound, strict=True) if not good]
        with self._told("write"):
            for path in bad:
                with suppress(FileNotFoundError):
                    self.files.mv(path, path + BAD)
        return len(bad)

    def remove_stale(self, now: float | None = None) -> int:
        """Remove files that somebody was writing when he was killed, an hour ago or longer; returns how many
        there were.

        Args:
            now: in seconds since 1970; this moment by default.
        """
        if not self.is_local:
            return 0
        before, found = (time() if now is None else now) - STALE, 0
        for place in (self.root, *(self._path(table) for table in self.plan.tables)):
            for path in Path(place).glob(f".*{PARTIAL}"):
                with suppress(FileNotFoundError), self._told("write"):
                    if path.stat().st_mtime < before:
                        path.unlink()
                        found += 1
        return found

    def _is_sound(self, table: str, part: Part) -> bool:
        """Whether a part says of itself that it is this study's, and has the rows of its chunks; a damaged
        one has no end that says so."""
        try:
            with self.files.open(part.path, "rb") as file:
                found = parquet.read_metadata(file)
                own = found.schema.to_arrow_schema()
        except FileNotFoundError:  # merged by now
            return True
        except (pa.ArrowException, ValueError):
            return False
        expected = schema_of(table, self.plan.key(table))
        keys = (PLAN_KEY, VERSION_KEY)
        said = found.metadata or {}
        if not own.equals(expected) or any(said.get(key) != expected.metadata[key] for key in keys):
            return False
        return self._has_its_rows(table, part, found)

    def _has_its_rows(self, table: str, part: Part, found: parquet.FileMetaData) -> bool:
        if part.last >= self.plan.chunks:
            return False
        rows = self.plan.rows(table, part.first, part.last)
        if rows is not None and found.num_rows != rows:
            return False
        sizes = (found.row_group(group).column(0).statistics for group in range(found.num_row_groups))
        known = [size for size in sizes if size is not None and size.has_min_max]
        lowest, behind = self.plan.numbers(part.first).start, self.plan.numbers(part.last).stop
        return all(lowest <= size.min and size.max < behind for size in known)

    # ---- reading and writing parts -------------------------------------------------------------------------

    def write(self, table: str, chunk: int, rows: pa.Table, key: str = "") -> None:
        """Write a chunk's part, whole or not at all.

        Args:
            key: what it carries to be known as this study's; left out, what the plan says.

        Raises:
            PuzzlescopeError: if it cannot be written.
        """
        self.write_part(table, chunk, chunk, rows, key or self.plan.key(table))

    def write_part(self, table: str, first: int, last: int, rows: pa.Table, key: str) -> None:
        """Write the part of some chunks (see :meth:`write`)."""
        sink = pa.BufferOutputStream()
        whole = rows.cast(schema_of(table, key))
        parquet.write_table(
            whole,
            sink,
            compression="zstd",
            store_schema=True,
            row_group_size=ROWS,
            # Hardly two losses are equal, but their first bytes are: these compress when they stand together.
            use_dictionary=[field.name for field in whole.schema if not pa.types.is_floating(field.type)],
            use_byte_stream_split=[field.name for field in whole.schema if pa.types.is_floating(field.type)],
        )
        name, content = posixpath.join(table, name_of(first, last)), sink.getvalue().to_pybytes()
        if not self._has(name, content):
            self._write(name, content)

    def _has(self, name: str, content: bytes) -> bool:
        """Whether a file is there that holds just this."""
        path = self._path(name)
        with self._told("read"):
            if not self.files.exists(path) or self.files.size(path) != len(content):
                return False
            return bool(self.files.cat_file(path) == content)

    def read(self, table: str, chunk: int) -> pa.Table:
        """A chunk's rows of a table, from its own part or one that it was merged into.

        Raises:
            PuzzlescopeError: if it is not there, or cannot be read.
        """
        path = self.part(table, chunk)
        with suppress(GonePartError):
            return self.read_file(path)
        path = self.parts(table).get(chunk, path)
        rows, numbers = self.read_file(path), self.plan.numbers(chunk)
        inside = pc.and_(
            pc.greater_equal(rows["puzzle"], numbers.start), pc.less(rows["puzzle"], numbers.stop)
        )
        return rows.filter(inside)

    def read_file(self, path: str) -> pa.Table:
        """All rows of a file.

        Raises:
            GonePartError: if it is not there, or not any more.
            PuzzlescopeError: if it cannot be read.
        """
        with self._told("read"), self.files.open(path, "rb") as file:
            return parquet.read_table(file)

    def rows(self, table: str) -> int:
        """How many rows of a table are there, by the ends of its files."""
        with ThreadPoolExecutor(READERS) as pool:
            return sum(pool.map(self._rows, self.to_read(table)))

    def _rows(self, path: str) -> int:
        try:
            with self._told("read"), self.files.open(path, "rb") as file:
                return int(parquet.read_metadata(file).num_rows)
        except GonePartError:
            raise
        except PuzzlescopeError as error:
            raise PuzzlescopeError(
                f"{'/'.join(path.split('/')[-2:])} of the study {self.name} cannot be read: its name alone"
                " computes anew what is damaged."
            ) from error

    def remove(self, parts: Sequence[Part]) -> None:
        """Remove parts whose rows lie in others, or that nobody needs."""
        with self._told("write"):
            for part in parts:
                with suppress(FileNotFoundError):
                    self.files.rm_file(part.path)

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

    def forget(self, name: str) -> None:
        """Remove what :meth:`keep` wrote under that name, if it is there."""
        with self._told("write"), suppress(FileNotFoundError):
            self.files.rm_file(self._path(name))

    def written(self, name: str) -> float:
        """When a file beside the plan was written, or the plan: in seconds since 1970; 0 if that is not
        known."""
        with self._told("read"):
            path = self._path(name)
            return _written(self.files.info(path)) if self.files.exists(path) else 0.0

    # ---- the file system -----------------------------------------------------------------------------------

    def _path(self, *names: str) -> str:
        return posixpath.join(self.root, *names)

    def _write(self, name: str, content: bytes) -> None:
        """Under another name first: only what is whole gets its own. What stores objects takes them whole
        anyway."""
        target = self._path(name)
        partial = posixpath.join(posixpath.dirname(target), f".{uuid.uuid4().hex}{PARTIAL}")
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
    def place(self) -> str:
        """Where it lies, as whoever computes it finds it: the whole path, or the URL."""
        return self.root if self.is_local else self.url

    @property
    def free(self) -> int | None:
        """Bytes that may still be written here; None where that is not known."""
        if not self.is_local:
            return None
        place = Path(self.root)
        with suppress(OSError):
            return shutil.disk_usage(next(one for one in (place, *place.parents) if one.exists())).free
        return None

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
            kept = " What is there stays: the same command goes on with it." if what == "write" else ""
            gone = what == "read" and isinstance(error, FileNotFoundError)
            raise (GonePartError if gone else PuzzlescopeError)(
                f"Could not {what} the study {self.name}: {reason(error)}.{kept}"
            ) from error


def _written(one: dict[str, Any]) -> float:
    """When a file was written, by what its file system tells of it."""
    told = one.get("mtime", one.get("LastModified", one.get("updated", one.get("created", 0))))
    if isinstance(told, datetime):
        return told.timestamp()
    return float(told) if isinstance(told, int | float) else 0.0
