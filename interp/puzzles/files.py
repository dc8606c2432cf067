"""Files of puzzles by their endings, in lower or upper case; each may be compressed, and then ends in ``.gz``
too.

======================  ==========================================================  =========================
ending                  what it holds                                               at most
======================  ==========================================================  =========================
.parquet                the columns of the public data sets, "input_ids", "label"    1,048,576 puzzles
.npz, .npy              an array a task, or those columns                           1,048,576 puzzles
.json, .jsonl, .ndjson  a list, one puzzle, or one a line; tasks of ARC             64 MB of text
======================  ==========================================================  =========================

Files come from strangers: how large they are is looked at before they are read, and what they hold is
checked. With a limit, reading a million puzzles takes some 0.2 GB more than the program itself; without one,
0.6 GB for the puzzles.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from io import BufferedIOBase, BytesIO
from pathlib import Path

from interp.assets import BANK_FOLDER
from interp.errors import PuzzlescopeError
from interp.outputs import writing
from interp.puzzles.arc import stem
from interp.puzzles.json_files import read_json, write_json, write_lines
from interp.puzzles.npz_files import read_npy, read_npz, write_npz
from interp.puzzles.parquet_files import read_parquet, write_parquet
from interp.puzzles.puzzle import PuzzleSet, quoted
from interp.puzzles.rows import Gathering, Wanted

LARGEST_GZIP = 256 << 20
"""Bytes that a compressed .npz or .parquet file may have when it is decompressed, which happens in memory."""

TEXT = (".json", ".jsonl", ".ndjson")
READERS: dict[str, Callable[[BufferedIOBase, Gathering], None]] = {
    ".npz": read_npz,
    ".npy": read_npy,
    ".parquet": read_parquet,
}
WRITERS: dict[str, Callable[[PuzzleSet, BufferedIOBase], None]] = {
    ".npz": write_npz,
    ".json": write_json,
    ".jsonl": write_lines,
    ".ndjson": write_lines,
    ".parquet": write_parquet,
}
MAGIC = ((b"PAR1", ".parquet"), (b"PK", ".npz"), (b"\x93NUMPY", ".npy"))


def read_bank() -> PuzzleSet:
    """The embedded bank: every Parquet file in ``assets/puzzles``, read once."""
    return _bank(BANK_FOLDER)


@cache
def _bank(folder: Path) -> PuzzleSet:
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise PuzzlescopeError(f"The puzzle bank is missing: expected Parquet files in {folder}.")
    sets = [read_file(file, Wanted()) for file in files]
    return PuzzleSet("bank", tuple(puzzle for one in sets for puzzle in one))


def read_file(path: Path, wanted: Wanted) -> PuzzleSet:
    """The puzzles of a file that are wanted.

    Raises:
        PuzzlescopeError: if there is no such file, it is too large, or it does not hold puzzles.
    """
    gathering = Gathering(str(path), wanted)
    gather(path, gathering)
    return gathering.puzzles(path.name)


def gather(path: Path, gathering: Gathering) -> None:
    """Let the puzzles of a file be gathered (errors as of :func:`read_file`)."""
    kind = _kind(path)
    if kind not in (*READERS, *TEXT, ".gz"):
        raise PuzzlescopeError(
            f"No puzzles {quoted(path, 200)}: expected bank, hub, collection:NAME, or a file that ends in"
            f" {', '.join(WRITERS)}, or one of these with .gz."
        )
    try:
        found = path.is_file()
    except OSError:  # a name that is too long, or a folder that may not be entered
        found = False
    if not found:
        raise PuzzlescopeError(f"There is no file {path}.")
    with errors_in_words(str(path)), path.open("rb") as file:
        read_into(gathering, file, path.name)


def read_into(gathering: Gathering, file: BufferedIOBase, name: str) -> None:
    """Let the puzzles of an open file be gathered.

    Args:
        gathering: takes them.
        file: stands at its beginning.
        name: its name; the ending says what it holds, unless it is compressed without another one.

    Raises:
        PuzzlescopeError: if it is too large, or does not hold puzzles.
    """
    kind = _kind(Path(name))
    with ExitStack() as opened:
        # Whatever its name: some programs compress, or decompress, in passing.
        if _begins(file, b"\x1f\x8b"):
            file = _decompressed(opened.enter_context(gzip.open(file)), kind, gathering.where)
        if kind == ".gz":
            kind = next((ending for magic, ending in MAGIC if _begins(file, magic)), ".json")
        if kind in TEXT:
            read_json(file, gathering, stem(name))
        else:
            READERS[kind](file, gathering)


@contextmanager
def errors_in_words(where: str) -> Iterator[None]:
    """Say in a sentence why a file cannot be read."""
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        raise PuzzlescopeError(f"{where} cannot be read: {_why(error)}.") from error
    except MemoryError as error:
        raise PuzzlescopeError(f"{where} needs more memory than there is.") from error


def write_file(puzzles: PuzzleSet, path: Path) -> None:
    """Write a set, by the file's ending; a crash leaves no half file.

    Raises:
        PuzzlescopeError: if the ending is another one, or the file cannot be written.
    """
    kind = _kind(path)
    if kind not in WRITERS:
        raise PuzzlescopeError(
            f"Cannot write puzzles to {quoted(path, 200)}: expected a name that ends in"
            f" {', '.join(WRITERS)}, or one of these with .gz."
        )
    with writing(path) as file:
        if path.suffix.lower() == ".gz":  # without the time: the same puzzles are the same bytes
            content = BytesIO()
            WRITERS[kind](puzzles, content)
            file.write(gzip.compress(content.getvalue(), mtime=0))
        else:
            WRITERS[kind](puzzles, file)


def _kind(path: Path) -> str:
    """The ending that says what a file holds: ".json" of "x.JSON.gz", and ".gz" of "x.gz"."""
    first, last = ("", "", *path.suffixes)[-2:]
    kinds = (*READERS, *TEXT)
    return first.lower() if last.lower() == ".gz" and first.lower() in kinds else last.lower()


def _begins(file: BufferedIOBase, magic: bytes) -> bool:
    found = file.read(len(magic))
    file.seek(0)
    return found == magic


def _decompressed(file: gzip.GzipFile, kind: str, where: str) -> BufferedIOBase:
    """Something to read from, bounded: text is read with a bound of its own, the rest must be read back and
    forth."""
    if kind in TEXT:
        return file
    content = file.read(LARGEST_GZIP + 1)
    if len(content) > LARGEST_GZIP:
        raise PuzzlescopeError(
            f"{where} has more than {LARGEST_GZIP >> 20} MB when it is decompressed: decompress it first"
            f" (gunzip)."
        )
    return BytesIO(content)


def _why(error: Exception) -> str:
    if isinstance(error, EOFError | zlib.error | gzip.BadGzipFile):
        return "it is damaged, or not whole"
    return getattr(error, "strerror", None) or quoted(error)
