"""Collections of puzzles that a person keeps, with names and notes: SQLite in a folder."""

import hashlib
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interp.errors import PuzzlescopeError, brief
from interp.puzzles.collections.database import FILE, reading, writing
from interp.puzzles.collections.names import alike, checked_name, checked_notes
from interp.puzzles.kept import Kept
from interp.puzzles.puzzle import Puzzle, PuzzleSet

MOST_COLLECTIONS = 500
"""Of one owner."""
MOST_PUZZLES = 10_000
"""In one collection."""
MOST_OF_AN_OWNER = 100_000
"""In all collections of one owner, a quarter of what the file may hold."""


@dataclass(frozen=True)
class Collection:
    """What a list of collections shows of one.

    Attributes:
        name: as its owner calls it.
        notes: plain text, on several lines if need be.
        puzzles: how many it holds.
        made: in seconds since 1970.
        changed: the same, of the last change to it.
    """

    name: str
    notes: str
    puzzles: int
    made: float
    changed: float


@dataclass(frozen=True)
class Contents:
    """What a collection holds.

    Attributes:
        collection: which.
        kept: its puzzles, in the order in which they came.
        damaged: a sentence for each that the disk has changed: such a one is not given out.
    """

    collection: Collection
    kept: tuple[Kept, ...]
    damaged: tuple[str, ...] = ()

    @property
    def puzzles(self) -> PuzzleSet:
        return PuzzleSet(f"collection:{self.collection.name}", tuple(one.puzzle for one in self.kept))


@dataclass(frozen=True)
class Collections:
    """The collections of one owner in a folder. Any thread may call any method, and several processes may
    share the folder: a change is whole or not at all.

    Every method raises :class:`PuzzlescopeError` if the folder's file cannot be read or written, is damaged,
    or there is no collection of this name; nothing has changed then.

    Attributes:
        folder: is made by the first change.
        owner: whose they are. Empty: everybody's who uses this machine.

    Example:
        >>> import tempfile
        >>> from interp.puzzles import load_puzzles
        >>> mine = Collections(Path(tempfile.mkdtemp()))
        >>> mine.create("Hard frames", "L1.attn off breaks them").puzzles
        0
        >>> mine.add("Hard frames", [Kept(load_puzzles("bank", task="frame")[0], "the first")])
        1
        >>> [(one.name, one.puzzles) for one in mine.all()]
        [('Hard frames', 1)]
    """

    folder: Path
    owner: str = ""

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.folder) / FILE

    def all(self) -> tuple[Collection, ...]:
        """All of them, by name."""
        with reading(self.path) as connection:
            if connection is None:
                return ()
            rows = connection.execute(f"{_LIST} WHERE owner = ? ORDER BY alike", (self.owner,)).fetchall()
        return tuple(Collection(*row) for _, *row in rows)

    def find(self, name: str) -> Collection:
        """The one of this name."""
        with reading(self.path) as connection:
            return self._found(connection, name)[1]

    def contents(self, name: str) -> Contents:
        """What the one of this name holds."""
        with reading(self.path) as connection:
            number, collection = self._found(connection, name)
            assert connection is not None
            rows = connection.execute(
                "SELECT digest, task, tokens, name, provenance, added FROM puzzles WHERE collection = ?"
                " ORDER BY id",
                (number,),
            ).fetchall()
        kept = [_kept(*row) for row in rows]
        damaged = tuple(
            f"Puzzle {k} of collection '{collection.name}' is not as it was written and was left out: its"
            " disk has changed it."
            for k, one in enumerate(kept, start=1)
            if one is None
        )
        return Contents(collection, tuple(one for one in kept if one is not None), damaged)

    def create(self, name: str, notes: str = "") -> Collection:
        """Begin one.

        Raises:
            PuzzlescopeError: also if it cannot be called so, or one is called so already, or nearly so.
        """
        name, notes, now = checked_name(name), checked_notes(notes), time.time()
        with writing(self.path) as connection:
            self._check_free(connection, name)
            many = connection.execute("SELECT count(*) FROM collections WHERE owner = ?", (self.owner,))
            if many.fetchone()[0] >= MOST_COLLECTIONS:
                raise PuzzlescopeError(
                    f"There are {MOST_COLLECTIONS} collections, the most that are kept: delete one first."
                )
            connection.execute(
                "INSERT INTO collections (owner, name, alike, notes, made, changed)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (self.owner, name, alike(name), notes, now, now),
            )
        return Collection(name, notes, 0, now, now)

    def rename(self, name: str, new: str) -> Collection:
        """Call one differently.

        Raises:
            PuzzlescopeError: as in :meth:`create`.
        """
        new = checked_name(new)
        with writing(self.path) as connection:
            number, _ = self._found(connection, name)
            self._check_free(connection, new, besides=number)
            connection.execute(
                "UPDATE collections SET name = ?, alike = ? WHERE id = ?", (new, alike(new), number)
            )
            return self._touched(connection, number)

    def annotate(self, name: str, notes: str) -> Collection:
        """Replace its notes."""
        notes = checked_notes(notes)
        with writing(self.path) as connection:
            number, _ = self._found(connection, name)
            connection.execute("UPDATE collections SET notes = ? WHERE id = ?", (notes, number))
            return self._touched(connection, number)

    def delete(self, name: str) -> None:
        """Delete one, with what it holds."""
        with writing(self.path) as connection:
            number, _ = self._found(connection, name)
            connection.execute("DELETE FROM collections WHERE id = ?", (number,))

    def add(self, name: str, kept: Iterable[Kept]) -> int:
        """Add puzzles, each once: one that is there already stays as it is.

        Returns:
            How many are new.

        Raises:
            PuzzlescopeError: also if they are too many; then none has been added.
        """
        rows, now = list(kept), time.time()
        with writing(self.path) as connection:
            number, before = self._found(connection, name)
            connection.executemany(
                "INSERT OR IGNORE INTO puzzles (collection, digest, task, tokens, name, provenance, added)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (number, _digest(k.puzzle), k.puzzle.task, k.puzzle.cells, k.name, k.provenance, now)
                    for k in rows
                ),
            )
            after = self._touched(connection, number).puzzles
            if after > MOST_PUZZLES:
                raise PuzzlescopeError(
                    f"A collection holds at most {MOST_PUZZLES:,} puzzles: '{before.name}' has"
                    f" {before.puzzles:,}, and {after - before.puzzles:,} more do not fit."
                )
            if after > before.puzzles and self._number(connection) > MOST_OF_AN_OWNER:
                raise PuzzlescopeError(
                    f"All collections together hold at most {MOST_OF_AN_OWNER:,} puzzles: delete some first."
                )
        return after - before.puzzles

    def remove(self, name: str, puzzles: Iterable[Puzzle]) -> int:
        """Take puzzles out.

        Returns:
            How many were there.
        """
        wanted = [_digest(puzzle) for puzzle in puzzles]
        with writing(self.path) as connection:
            number, before = self._found(connection, name)
            connection.executemany(
                "DELETE FROM puzzles WHERE collection = ? AND digest = ?",
                ((number, digest) for digest in wanted),
            )
            return before.puzzles - self._touched(connection, number).puzzles

    def remove_damaged(self, name: str) -> int:
        """Take out what the disk has changed; returns how many."""
        with writing(self.path) as connection:
            number, _ = self._found(connection, name)
            rows = connection.execute(
                "SELECT id, digest, task, tokens, name, provenance, added FROM puzzles WHERE collection = ?",
                (number,),
            ).fetchall()
            wrong = [row for row, *rest in rows if _kept(*rest) is None]
            connection.executemany("DELETE FROM puzzles WHERE id = ?", ((row,) for row in wrong))
            self._touched(connection, number)
        return len(wrong)

    def puzzles(self, name: str) -> PuzzleSet:
        """The puzzles of one, to work with.

        Raises:
            PuzzlescopeError: also if one of them is damaged: a result would be of fewer than one thinks.
        """
        found = self.contents(name)
        if found.damaged:
            raise PuzzlescopeError(
                f"{len(found.damaged)} of {found.collection.puzzles} puzzles in collection"
                f" '{found.collection.name}' are damaged: take them out with"
                f" `python -m interp collections remove NAME --damaged`."
            )
        return found.puzzles

    def _found(self, connection: sqlite3.Connection | None, name: str) -> tuple[int, Collection]:
        row = None
        if connection is not None:
            row = connection.execute(
                f"{_LIST} WHERE owner = ? AND alike = ?", (self.owner, alike(name))
            ).fetchone()
        if row is not None:
            return row[0], Collection(*row[1:])
        names = [] if connection is None else self._names(connection)
        there = ", ".join(f"'{one}'" for one in names[:5]) + (", ..." if len(names) > 5 else "")
        raise PuzzlescopeError(
            f"There is no collection '{brief(name, 60)}': "
            + (f"there are {there}." if names else "none is kept yet.")
        )

    def _number(self, connection: sqlite3.Connection) -> int:
        """How many puzzles this owner has."""
        found: int = connection.execute(
            "SELECT count(*) FROM puzzles WHERE collection IN (SELECT id FROM collections WHERE owner = ?)",
            (self.owner,),
        ).fetchone()[0]
        return found

    def _names(self, connection: sqlite3.Connection) -> list[str]:
        rows = connection.execute(
            "SELECT name FROM collections WHERE owner = ? ORDER BY alike", (self.owner,)
        )
        return [name for (name,) in rows]

    def _check_free(self, connection: sqlite3.Connection, name: str, besides: int = -1) -> None:
        row = connection.execute(
            "SELECT name FROM collections WHERE owner = ? AND alike = ? AND id != ?",
            (self.owner, alike(name), besides),
        ).fetchone()
        if row is not None:
            same = row[0] == name
            raise PuzzlescopeError(
                f"There is a collection '{row[0]}' already: "
                + (
                    "choose another name."
                    if same
                    else f"'{name}' looks too much like it, choose another name."
                )
            )

    def _touched(self, connection: sqlite3.Connection, number: int) -> Collection:
        """Note that it was changed now; as it is."""
        connection.execute("UPDATE collections SET changed = ? WHERE id = ?", (time.time(), number))
        row = connection.execute(f"{_LIST} WHERE id = ?", (number,)).fetchone()
        return Collection(*row[1:])


_LIST = (
    "SELECT id, name, notes, (SELECT count(*) FROM puzzles WHERE collection = collections.id), made, changed"
    " FROM collections"
)


def _digest(puzzle: Puzzle) -> bytes:
    """The same for equal puzzles, and another when a bit of one has been changed."""
    return hashlib.sha256(puzzle.task.encode() + b"\0" + puzzle.cells).digest()[:16]


def _kept(digest: Any, task: Any, tokens: Any, name: Any, provenance: Any, added: Any) -> Kept | None:
    """A row as a value; none if it is not as it was written, down to the types of what stands in it."""
    texts = all(isinstance(text, str) for text in (task, name, provenance))
    if not texts or not isinstance(tokens, bytes) or not isinstance(added, float):
        return None
    try:
        puzzle = Puzzle.of(task, list(tokens))
        return Kept(puzzle, name, provenance, added) if _digest(puzzle) == digest else None
    except PuzzlescopeError:
        return None
