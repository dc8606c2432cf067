"""Puzzles in JSON: a list of them, one alone, or one a line (JSON Lines); by our names or the public data
set's; and ARC's.

Each of these is a puzzle, whether it stands in a list, on a line, or alone in its file:

- ``{"task": "frame", "structure": "X f(X) Y f(Y)", "grids": [four grids of 10 x 10]}``, grids in the
  structure's order, as :func:`write_json` has it; without "structure" they stand as in this example;
- ``{"task": "frame", "tokens": [404 or 405 numbers]}``, or ``{"label": "frame", "input_ids": [...]}``;
- either without its task, and the bare ``[404 or 405 numbers]``.

A row of the data set may be many: ``{"label": ["frame", "grow"], "input_ids": [[...], [...]]}``. What is of
ARC is read by :mod:`interp.puzzles.arc`. The text may be UTF-8 or UTF-16, with a byte order mark or without.
"""

import json
import re
from collections.abc import Iterator
from io import BufferedIOBase
from typing import Any, NoReturn

import numpy as np

from interp.errors import PuzzlescopeError
from interp.grids import CELLS, SIZE
from interp.puzzles.arc import ArcReader
from interp.puzzles.puzzle import LONGEST_TASK, PuzzleSet, quoted
from interp.puzzles.rows import LABELS, NUMBERS, BadRowError, Gathering, label_of, numbers_of, whole_list
from interp.tokens import STRUCTURES, cell_name, structure_named

LARGEST_TEXT = 64 << 20
"""Bytes of text, as it is after decompression: some 20,000 puzzles, written with spaces."""
MOST_LISTS = 4_000_000
"""Lists and objects in a file, a hundred bytes of memory each. As many puzzles as fit into 64 MB have 3
million."""

FORM = (
    'Expected {"task", "structure", "grids"}, {"task", "tokens"}, {"label", "input_ids"}, or of ARC'
    ' {"train", "test"} or {"input", "output"}'
)
_BETWEEN = re.compile(
    "[ \t\r\n\ufeff\x1e]*"
)  # a mark in the middle, where files were put one behind the other


def read_json(file: BufferedIOBase, gathering: Gathering, name: str) -> None:
    """Read a file of JSON or JSON Lines.

    Args:
        file: the bytes, of any length.
        gathering: takes the puzzles.
        name: what puzzles of ARC are called that have no name of their own.

    Raises:
        PuzzlescopeError: saying where it is not JSON, or which entry is not a puzzle.
    """
    where = gathering.where
    text = text_of(file.read(LARGEST_TEXT + 1), where)
    if not text.strip(" \t\r\n\ufeff"):
        raise PuzzlescopeError(f"{where} is empty and holds no puzzle.")
    arc = ArcReader(gathering, name)
    for place, value in values_of(text, where):
        try:
            if not arc.read(value, place):
                read_row(value, gathering, place)
        except BadRowError as bad:
            raise PuzzlescopeError(f"{where}, {place}: {bad}") from bad
    if arc.alone:
        raise PuzzlescopeError(
            f"{where} has one pair of ARC alone: a puzzle needs two, an example and the one to be solved."
        )


def write_json(puzzles: PuzzleSet, file: BufferedIOBase) -> None:
    file.write(("[\n" + ",\n".join(_rows(puzzles)) + "\n]\n").encode())


def write_lines(puzzles: PuzzleSet, file: BufferedIOBase) -> None:
    file.writelines(f"{row}\n".encode() for row in _rows(puzzles))


def _rows(puzzles: PuzzleSet) -> Iterator[str]:
    for p in puzzles:
        yield json.dumps({"task": p.task, "structure": p.structure.name, "grids": p.grids.tolist()})


def text_of(content: bytes, where: str) -> str:
    """The text of a file.

    Raises:
        PuzzlescopeError: if it is none, or too large.
    """
    if len(content) > LARGEST_TEXT:
        raise PuzzlescopeError(
            f"{where} has more than {LARGEST_TEXT >> 20} MB of text: so many puzzles belong into a .parquet"
            f" or .npz file."
        )
    try:
        text = content.decode(json.detect_encoding(content))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PuzzlescopeError(
            f"{where}, line {line}, is not {error.encoding.upper()} text: save the file as UTF-8."
        ) from error
    if text.count("[") + text.count("{") > MOST_LISTS:
        raise PuzzlescopeError(f"{where} has more than {MOST_LISTS:,} lists: such a file is not of puzzles.")
    return text


def values_of(text: str, where: str) -> Iterator[tuple[str, Any]]:
    """The entries of lists, and the values that follow one another, each with its place in words."""
    scanner, number = _Scanner(text, where), 0
    while scanner.peek():
        if not scanner.opens_entries():
            place = f"line {scanner.line()}"
            yield place, scanner.value(place)
            if scanner.peek() == ",":
                scanner.refuse(
                    "expected one puzzle a line without commas between them, or a list in brackets"
                )
            continue
        scanner.at += 1
        while scanner.peek() != "]":
            number += 1
            yield f"puzzle {number}", scanner.value(f"puzzle {number}")
            if scanner.peek() == ",":
                scanner.at += 1
                if scanner.peek() == "]":
                    scanner.refuse("no comma may stand before the end of a list")
            elif scanner.peek() != "]":
                scanner.refuse("the list has no end, or a comma is missing")
        scanner.at += 1


class _Scanner:
    """A place in a text of JSON. Entry by entry, so that a long list never is in memory as objects."""

    def __init__(self, text: str, where: str):
        self.text, self.where, self.at = text, where, 0
        self._decoder = json.JSONDecoder(object_pairs_hook=_object)
        self._counted, self._line = 0, 1

    def peek(self, further: int = 0) -> str:
        """The next character that is no space; empty at the end. Goes there, unless it is asked to look
        further."""
        found = _BETWEEN.match(self.text, self.at + further)
        at = found.end() if found else self.at
        if not further:
            self.at = at
        return self.text[at : at + 1]

    def opens_entries(self) -> bool:
        """Whether a list of puzzles begins here, and not the list of a puzzle's tokens."""
        return self.peek() == "[" and self.peek(1) not in tuple("-0123456789")

    def line(self) -> int:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def value(self, place: str) -> Any:
        try:
            self.peek()
            value, self.at = self._decoder.raw_decode(self.text, self.at)
            return value
        except json.JSONDecodeError as error:
            self.at = error.pos
            self.refuse(quoted(error.msg).strip("'"))
        except BadRowError as bad:
            raise PuzzlescopeError(f"{self.where}, {place}: {bad}") from bad
        except RecursionError as error:
            raise PuzzlescopeError(f"{self.where}, {place}, is nested too deep for a puzzle.") from error
        except ValueError as error:  # Python's own bound on the digits of a number
            raise PuzzlescopeError(f"{self.where}, {place}, has a number of thousands of digits.") from error

    def refuse(self, why: str) -> NoReturn:
        column = self.at - self.text.rfind("\n", 0, self.at)
        raise PuzzlescopeError(
            f"{self.where}, line {self.text.count(chr(10), 0, self.at) + 1}, column {column}, is not JSON:"
            f" {why}."
        )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise BadRowError(
            0, f"Two entries have the name {quoted(next(n for n in names if names.count(n) > 1))}."
        )
    return found


def read_row(value: Any, gathering: Gathering, place: str) -> None:
    """Hand over what an entry says, which may be several puzzles.

    Raises:
        BadRowError: if it is none.
    """
    if isinstance(value, list):
        value = {"tokens": value}
    if not isinstance(value, dict):
        raise BadRowError(0, f"{FORM}; got {quoted(json.dumps(value))}.")
    column = next((name for name in NUMBERS if name in value), "grids")
    if column not in value:
        raise BadRowError(0, f"{FORM}; got the names {quoted(', '.join(value))}.")
    names = (
        LABELS if column == "input_ids" else LABELS[::-1]
    )  # a row of ours may have a label of the user's too
    # Null is no label, as if it were left out.
    named = next((name for name in names if name in value), None)
    content, label = value[column], None if named is None else value[named]
    if column == "grids":
        numbers = [_from_grids(content, value.get("structure", STRUCTURES[0].name))]
    elif isinstance(content, list) and content and isinstance(content[0], list):
        if label is not None and not (isinstance(label, list) and len(label) == len(content)):
            raise BadRowError(0, f"Expected a list of {len(content):,} labels, one for each list of tokens.")
        numbers = [numbers_of(tokens) for tokens in content]
    else:
        numbers = [numbers_of(content)]
    labels = label if isinstance(label, list) and len(numbers) > 1 else [label] * len(numbers)
    for one, tokens in zip(labels, numbers, strict=True):
        gathering.add([None if one is None else label_of(one)], tokens[None], place)


def _from_grids(grids: Any, order: Any) -> np.ndarray:
    """Tokens [404], any numbers, of four grids that stand in this order."""
    if not _has_sizes(grids, (4, SIZE, SIZE)):
        raise BadRowError(0, f"Expected as grids a list of 4, each of {SIZE} rows of {SIZE} whole numbers.")
    cells = whole_list(
        [cell for grid in grids for row in grid for cell in row],
        lambda k: f"grid {k // CELLS + 1}, {cell_name(k % CELLS)}: ",
    )
    if not isinstance(order, str) or len(order) > LONGEST_TASK:
        raise BadRowError(0, f"Expected as structure {STRUCTURES[0].name} or the like, got {quoted(order)}.")
    try:
        structure = structure_named(order)
    except PuzzlescopeError as error:
        raise BadRowError(0, str(error)) from error
    return np.column_stack([structure.markers, cells.reshape(4, CELLS)]).ravel()


def _has_sizes(value: Any, sizes: tuple[int, ...]) -> bool:
    """Whether these are lists of lists of these lengths."""
    if not sizes:
        return True
    return isinstance(value, list) and len(value) == sizes[0] and all(_has_sizes(v, sizes[1:]) for v in value)
