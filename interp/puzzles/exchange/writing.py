"""Puzzles that somebody keeps as files, in every form that can be imported again."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BufferedIOBase, BytesIO
from pathlib import Path

from interp.errors import PuzzlescopeError, brief
from interp.outputs import writing
from interp.puzzles.exchange.arc import write_arc
from interp.puzzles.exchange.text import write_text
from interp.puzzles.kept import Kept
from interp.puzzles.npz_files import write_npz
from interp.puzzles.parquet_files import write_parquet
from interp.puzzles.puzzle import PuzzleSet


@dataclass(frozen=True)
class Form:
    """A kind of file.

    Attributes:
        key: names it.
        label: the same for people.
        ending: of the file's name.
        keeps: what of a collection stands in it, in words.
        write: writes it.
    """

    key: str
    label: str
    ending: str
    keeps: str
    write: Callable[[Sequence[Kept], BufferedIOBase], None]


def write_json(kept: Sequence[Kept], file: BufferedIOBase) -> None:
    """Write our own JSON, with the names."""
    rows = []
    for one in kept:
        p = one.puzzle
        row = {"task": p.task, "structure": p.structure.name, "name": one.name, "provenance": one.provenance}
        rows.append(
            json.dumps({**{k: v for k, v in row.items() if v}, "task": p.task, "grids": p.grids.tolist()})
        )
    file.write(("[\n" + ",\n".join(rows) + "\n]\n").encode())


def _set(kept: Sequence[Kept]) -> PuzzleSet:
    return PuzzleSet("kept", tuple(one.puzzle for one in kept))


_ALL = "puzzles, their order, tasks, names and where they come from"
FORMS = {
    form.key: form
    for form in (
        Form("json", "JSON", ".json", _ALL, write_json),
        Form("arc", "ARC JSON", ".arc.json", _ALL, write_arc),
        Form("text", "Text", ".txt", _ALL, write_text),
        Form(
            "npz",
            "NumPy",
            ".npz",
            "an array a task; no names, and their order within each task only",
            lambda kept, file: write_npz(_set(kept), file),
        ),
        Form(
            "parquet",
            "Parquet",
            ".parquet",
            "puzzles, their order and tasks, as the public data sets have them; no names",
            lambda kept, file: write_parquet(_set(kept), file),
        ),
    )
}
"""Every form, by its key."""


def exported(kept: Sequence[Kept], form: str) -> bytes:
    """Puzzles as the bytes of a file.

    Args:
        kept: one at least.
        form: a key of FORMS.

    Raises:
        PuzzlescopeError: if there is no such form, or no puzzle.
    """
    file = BytesIO()
    _form(form, kept).write(kept, file)
    return file.getvalue()


def export_file(kept: Sequence[Kept], path: str | Path, form: str | None = None) -> None:
    """Write puzzles to a file, whole or not at all; one that is there is replaced.

    Args:
        kept: one at least.
        path: the file.
        form: a key of FORMS; by default what the name's ending says.

    Raises:
        PuzzlescopeError: if there is no such form, no puzzle, or the file cannot be written.
    """
    path = Path(path)
    chosen = _form(form_of(path) if form is None else form, kept)
    with writing(path) as file:
        chosen.write(kept, file)


def form_of(path: str | Path) -> str:
    """The form that a file's name says by its ending.

    Raises:
        PuzzlescopeError: if it says none.

    >>> form_of("frames.json"), form_of("frames.arc.json"), form_of("FRAMES.TXT")
    ('json', 'arc', 'text')
    """
    name = Path(path).name.lower()
    fitting = [form for form in FORMS.values() if name.endswith(form.ending)]
    if not fitting:
        endings = ", ".join(form.ending for form in FORMS.values())
        raise PuzzlescopeError(
            f"Cannot export to {brief(path, 200) or 'no name'}: expected a name that ends in {endings}."
        )
    return max(fitting, key=lambda form: len(form.ending)).key


def _form(key: str, kept: Sequence[Kept]) -> Form:
    if key not in FORMS:
        raise PuzzlescopeError(f"No form '{brief(key)}' of export: expected one of {', '.join(FORMS)}.")
    if not kept:
        raise PuzzlescopeError("There is nothing to export: the collection is empty.")
    return FORMS[key]
