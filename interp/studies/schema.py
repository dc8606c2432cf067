"""The tables of a study, typed: what every column is, its unit, and where it may be missing.

All kinds of study have ``puzzles``, a row a puzzle. ``effects`` has a row a puzzle and component, ``edges``
one a pair and edge (and ``pairs`` one a pair), ``heads`` one a puzzle and head. They are told from tables of
another version by the number that stands in each file's metadata. ``docs/studies.md`` shows them; a test
holds it to what is here.
"""

from typing import Literal, get_args

import pyarrow as pa

from interp.analyses.head_study import DETECTORS
from interp.errors import PuzzlescopeError, brief
from interp.grids import CELLS
from interp.tokens import PUZZLE_TOKENS

VERSION = 1
"""Of these tables. It is raised when a column changes its meaning, its type or its name."""
VERSION_KEY = b"puzzlescope.study.version"
PLAN_KEY = b"puzzlescope.study.plan"
"""Under which a part's metadata holds the fingerprint of the plan that it was computed by; of puzzles that
are read, that of what was asked of the source."""

CLEAN = "nothing"
"""The component of the run that all others are compared with."""

PUZZLES, EFFECTS, PAIRS, EDGES, HEADS = "puzzles", "effects", "pairs", "edges", "heads"

Kind = Literal["effects", "edges", "heads"]
KINDS: dict[Kind, str] = {
    "effects": "each component ablated on each puzzle",
    "edges": "what each edge of the model is worth on each pair of puzzles",
    "heads": "where each head looks on each puzzle",
}
"""Kinds of study, named as the table that they fill."""
assert set(KINDS) == set(get_args(Kind))

MEASURES: dict[str, tuple[str, ...]] = {
    "loss": ("loss_final", "loss_cells", "loss_copied", "loss_changed"),
    "cells": ("wrong", "broken", "fixed"),
    "solved": ("solved",),
    "flips": ("flip",),
}
"""What can be measured of an effect, and its columns. What is not asked for is null: all studies can be asked
the same."""
MEASURED = ",".join(MEASURES)
"""All of them."""

_NAME = pa.dictionary(pa.int16(), pa.string())


def _column(name: str, kind: pa.DataType, meaning: str, *, missing: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=missing, metadata={"meaning": meaning})


def _measure(name: str, kind: pa.DataType, meaning: str) -> pa.Field:
    return _column(name, kind, meaning, missing=True)


_PUZZLE = _column("puzzle", pa.int32(), "number of the puzzle in the study, from 0")
_TOKENS = _column("tokens", pa.binary(PUZZLE_TOKENS), f"the {PUZZLE_TOKENS} tokens, a byte each")
_TASK = _column("task", _NAME, "task, or 'unknown'")

TABLES: dict[str, pa.Schema] = {
    PUZZLES: pa.schema(
        [
            _PUZZLE,
            _column("id", pa.string(), "id of the puzzle, as on every page and in every export"),
            _TASK,
            _column("structure", _NAME, "order of the grids, as 'X f(X) Y f(Y)'"),
            _column("changed", pa.uint8(), f"cells of {CELLS} that differ from the third grid"),
            _TOKENS,
        ]
    ),
    EFFECTS: pa.schema(
        [
            _PUZZLE,
            _column("component", _NAME, f"what is ablated, as 'L1.H5'; '{CLEAN}': the run without"),
            _measure("loss_final", pa.float64(), "nats, mean over the answer's marker and its cells"),
            _measure("loss_cells", pa.float64(), f"nats, mean over the answer's {CELLS} cells"),
            _measure(
                "loss_copied", pa.float64(), "nats, over cells equal to the third grid, if there are any"
            ),
            _measure("loss_changed", pa.float64(), "nats, over the other cells, if there are any"),
            _measure("wrong", pa.uint8(), f"cells of {CELLS} that are wrong, given the true ones before"),
            _measure("broken", pa.uint8(), "cells right in the run without and wrong here"),
            _measure("fixed", pa.uint8(), "cells wrong in the run without and right here"),
            _measure("solved", pa.bool_(), "whether greedy decoding draws every cell right"),
            _measure("flip", pa.int8(), "-1: solved only in the run without; 1: only here; 0: as there"),
        ]
    ),
    PAIRS: pa.schema(
        [
            _column("puzzle", pa.int32(), "number of the pair's base, a puzzle of the study"),
            _column("kind", _NAME, "what differs between the two: 'rule', 'task', ..."),
            _column("variable", pa.string(), "what it is in both, as in 'way: down -> right'"),
            _column("id", pa.string(), "id of the counterfactual"),
            _TASK,
            _TOKENS,
        ]
    ),
    EDGES: pa.schema(
        [
            _column("puzzle", pa.int32(), "number of the pair's base, a puzzle of the study"),
            _column("writer", _NAME, "who writes: 'embed', 'L1.H5', 'L0.mlp'"),
            _column("reader", _NAME, "who reads: 'L3.H2.k', 'L4.mlp', 'logits'"),
            _column("score", pa.float64(), "logits that the pair's difference loses when the edge is cut"),
        ]
    ),
    HEADS: pa.schema(
        [
            _PUZZLE,
            _column("component", _NAME, "the head, as 'L1.H5'"),
            _column("back", pa.int16(), "positions back that it attends to most, over the answer's cells"),
            _column("attention", pa.float64(), "share of its attention there, mean over those cells"),
            *(_column(name, pa.float64(), f"the same at {what}") for name, what in DETECTORS.items()),
        ]
    ),
}

_OF_KIND: dict[str, tuple[str, ...]] = {
    "effects": (PUZZLES, EFFECTS),
    "edges": (PUZZLES, PAIRS, EDGES),
    "heads": (PUZZLES, HEADS),
}


def tables_of(kind: str) -> tuple[str, ...]:
    """The tables of a kind of study, in the order in which a chunk's parts are written.

    Raises:
        PuzzlescopeError: if there is no such kind.
    """
    if kind not in _OF_KIND:
        raise PuzzlescopeError(f"No kind of study '{brief(kind)}': expected one of {', '.join(KINDS)}.")
    return _OF_KIND[kind]


def measures_of(text: str) -> tuple[str, ...]:
    """The measures that a text names, joined by commas, in the order of :data:`MEASURES`.

    Raises:
        PuzzlescopeError: for one that there is not, or none.
    """
    named = {word.strip() for word in text.split(",") if word.strip()}
    unknown = sorted(named - MEASURES.keys())
    if unknown or not named:
        got = f"'{brief(unknown[0])}'" if unknown else "none"
        raise PuzzlescopeError(f"Expected measures of {', '.join(MEASURES)}, joined by commas; got {got}.")
    return tuple(name for name in MEASURES if name in named)


def schema_of(table: str, plan: str) -> pa.Schema:
    """The schema of a table of a study.

    Args:
        table: its name.
        plan: fingerprint of the study's plan.
    """
    return TABLES[table].with_metadata({VERSION_KEY: str(VERSION).encode(), PLAN_KEY: plan.encode()})
