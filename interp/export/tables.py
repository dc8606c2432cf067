"""Results as CSV and JSON text, for whoever wants to go on elsewhere.

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
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from interp.ablation import ZERO, Method
from interp.analyses.ablation_sweep import SweepRow, same_puzzles
from interp.engine.predict import METRICS, Prediction
from interp.errors import PuzzlescopeError
from interp.grids import CELLS, SIZE
from interp.puzzles import Puzzle
from interp.tokens import GRID_TOKENS, MARKERS, N_CTX, START, TOKEN_NAMES

VERSION = "0.1.0"
"""Of Puzzlescope: what wrote an export."""

Reading = Literal["greedy", "teacher-forced"]
"""Which answer of the model: the one it draws by itself, or cell by cell given the true cells before."""


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
    """Rows of numbers and words under a header. All rows have the same columns; a value may be a list of
    words."""

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


def _finite(value: Any) -> Any:
    """A value that JSON knows: numbers of NumPy's as Python's, and none where there is no number."""
    plain = value.item() if isinstance(value, np.generic) else value
    if not isinstance(plain, float):
        return plain
    return (plain or 0.0) if math.isfinite(plain) else None  # a loss of -0.0 is 0


def _joined(value: Any) -> Any:
    return " ".join(value) if isinstance(value, list | tuple) else value


def prediction_rows(
    puzzle: Puzzle, clean: Prediction, ablated: Prediction | None = None, reading: Reading = "greedy"
) -> tuple[dict[str, Any], ...]:
    """The answer, cell by cell: the true token, the model's, its probability, whether it is right, and the
    loss.

    Args:
        puzzle: that was predicted.
        clean: the prediction of this one puzzle with nothing off.
        ablated: that with parts off, if any are.
        reading: which answer. The loss (nats) is given the true cells before in either.
    """
    truth = puzzle.grids[3].ravel()
    runs = [("clean", clean)] + ([("ablated", ablated)] if ablated is not None else [])
    rows = []
    for cell in range(CELLS):
        row: dict[str, Any] = {
            "row": cell // SIZE + 1,
            "column": cell % SIZE + 1,
            "truth": int(truth[cell]),
            "copied": bool(clean.loss.copied[0, cell]),
        }
        for name, run in runs:
            tokens, chances = _answer(run, reading)
            row |= {
                f"{name}_token": int(tokens[cell]),
                f"{name}_probability": float(chances[cell, tokens[cell]]),
                f"{name}_right": bool(tokens[cell] == truth[cell]),
                f"{name}_loss": float(run.loss.cells[0, cell]),
            }
        rows.append(row)
    return tuple(rows)


def _answer(run: Prediction, reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    if reading == "greedy":
        return run.greedy[0], run.greedy_probabilities[0]
    return run.teacher_forced[0], run.probabilities[0]


def sweep_rows(
    clean: SweepRow, rows: Sequence[SweepRow], puzzles: Sequence[Puzzle], method: Method = ZERO
) -> tuple[dict[str, Any], ...]:
    """What each part is worth: the run with nothing (more) off first, then a row a component.

    Columns: how the component is switched off; over how many puzzles (``n``: a sweep under way knows fewer of
    some rows); the loss (nats) in its four cuts, and each less that of the clean run over the same puzzles
    (``delta_...``); how many are solved; ids of those that broke (solved before) and mended.

    Args:
        puzzles: those of the sweep, in its order.
    """
    return tuple(_sweep_row(row, clean, puzzles, method) for row in (clean, *rows) if len(row.solved))


def _sweep_row(row: SweepRow, clean: SweepRow, puzzles: Sequence[Puzzle], method: Method) -> dict[str, Any]:
    row, same = same_puzzles(row, clean)
    losses = {cut: row.loss.mean(cut) for cut in METRICS}
    broken, mended = ([puzzles[k].id for k in numbers.tolist()] for numbers in row.flips(same))
    return {
        "component": row.component.text if row.component else "nothing",
        "method": method.text if row.component else "",
        "n": len(row.solved),
        **{f"loss_{cut}": loss for cut, loss in losses.items()},
        **{f"delta_{cut}": loss - same.loss.mean(cut) for cut, loss in losses.items()},
        "solved": int(row.solved.sum()),
        "broken": broken,
        "mended": mended,
    }


def attention_rows(
    attention: Float[np.ndarray, " key"], puzzle: Puzzle, query: int
) -> tuple[dict[str, Any], ...]:
    """Where one head looks from one position: a row for each of the positions it can see, its own the last.

    Args:
        attention: the head's weights at the query, over all keys; those behind the query are left out.
        query: the position that looks, start token included. It predicts the token at ``query`` + 1.

    Raises:
        PuzzlescopeError: if there is no such position.
    """
    if not 0 <= query < min(N_CTX, len(attention)):
        raise PuzzlescopeError(f"There is no position {query}: expected 0 to {len(attention) - 1}.")
    tokens = [START, *puzzle.tokens.tolist()]
    names = puzzle.structure.name.split(" ")
    rows = []
    for key in range(query + 1):
        place, cell = divmod(key - 1, GRID_TOKENS)
        inside = key > 0 and tokens[key] not in MARKERS
        rows.append(
            {
                "position": key,
                "grid": names[place] if key else "start",
                "row": (cell - 1) // SIZE + 1 if inside else None,
                "column": (cell - 1) % SIZE + 1 if inside else None,
                "token": TOKEN_NAMES[tokens[key]] if key else "start",
                "attention": float(attention[key]),
            }
        )
    return tuple(rows)
