"""SQL of whoever asks, over the parts of a study and nothing else.

Each question has a database of its own, in memory, which is locked before it is asked: it may read the files
that it is told of, may neither write nor reach anything else, and has bounds on memory, threads and time.
Only ``SELECT`` is answered, so that the files it may read cannot be written either.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from interp.errors import PuzzlescopeError, brief
from interp.studies.sql.answers import with_whole_numbers

T = TypeVar("T")

LONGEST = 20_000
"""Letters of a question."""
MEANT = "Candidate bindings"
"""Begins the line that tells which columns a name is like."""
READ_ONLY = "Only one SELECT is answered: a study is read, never changed"


@dataclass(frozen=True)
class Bounds:
    """What an answer may cost.

    Attributes:
        seconds: until it is given up.
        memory: MiB of the database; nothing is put on the disk beyond.
        threads: at work on it.
        rows: of the answer.
        size: of the answer, MiB; any by default.
        apart: whether what somebody writes is answered in a process of its own
            (:mod:`interp.studies.sql.apart`), as a server must: one call of a function heeds no other bound.
    """

    seconds: float = 60.0
    memory: int = 2048
    threads: int = 4
    rows: int | None = None
    size: int | None = None
    apart: bool = False


USUAL = Bounds()

AS_TEXT = {"BIT", "BIGNUM", "UHUGEINT", "TIME WITH TIME ZONE"}
"""Types that Arrow does not have: their values leave the database as text."""

TRIES = 3


class GoneError(PuzzlescopeError):
    """A part could not be opened: while a study is compacted its rows are by now in another."""


def still_there(ask: Callable[[], T]) -> T:
    """What this returns, asked again if a part is gone that was there when it looked."""
    for _ in range(TRIES - 1):
        with suppress(GoneError):
            return ask()
    return ask()


Files = Mapping[str, Sequence[str]]
"""The views of a database: each with the Parquet files that it is made of."""


@contextmanager
def database(
    files: Files, bounds: Bounds = USUAL, views: Mapping[str, str] | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database over some files, locked, given up when the time is over.

    Args:
        views: further ones, each as a SELECT.
    """
    connection = duckdb.connect(":memory:", config={"threads": max(1, bounds.threads)})
    timer = threading.Timer(bounds.seconds, connection.interrupt)
    timer.daemon = True
    try:
        _lock(connection, files, bounds, views or {})
        timer.start()
        yield connection
    except duckdb.InterruptException as error:
        raise in_vain(bounds) from error
    except duckdb.OutOfMemoryException as error:
        raise too_much(bounds) from error
    except duckdb.IOException as error:
        raise GoneError(f"A part of the study could not be read: {_told(error, files)}.") from error
    except duckdb.CatalogException as error:
        names = ", ".join((*files, *(views or {})))
        raise PuzzlescopeError(
            f"The question could not be answered: {_sentence(error)}. The tables are {names}."
        ) from error
    except duckdb.Error as error:
        of_a_part = any(path in str(error) for paths in files.values() for path in paths)
        what = "A part of the study could not be read" if of_a_part else "The question could not be answered"
        raise PuzzlescopeError(f"{what}: {_told(error, files)}.") from error
    finally:
        timer.cancel()
        connection.close()


def in_vain(bounds: Bounds) -> PuzzlescopeError:
    """That the time is over."""
    return PuzzlescopeError(
        f"The question was given up after {bounds.seconds:g} s: ask for fewer puzzles or components."
    )


def too_much(bounds: Bounds) -> PuzzlescopeError:
    """That the memory is used up."""
    return PuzzlescopeError(
        f"The question needs more than the {bounds.memory:,} MiB that it may take: ask for less at once."
    )


def too_large(bounds: Bounds) -> PuzzlescopeError:
    """That the answer is larger than it may be."""
    return PuzzlescopeError(
        f"The answer is larger than the {bounds.size:,} MiB that it may be: ask for fewer rows or columns."
    )


def _lock(
    connection: duckdb.DuckDBPyConnection, files: Files, bounds: Bounds, views: Mapping[str, str]
) -> None:
    allowed = ", ".join(_quoted(path) for paths in files.values() for path in paths)
    for setting in (
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "python_enable_replacements = false",
        "temp_directory = ''",
        "allow_persistent_secrets = false",
        "secret_directory = 'none'",  # otherwise below the server's home, as sentences would tell
        "extension_directory = 'none'",
        "enable_progress_bar = false",
        "preserve_insertion_order = false",
        f"memory_limit = '{bounds.memory}MiB'",
        f"allowed_paths = [{allowed}]",
        "enable_external_access = false",
    ):
        connection.execute(f"SET {setting}")
    for name, paths in files.items():
        listed = ", ".join(map(_quoted, paths))
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{listed}])")
    for name, select in views.items():
        connection.execute(f"CREATE VIEW {name} AS {select}")
    connection.execute("SET lock_configuration = true")


def answer(
    connection: duckdb.DuckDBPyConnection,
    question: str,
    parameters: Sequence[Any] | Mapping[str, Any] = (),
    rows: int | None = None,
) -> pa.Table:
    """The answer to a SELECT of whoever asks.

    Args:
        parameters: by place for ``?`` or by name for ``$name``.
        rows: at most so many, the first.

    Raises:
        PuzzlescopeError: if it is not one SELECT.
    """
    if len(question) > LONGEST:
        raise PuzzlescopeError(f"A question has at most {LONGEST:,} letters, got {len(question):,}.")
    statements = duckdb.extract_statements(_without_end(question))
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise PuzzlescopeError(f"{READ_ONLY}; got '{brief(question)}'.")
    given = dict(parameters) if isinstance(parameters, Mapping) else list(parameters)
    relation = _told_apart(connection.sql(statements[0], params=given))
    if rows is not None:
        relation = relation.limit(rows)
    return with_whole_numbers(relation.to_arrow_table())


def _told_apart(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """The same with a name of its own for each column, as a row by names needs it, and without values that
    would not survive."""
    names = [name.lower() for name in relation.columns]
    lossy = [str(kind) in AS_TEXT for kind in relation.types]
    if len(set(names)) == len(names) and not any(lossy):
        return relation
    relation = relation.project("*")  # the database numbers equal names
    columns = zip(map(_name, relation.columns), lossy, strict=True)
    return relation.project(
        ", ".join(f"{name}::VARCHAR AS {name}" if as_text else name for name, as_text in columns)
    )


def _without_end(question: str) -> str:
    """A question up to the semicolon that ends it: what stands behind it, be it comments only, keeps an
    answer from being limited."""
    said, end = question.encode(), None
    for place, kind in reversed(duckdb.tokenize(question)):  # places count bytes
        if said[place : place + 1] == b";":
            end = place
        elif kind != duckdb.token_type.comment:
            break
    return said[:end].decode()


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _told(error: duckdb.Error, files: Files) -> str:
    """What the database says, without where on this machine the files lie."""
    said = _sentence(error)
    for path in (path for paths in files.values() for path in paths):
        said = said.replace(path, "/".join(path.split("/")[-2:]))
    return said


def _sentence(error: duckdb.Error) -> str:
    """The first line of what the database says, which shows the place in further ones; and what it may have
    been meant by a name."""
    first, *more = str(error).strip().splitlines() or [""]
    meant = [line.strip() for line in more if line.strip().startswith(MEANT)]
    kind, _, rest = first.partition(": ")
    said = (rest if kind.endswith("Error") and rest else first).strip().rstrip(".!:")
    return ". ".join([said, *meant])
