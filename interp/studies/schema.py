"""The tables of a study, typed: what every column is, its unit, and where it may be missing.

``puzzles`` has a row a puzzle, ``effects`` a row a puzzle and component. Both are told apart from tables of
another version by the number that stands in each file's metadata.
"""

import pyarrow as pa

from interp.grids import CELLS
from interp.tokens import PUZZLE_TOKENS

VERSION = 1
"""Of these tables. It is raised when a column changes its meaning, its type or its name."""
VERSION_KEY = b"puzzlescope.study.version"
PLAN_KEY = b"puzzlescope.study.plan"
"""Under which a part's metadata holds the fingerprint of the plan that it was computed by."""

CLEAN = "nothing"
"""The component of the run that all others are compared with."""

PUZZLES, EFFECTS = "puzzles", "effects"

_NAME = pa.dictionary(pa.int16(), pa.string())


def _column(name: str, kind: pa.DataType, meaning: str, *, missing: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=missing, metadata={"meaning": meaning})


_PUZZLE = _column("puzzle", pa.int32(), "number of the puzzle in the study, from 0")

TABLES: dict[str, pa.Schema] = {
    PUZZLES: pa.schema(
        [
            _PUZZLE,
            _column("id", pa.string(), "id of the puzzle, as on every page and in every export"),
            _column("task", _NAME, "task, or 'unknown'"),
            _column("structure", _NAME, "order of the grids, as 'X f(X) Y f(Y)'"),
            _column("changed", pa.uint8(), f"cells of {CELLS} that differ from the third grid"),
            _column("tokens", pa.binary(PUZZLE_TOKENS), f"the {PUZZLE_TOKENS} tokens, a byte each"),
        ]
    ),
    EFFECTS: pa.schema(
        [
            _PUZZLE,
            _column("component", _NAME, f"what is ablated, as 'L1.H5'; '{CLEAN}': the run without"),
            _column("loss_final", pa.float64(), "nats, mean over the answer's marker and its cells"),
            _column("loss_cells", pa.float64(), f"nats, mean over the answer's {CELLS} cells"),
            _column("loss_copied", pa.float64(), "nats, over cells equal to the third grid", missing=True),
            _column("loss_changed", pa.float64(), "nats, over the other cells", missing=True),
            _column("wrong", pa.uint8(), f"cells of {CELLS} that are wrong, given the true ones before"),
            _column("broken", pa.uint8(), "cells right in the run without and wrong here"),
            _column("fixed", pa.uint8(), "cells wrong in the run without and right here"),
            _column("solved", pa.bool_(), "whether greedy decoding draws every cell right"),
            _column("flip", pa.int8(), "-1: solved only in the run without; 1: only here; 0: as there"),
        ]
    ),
}


def schema_of(table: str, plan: str) -> pa.Schema:
    """The schema of a table of a study.

    Args:
        table: its name.
        plan: fingerprint of the study's plan.
    """
    return TABLES[table].with_metadata({VERSION_KEY: str(VERSION).encode(), PLAN_KEY: plan.encode()})
