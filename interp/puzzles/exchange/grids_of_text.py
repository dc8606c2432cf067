"""Grids in a text, as people write them in issues, papers and programs, and what stands around them.

A grid is rows of cells (:mod:`interp.puzzles.exchange.rows_of_text`), one a line; or lists in brackets, as
Python, NumPy and JSON write them. Blank lines, rules and words part one grid from the next. Where there are
none, ten lines of ten cells are one. Words that matter, on lines of their own:

- ``puzzle: NAME`` begins another puzzle, ``task: frame`` says whose it is, ``order: X f(X) Y f(Y)`` in which
  order its grids stand, ``from: ...`` where it comes from; each with or without a ``#`` before it;
- ``X``, ``f(X)``, ``Y`` and ``f(Y)``, above their grids, say the order, too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from interp.grids import SIZE
from interp.puzzles.exchange.rows_of_text import (
    BadCellError,
    cells_between_brackets,
    looks_like_a_row,
    looks_like_the_row_after,
    row_fields,
)

_SAID = re.compile(r"#*\s*(puzzle|task|order|from)\s*[:=](.*)", re.IGNORECASE)
_LABEL = re.compile(r"f\s?\([XY]\)|(?<![A-Za-z(])[XY](?![A-Za-z])")
_BORDER = re.compile(r"[-=+|:\s─━═┌┐└┘├┤┬┴┼╔╗╚╝╠╣╦╩╬]*[+|┌┐└┘├┤┬┴┼╔╗╚╝╠╣╦╩╬][-=+|:\s─━═┌┐└┘├┤┬┴┼╔╗╚╝╠╣╦╩╬]*")
_ROW_IN_BRACKETS = re.compile(r"\[\s*([-+.\d'\"nN][^\[\]]*)\]")
_PIPES = str.maketrans("│┃║", "|||")
_TUPLES = re.compile(r"\(\s*\(")


@dataclass
class Grid:
    """Rows as they stand there, of any length.

    Attributes:
        rows: colours.
        lines: the line of each row, from 1.
    """

    rows: list[list[int]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


@dataclass
class Section:
    """What stands under one ``puzzle:``, or all there is.

    Attributes:
        line: where it begins, from 1.
        said: what its lines of words say, by their first word.
        labels: X, f(X), Y, f(Y), as they come.
        grids: in the order in which they come.
        fault: the first thing that is wrong in it: which grid, row, line and cell, and why; empty if nothing.
    """

    line: int = 1
    said: dict[str, str] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    fault: str = ""


@dataclass(frozen=True)
class _Row:
    """Cells in a line, one list for each of the grids that stand beside one another."""

    line: int
    fields: list[list[int]]


@dataclass(frozen=True)
class _Words:
    """A line, or part of one, that is no row: it parts grids from one another."""

    line: int
    text: str


@dataclass(frozen=True)
class _Fault:
    line: int
    error: BadCellError


def sections(text: str) -> list[Section]:
    """All grids of a text, with the words that belong to them."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_PIPES)
    if _TUPLES.search(text):
        text = text.replace("((", "[(").replace("))", ")]").replace("(", "[").replace(")", "]")
    pieces = _bracketed(text) if _ROW_IN_BRACKETS.search(text) else _lines(text)
    found, block = [Section()], list[_Row]()
    for piece in pieces:
        if isinstance(piece, _Row):
            if block and len(block[0].fields) != len(piece.fields):
                _close(found[-1], block)
                block = []
            block.append(piece)
            continue
        if isinstance(piece, _Fault):
            section, row = found[-1], len(block) + 1
            where = f"grid {len(section.grids) + 1}, row {row} (line {piece.line}), cell {piece.error.cell}"
            section.fault = section.fault or f"{where}: {piece.error}"
            continue
        _close(found[-1], block)
        block = []
        _hear(found, piece)
    _close(found[-1], block)
    found = [one for one in found if one.grids or one.fault or "puzzle" in one.said]
    for one in found:
        one.grids = _joined(one.grids)
    return found


def _hear(found: list[Section], words: _Words) -> None:
    """Take in a line of words."""
    said = _SAID.fullmatch(words.text.strip())
    if said is None:
        found[-1].labels += [label.replace(" ", "") for label in _LABEL.findall(words.text)]
        return
    key, value = said[1].lower(), said[2].strip()
    if key == "puzzle":
        found.append(Section(words.line))
    found[-1].said.setdefault(key, value)


def _close(section: Section, block: list[_Row]) -> None:
    """Make grids of rows that follow one another."""
    if block:
        for grid in range(len(block[0].fields)):
            section.grids.append(Grid([row.fields[grid] for row in block], [row.line for row in block]))


def _joined(grids: list[Grid]) -> list[Grid]:
    """Grids whose rows each stand alone are one, and ten lines of ten cells are one of several."""
    if len(grids) > 4 and all(len(grid.rows) == 1 for grid in grids):
        grids = [Grid([grid.rows[0] for grid in grids], [grid.lines[0] for grid in grids])]
    found = []
    for grid in grids:
        n = len(grid.rows)
        many = n > SIZE and n % SIZE == 0 and all(len(row) == SIZE for row in grid.rows)
        step = SIZE if many else n
        found += [Grid(grid.rows[k : k + step], grid.lines[k : k + step]) for k in range(0, n, step)]
    return found


def _lines(text: str) -> Iterator[_Row | _Words | _Fault]:
    before = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and _BORDER.fullmatch(line):
            continue  # of a table: it parts no grids, for it may stand between any two rows
        for piece in re.split(r"[;/]", line) if looks_like_a_row(re.sub(r"[;/]", " ", line)) else [line]:
            row = looks_like_a_row(piece) or looks_like_the_row_after(piece, before)
            before = piece if row else ""
            if not row:
                if piece.strip() or piece == line:
                    yield _Words(number, piece)
                continue
            try:
                yield _Row(number, row_fields(piece))
            except BadCellError as error:
                yield _Fault(number, error)


def _bracketed(text: str) -> Iterator[_Row | _Words | _Fault]:
    end, number = 0, 1
    for row in _ROW_IN_BRACKETS.finditer(text):
        gap = text[end : row.start()]
        if gap.strip(" ,\n\t") or gap.count("\n\n"):
            for k, words in enumerate(gap.split("\n")):
                yield _Words(number + k, words)
        number += gap.count("\n")
        try:
            yield _Row(number, [cells_between_brackets(row[1])])
        except BadCellError as error:
            yield _Fault(number, error)
        number += row[0].count("\n")
        end = row.end()
