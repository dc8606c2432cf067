"""What a file or a text holds, whoever wrote it: looked at, and nothing taken yet."""

import gzip
import re
from io import BytesIO
from pathlib import Path

from interp.errors import PuzzlescopeError, brief
from interp.puzzles.arc import stem
from interp.puzzles.exchange import text as plain_text
from interp.puzzles.exchange.known import read_json_entries, read_known
from interp.puzzles.exchange.preview import Preview
from interp.puzzles.files import LARGEST_GZIP, MAGIC, errors_in_words
from interp.puzzles.json_files import LARGEST_TEXT, text_of
from interp.puzzles.puzzle import PLACES, quoted
from interp.tokens import PUZZLE_TOKENS, Structure

PASTED = "pasted text"
_JSON_OBJECT = re.compile(r"[\s\ufeff]*(\[\s*)*\{")
_FIRST_ROW = re.compile(r"[\s\ufeff]*\[[\s\[]*([^\s\[\]][^\[\]]*)\]")


def preview_file(
    name: str, content: bytes, *, place: str = PLACES[0], structure: Structure | None = None
) -> Preview:
    """What a file holds.

    Args:
        name: its name, without folders; what it holds is told by its bytes, and else by its ending.
        content: its bytes; compressed by gzip or not.
        place: where a grid that is smaller than 10 x 10 goes on a blank one, of PLACES.
        structure: the order of the grids in a text that does not say it.

    Returns:
        Every puzzle in it, each of which may be refused alone.

    Raises:
        PuzzlescopeError: if nothing in it can be read as puzzles at all, or it is too large.
    """
    _check_place(place)
    source = brief(name, 60) or "the file"
    with errors_in_words(source):
        content = _unpacked(content, source)
    kind = next((ending for magic, ending in MAGIC if content.startswith(magic)), None)
    kind = kind or next(
        (e for e in (".npz", ".npy", ".parquet") if name.lower().removesuffix(".gz").endswith(e)), None
    )
    if kind is not None:
        found = read_known(BytesIO(content), f"x{kind}", source)
        return _whole(Preview(source, kind, found))
    words = text_of(content, source)
    written_as_json = name.lower().removesuffix(".gz").endswith((".jsonl", ".ndjson"))
    if written_as_json or _is_json(words):
        return _json(words, source, stem(name), place)
    return _whole(plain_text.read_text(words.lstrip("\ufeff"), source, place, structure))


def preview_text(text: str, *, place: str = PLACES[0], structure: Structure | None = None) -> Preview:
    """What a text holds that somebody has pasted: JSON of any kind that a file may hold, or grids.

    Args:
        text: as it is.
        place, structure: as for :func:`preview_file`.

    Raises:
        PuzzlescopeError: if there are no grids in it, or it is too long.

    Example:
        >>> preview = preview_text("012\\n340\\n\\n034\\n120\\n\\n005\\n000\\n\\n500\\n000")
        >>> [(one.name, one.done) for one in preview.found]  # doctest: +ELLIPSIS
        [('puzzle 1', ('Put at the top left of a blank 10 x 10 grid: grid 1 (line 1) (2 x 3), ...',))]
    """
    _check_place(place)
    if _is_json(text):
        if len(text) > LARGEST_TEXT:
            raise PuzzlescopeError(f"The {PASTED} has more than {LARGEST_TEXT >> 20} MB: open it as a file.")
        return _json(text, PASTED, "pasted", place)
    return _whole(plain_text.read_text(text, PASTED, place, structure))


def preview_path(path: str | Path, *, place: str = PLACES[0], structure: Structure | None = None) -> Preview:
    """What a file on this machine holds; as :func:`preview_file`.

    Raises:
        PuzzlescopeError: also if it cannot be read.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise PuzzlescopeError(f"There is no file {brief(path, 200)}.")
        with path.open("rb") as file:
            content = file.read(LARGEST_GZIP + 1)
    except OSError as error:
        raise PuzzlescopeError(f"{brief(path, 200)} cannot be read: {error.strerror}.") from error
    return preview_file(path.name, content, place=place, structure=structure)


def _json(text: str, source: str, name: str, place: str) -> Preview:
    found, of_arc = read_json_entries(text, source, name, place)
    return _whole(Preview(source, "ARC JSON" if of_arc else "JSON", found))


def _whole(preview: Preview) -> Preview:
    if not preview.found:
        raise PuzzlescopeError(f"{preview.source} holds no puzzle.")
    return preview


def _check_place(place: str) -> None:
    if place not in PLACES:
        raise PuzzlescopeError(f"A smaller grid's place is {' or '.join(PLACES)}, got {quoted(place)}.")


def _unpacked(content: bytes, source: str) -> bytes:
    if content.startswith(b"\x1f\x8b"):
        with gzip.open(BytesIO(content)) as file:
            content = file.read(LARGEST_GZIP + 1)
    if len(content) > LARGEST_GZIP:
        raise PuzzlescopeError(f"{source} has more than {LARGEST_GZIP >> 20} MB: cut it into several.")
    return content


def _is_json(text: str) -> bool:
    """Whether these are objects of JSON, or lists of a puzzle's tokens; lists of rows are grids."""
    head = text[: 40 * PUZZLE_TOKENS]
    if _JSON_OBJECT.match(head):
        return True
    row = _FIRST_ROW.match(head)
    return row is not None and row[1].count(",") + 1 >= PUZZLE_TOKENS
