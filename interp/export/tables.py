"""Results as CSV and JSON text, for analysis elsewhere.

>>> header = Header("default", "1a2b", puzzles=("9a3726a23b",), ablation="L1.attn", measure="final")
>>> table = Table(header, ({"component": "L1.attn", "loss": 0.5, "broken": ["9a3726a23b"]},))
>>> print(table.csv())
# model: "default"
# checkpoint: "1a2b"
# puzzles: "9a3726a23b"
# ablation: "L1.attn"
# measure: "final"
# version: "0.1.0"
component,loss,broken
L1.attn,0.5,9a3726a23b
<BLANKLINE>
>>> json.loads(table.json())["rows"]
[{'component': 'L1.attn', 'loss': 0.5, 'broken': ['9a3726a23b']}]

``pandas.read_csv(path, comment="#")`` reads the CSV. Numbers are written in full: they read back as the same.
What is not a number (a mean over no cells) is ``null`` in JSON and empty in CSV. Rows and columns of grids
are counted from 1, as on the screen.
"""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

import numpy as np

from interp.numbers import short

VERSION = "0.1.0"
"""Of Puzzlescope: what wrote an export."""


@dataclass(frozen=True)
class Header:
    """What the numbers of an export are of.

    Attributes:
        model: its name, as :func:`interp.load_model` takes it.
        checkpoint: the id of its weights.
        puzzles: ids.
        ablation: what is switched off, as text.
        measure: by what the rows are compared, if they are.
        version: of Puzzlescope.
    """

    model: str
    checkpoint: str
    puzzles: tuple[str, ...]
    ablation: str = ""
    measure: str = ""
    version: str = VERSION


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of numbers and words under a header, as a result gives them by its ``rows``. All rows have the
    same columns; a value may be a list of words."""

    header: Header
    rows: tuple[dict[str, Any], ...]

    def json(self) -> str:
        """An object with ``header`` and ``rows``, a line a row."""
        rows = ",\n".join(
            json.dumps({name: _finite(value) for name, value in row.items()}, allow_nan=False)
            for row in self.rows
        )
        return f'{{"header": {json.dumps(asdict(self.header))},\n"rows": [\n{rows}\n]}}\n'

    def csv(self) -> str:
        """The header as lines that begin with ``#``, its values quoted as in JSON; then the rows. Lists are
        joined by spaces."""
        text = io.StringIO()
        for name, value in asdict(self.header).items():
            text.write(f"# {name}: {json.dumps(_joined(value))}\n")
        columns = list(self.rows[0]) if self.rows else []
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _joined(_finite(value)) for name, value in row.items()} for row in self.rows)
        return text.getvalue()


def html_table(
    rows: Sequence[Mapping[str, Any]], caption: str, most: int = 200, *, scrolls: bool = False
) -> str:
    """Rows as an HTML table, which a screen reader reads cell by cell.

    Args:
        caption: what it is, read out before it.
        most: rows that are shown; a last line says how many there are beyond.
        scrolls: it lies in a box that scrolls and can be reached with the keyboard.
    """
    if not rows:
        return f"<p>{escape(caption)}: no rows.</p>"
    columns = list(rows[0])
    head = "".join(f'<th scope="col">{escape(name.replace("_", " "))}</th>' for name in columns)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(_shown(row[name]))}</td>' for name in columns)}</tr>"
        for row in rows[:most]
    )
    told = f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
    table = f"<table>{told}<tbody>{body}</tbody></table>"
    more = f"<p>{len(rows) - most:,} more rows are in the CSV.</p>" if len(rows) > most else ""
    if not scrolls:
        return table + more
    style = "max-height:22rem;overflow:auto;font-size:13px"
    return (
        f'<div role="region" tabindex="0" aria-label="{escape(caption)}" style="{style}">{table}{more}</div>'
    )


def _shown(value: Any) -> str:
    """A value in a table that is read: numbers in few digits."""
    plain = _joined(_finite(value))
    if plain is None:
        return "—"
    return short(plain) if isinstance(plain, float) else str(plain)


def _finite(value: Any) -> Any:
    """A value that JSON knows: numbers of NumPy's as Python's, and none where there is no number."""
    plain = value.item() if isinstance(value, np.generic) else value
    if not isinstance(plain, float):
        return plain
    return (plain or 0.0) if math.isfinite(plain) else None  # a loss of -0.0 is 0


def _joined(value: Any) -> Any:
    return " ".join(value) if isinstance(value, list | tuple) else value
