"""``study-sql``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from interp.cli.options import JsonOption
from interp.cli.printing import checked, print_table, say, say_result
from interp.numbers import number
from interp.outputs import strict_json, write_whole
from interp.puzzles.collections.folder import data_folder
from interp.studies.home import folder_of
from interp.studies.questions import Study
from interp.studies.sql.answers import ENDINGS, content, rows_of
from interp.studies.sql.guarded import Bounds

MOST_PRINTED = 1000
"""Rows of a table that is printed; in JSON and files are all."""


def study_sql(
    name: Annotated[str, typer.Argument(help="The study: its name, its folder, or a URL.")],
    question: Annotated[str, typer.Argument(help="One SELECT over puzzles, effects and changes.")],
    as_json: JsonOption = False,
    out: Annotated[
        str | None,
        typer.Option(
            "--out", help="Write the rows to this file, .csv, .parquet or .json, whole or not at all."
        ),
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="Give up after so long.")] = 600.0,
) -> None:
    """Ask a study in SQL (DuckDB's): whole, or as far as it is. Nothing can be written, or read beside it."""
    path = checked(out, ENDINGS)
    study = Study(
        folder_of(name), data_folder() / "copies" / Path(name).name, Bounds(seconds=seconds, apart=True)
    )
    whole = as_json or path is not None
    found = study.sql(question, rows=None if whole else MOST_PRINTED + 1)
    if path is not None:
        write_whole(path, content(found, path.suffix.lower()))
    if as_json:
        say_result(strict_json(rows_of(found)))
    elif path is None:
        rows = [tuple(map(cell, row.values())) for row in rows_of(found.slice(0, MOST_PRINTED))]
        print_table(tuple(map(cell, found.column_names)), rows)
        if found.num_rows > MOST_PRINTED:
            say(f"These are the first {MOST_PRINTED:,} rows: --out FILE.csv has them all.")


def cell(value: Any) -> str:
    """As it is printed: on one line, and nothing that a terminal would take for a command.

    >>> [cell(value) for value in (None, 0.25, "one\\ntwo", "\\x1b[31m")]
    ['', '2.500e-01', 'one\\\\ntwo', '\\\\x1b[31m']
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return number(value)
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in str(value))
