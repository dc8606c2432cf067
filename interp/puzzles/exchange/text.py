"""Puzzles in text: read as people write them, written so that they are read again.

A text with one puzzle, as :func:`write_text` writes it (ten rows a grid)::

    # puzzle: the first frame
    # task: frame
    # order: X f(X) Y f(Y)
    # from: bank

    0 0 0 5 5 5 0 0 0 10
    ...

    0 0 0 5 5 5 0 0 0 10
    ...
"""

import json
from collections.abc import Iterator, Sequence
from io import BufferedIOBase

from interp.errors import PuzzlescopeError
from interp.puzzles.exchange.grids_of_text import Grid, Section, sections
from interp.puzzles.exchange.making import made, refusal, with_origin
from interp.puzzles.exchange.preview import MOST_IMPORTED, Found, Preview
from interp.puzzles.kept import Kept
from interp.puzzles.puzzle import label_fault, quoted
from interp.tokens import STRUCTURES, Structure, structure_named

LARGEST_PASTE = 8 << 20
"""Letters of a text: 5,000 puzzles have half as many."""
MOST_LINES = 250_000
"""The same of lines."""
FORM = "text"


def read_text(text: str, source: str, place: str, structure: Structure | None = None) -> Preview:
    """The puzzles of a text.

    Args:
        text: as people write grids.
        source: what to call it.
        place: where smaller grids go, of PLACES.
        structure: the order of the grids, for puzzles that do not say theirs; ``X f(X) Y f(Y)`` by default.

    Raises:
        PuzzlescopeError: if it is too long, or has no grid.
    """
    for n, most, what in (
        (len(text), LARGEST_PASTE, "letters"),
        (text.count("\n") + text.count("\r"), 2 * MOST_LINES if "\r\n" in text else MOST_LINES, "lines"),
    ):
        if n > most:
            raise PuzzlescopeError(
                f"{source} has {n:,} {what}, at most {most:,} are read: cut it into several."
            )
    parts = sections(text)
    if not any(part.grids or part.fault for part in parts):
        raise PuzzlescopeError(
            f"{source} has no grid: expected rows of digits, one a line, and a blank line between grids."
        )
    found: list[Found] = []
    notes: list[str] = []
    for part in parts:
        found += _puzzles(part, source, place, structure, notes, len(parts) == 1)
        if len(found) > MOST_IMPORTED:
            raise PuzzlescopeError(
                f"{source} has more than {MOST_IMPORTED:,} puzzles, the most that are taken at once: cut it"
                " into several."
            )
    return Preview(source, FORM, tuple(found), tuple(dict.fromkeys(notes)))


def _puzzles(
    part: Section, source: str, place: str, structure: Structure | None, notes: list[str], alone: bool
) -> Iterator[Found]:
    said = _unquoted(part.said.get("puzzle", ""))
    where = f"puzzle {quoted(said)}" if said else "puzzle 1" if alone else f"the puzzle at line {part.line}"
    if part.fault:
        yield refusal(said or where, source, where, part.fault)
        return
    n = len(part.grids)
    size = next((size for size in (4, 3) if n and n % size == 0), 0)
    if not size:
        got = "none" if not n else str(n)
        yield refusal(
            said or where,
            source,
            where,
            f"expected three or four grids with blank lines between them, got {got}: write X, f(X), Y and, if"
            " it is known, f(Y).",
        )
        return
    if n > size:
        notes.append(f"{n} grids were taken as {n // size} puzzles of {size}.")
    for k in range(0, n, size):
        number = k // size + 1
        one_place = where if n == size else f"puzzle {number}" if alone else f"{where}, part {number}"
        try:
            label, order = _label(part), _order(part, k, size, structure)
        except PuzzlescopeError as error:
            yield refusal(said or one_place, source, one_place, str(error))
            return
        found = _one(part.grids[k : k + size], order, said or one_place, source, one_place, place, label)
        yield with_origin(found, _unquoted(part.said.get("from", "")))


def _one(
    grids: Sequence[Grid], order: Structure, name: str, source: str, where: str, place: str, label: str | None
) -> Found:
    for number, grid in enumerate(grids, start=1):
        widths = [len(row) for row in grid.rows]
        wrong = next((k for k, width in enumerate(widths) if width != widths[0]), None)
        if wrong is not None:
            why = (
                f"grid {number}, row {wrong + 1} (line {grid.lines[wrong]}) has {widths[wrong]} cells, the"
                f" first row has {widths[0]}: all rows of a grid have the same length."
            )
            return refusal(name, source, where, why)
    named = [
        (f"grid {number} (line {grid.lines[0]})", grid.rows) for number, grid in enumerate(grids, start=1)
    ]
    return made(named, order, name=name, source=source, place=where, put=place, label=label)


def _label(part: Section) -> str | None:
    """The task that a text says."""
    if "task" not in part.said:
        return None
    label = _unquoted(part.said["task"])
    fault = label_fault(label)
    if fault:
        raise PuzzlescopeError(fault)
    return label


def _order(part: Section, first: int, size: int, usual: Structure | None) -> Structure:
    """The order of the grids: as a line says, or the labels above them, or as usual."""
    if "order" in part.said:
        return structure_named(part.said["order"])
    if len(part.labels) == len(part.grids):
        labels = " ".join(part.labels[first : first + size])
        for structure in STRUCTURES:
            if structure.name == labels or (size == 3 and structure.name.startswith(f"{labels} ")):
                return structure
    return usual or STRUCTURES[0]


def write_text(kept: Sequence[Kept], file: BufferedIOBase) -> None:
    """Write puzzles with their names, tasks and orders, a grid under the other."""
    for one in kept:
        p = one.puzzle
        words = {"puzzle": one.name, "task": p.task, "order": p.structure.name, "from": one.provenance}
        lines = [f"# {key}: {_quoted(value)}" for key, value in words.items() if value or key != "from"]
        for grid in p.grids:
            lines += ["", *(" ".join(map(str, row)) for row in grid.tolist())]
        file.write(("\n".join(lines) + "\n\n").encode())


def _quoted(text: str) -> str:
    """A text as it is, or in quotation marks where it would not be read as it is."""
    return text if text and text == text.strip() and text[0] != '"' else json.dumps(text, ensure_ascii=False)


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            said = json.loads(text)
        except ValueError:
            return text
        return said if isinstance(said, str) else text
    return text
