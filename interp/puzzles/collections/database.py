"""The file of collections: SQLite in WAL mode, opened for one piece of work and closed again.

So threads share nothing, two processes write in turn, and a file that is moved away or brought back is seen
at once. A piece of work is one transaction: it is in the file when it has returned, after ``kill -9`` and
after a power cut, or it has left nothing. Nothing here ever deletes or replaces the file: what is the matter
with it is said in a sentence.
"""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from interp.errors import PuzzlescopeError
from interp.outputs import reason

FILE = "collections.sqlite"
PATIENCE = 20.0
"""Seconds that one waits for others who write. They take milliseconds, but nobody keeps a line."""
LARGEST = 256 << 20
"""Bytes of the file: some 400,000 puzzles."""
APPLICATION = 0x505A5350
"""Marks the file as ours (SQLite's ``application_id``)."""
SCHEMA = (
    """
    CREATE TABLE collections (
        id INTEGER PRIMARY KEY,
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        alike TEXT NOT NULL,
        notes TEXT NOT NULL,
        made REAL NOT NULL,
        changed REAL NOT NULL,
        UNIQUE (owner, alike)
    ) STRICT;
    CREATE TABLE puzzles (
        id INTEGER PRIMARY KEY,
        collection INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
        digest BLOB NOT NULL,
        task TEXT NOT NULL,
        tokens BLOB NOT NULL,
        name TEXT NOT NULL,
        provenance TEXT NOT NULL,
        added REAL NOT NULL,
        UNIQUE (collection, digest)
    ) STRICT;
    """,
)
"""A script for each version: a file of version n (SQLite's ``user_version``) has had the first n."""

_NO_ROOM_BESIDE = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
)
"""What SQLite says where it cannot make the two files that it has beside a file in WAL mode."""

_sound: set[tuple[str, int]] = set()
"""Files that this process has looked through, by path and inode."""


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    """The file as it is now, for questions; ``None`` if nothing has been kept yet.

    Raises:
        PuzzlescopeError: if it cannot be read, is damaged, or not ours.
    """
    with _faults(path, "read"):
        if not path.exists() or not path.stat().st_size:
            yield None
            return
        with closing(_readable(path)) as connection:
            connection.execute("BEGIN")
            yield connection if _version(connection, path) else None


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """The file, for one change: all that is done here, or none of it if it raises. Folder and file are made
    where they are not there.

    Raises:
        PuzzlescopeError: if it cannot be written, is damaged, or not ours; nothing has changed then.
    """
    with _faults(path, "written"):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileExistsError):  # one's own alone: what is kept may be nobody else's business
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(_connect(path, "mode=rw")) as connection:
            connection.execute("PRAGMA synchronous = FULL")  # less would lose the last change in a power cut
            connection.execute("BEGIN")
            _version(connection, path)
            connection.execute("COMMIT")
            _look_through(connection, path)
            _use_wal(connection)
            size = connection.execute("PRAGMA page_size").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {LARGEST // size}")
            connection.execute("BEGIN IMMEDIATE")
            try:
                _make(connection, path)
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk has rolled it back already
                    connection.execute("ROLLBACK")
                raise


def _connect(path: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}", uri=True, timeout=PATIENCE, isolation_level=None
    )
    connection.text_factory = lambda text: text.decode("utf-8", "replace")  # a changed bit is noticed later
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _readable(path: Path) -> sqlite3.Connection:
    """A connection that reads, also where nothing can be written beside the file."""
    connection = _connect(path, "mode=rw")
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema")
    except sqlite3.OperationalError as error:
        connection.close()
        wal = path.with_name(f"{path.name}-wal")
        # What stands in the log alone would be passed over, so with a log it is an error.
        if error.sqlite_errorcode & 0xFF not in _NO_ROOM_BESIDE or (wal.exists() and wal.stat().st_size):
            raise
        return _connect(path, "mode=ro&immutable=1")
    return connection


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Which schema the file has; 0 if it is a new one. In a transaction, for others may be making it."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    empty = not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if not empty and application != APPLICATION:
        raise PuzzlescopeError(
            f"{path} is a data base of another program: move it away, or choose another folder with"
            " PUZZLESCOPE_DATA."
        )
    if version > len(SCHEMA):
        raise PuzzlescopeError(
            f"{path} was written by a newer version of Puzzlescope (form {version}, this one knows"
            f" {len(SCHEMA)}): use that version, or export the collections with it."
        )
    return 0 if empty else version


def _look_through(connection: sqlite3.Connection, path: Path) -> None:
    """Once in a process, before it first writes there, so that damage is not built upon."""
    known = (str(path.absolute()), path.stat().st_ino)
    if known in _sound:
        return
    (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if said != "ok":
        raise _damaged(path)
    _sound.add(known)


def _use_wal(connection: sqlite3.Connection) -> None:
    """Once made, a file stays in WAL mode. SQLite does not wait for others at that change, so it is tried
    again."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(0.02)


def _make(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the file to the newest schema, in the transaction that is open."""
    for script in SCHEMA[_version(connection, path) :]:
        for statement in script.split(";"):  # executescript would commit
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {len(SCHEMA)}")


def _damaged(path: Path) -> PuzzlescopeError:
    return PuzzlescopeError(
        f"{path} is damaged, and was left as it is: put a copy of it that is sound in its place, or move it"
        " away to begin anew (sqlite3 FILE .recover saves what can be read)."
    )


@contextmanager
def _faults(path: Path, done: str) -> Iterator[None]:
    """Say in a sentence what is the matter with the file."""
    try:
        yield
    except OSError as error:
        raise PuzzlescopeError(
            f"Collections cannot be {done} in {path.parent}: {reason(error)}; choose another folder with"
            " PUZZLESCOPE_DATA."
        ) from error
    except sqlite3.Error as error:
        raise _sentence(error, path, done) from error


def _is_full(path: Path) -> bool:
    """Whether the disk has less room than a change needs."""
    try:
        return shutil.disk_usage(path.parent).free < 1 << 20
    except OSError:
        return False


def _sentence(error: sqlite3.Error, path: Path, done: str) -> PuzzlescopeError:
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return _damaged(path)
    kept = "what was kept before is unchanged"
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR) and _is_full(path):
        return PuzzlescopeError(f"The disk of {path} is full; {kept}: make room there and try again.")
    if code == sqlite3.SQLITE_FULL:
        return PuzzlescopeError(
            f"The collections in {path} have reached {LARGEST >> 20} MB, the most they may have; {kept}:"
            " delete some."
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return PuzzlescopeError(
            f"Collections cannot be {done} in {path}: it, or its folder, is read-only or closed to this"
            f" user; {kept}."
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return PuzzlescopeError(
            f"Another program has been writing to {path} for {PATIENCE:g} seconds; {kept}: try again."
        )
    why = "its disk failed" if code == sqlite3.SQLITE_IOERR else str(error).rstrip(".")
    return PuzzlescopeError(f"Collections cannot be {done} in {path}: {why}; {kept}.")
