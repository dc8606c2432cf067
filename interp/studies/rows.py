"""Puzzles, pairs, sweeps, scores and heads as rows of a study's tables, and back."""

from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa

from interp.analyses.ablation_sweep import SweepRow
from interp.analyses.head_study import DETECTORS, MARKED, HeadStudy
from interp.circuits.scores import EdgeScores
from interp.engine.measures import METRICS
from interp.pairs import Pair
from interp.puzzles import Puzzle, PuzzleSet
from interp.studies.schema import CLEAN, EDGES, EFFECTS, HEADS, MEASURES, PAIRS, PUZZLES, TABLES


def puzzle_rows(puzzles: Sequence[Puzzle], first: int) -> pa.Table:
    """Puzzles as rows of the table ``puzzles``.

    Args:
        first: number of the first of them.
    """
    return pa.table(
        {
            "puzzle": np.arange(first, first + len(puzzles), dtype=np.int32),
            "id": [puzzle.id for puzzle in puzzles],
            "task": [puzzle.task for puzzle in puzzles],
            "structure": [puzzle.structure.name for puzzle in puzzles],
            "changed": [int(puzzle.changed.sum()) for puzzle in puzzles],
            "tokens": [puzzle.cells for puzzle in puzzles],
        },
        schema=TABLES[PUZZLES],
    )


def puzzles_of(rows: pa.Table) -> PuzzleSet:
    """The puzzles that rows of the table ``puzzles`` hold."""
    tokens = (np.frombuffer(row, np.uint8) for row in rows["tokens"].to_pylist())
    labels = rows["task"].to_pylist()
    return PuzzleSet("study", tuple(Puzzle.of(task, of) for task, of in zip(labels, tokens, strict=True)))


def pair_rows(pairs: Sequence[tuple[int, Pair]]) -> pa.Table:
    """Pairs, each with the number of its base, as rows of the table ``pairs``."""
    others = [pair.counterfactual for _, pair in pairs]
    return pa.table(
        {
            "puzzle": [number for number, _ in pairs],
            "kind": [pair.kind for _, pair in pairs],
            "variable": [pair.variable for _, pair in pairs],
            "id": [other.id for other in others],
            "task": [other.task for other in others],
            "tokens": [other.cells for other in others],
        },
        schema=TABLES[PAIRS],
    )


def pairs_of(rows: pa.Table, bases: PuzzleSet, first: int) -> list[tuple[int, Pair]]:
    """The pairs of a chunk, each with the number of its base.

    Args:
        rows: of the table ``pairs``.
        bases: the chunk's puzzles.
        first: number of the first of them.
    """
    found = []
    for row in rows.to_pylist():
        base = bases[row["puzzle"] - first]
        other = Puzzle.of(row["task"], np.frombuffer(row["tokens"], np.uint8))
        found.append((row["puzzle"], Pair(base, other, row["kind"], base.task, row["variable"])))
    return found


def effect_rows(
    rows: Sequence[SweepRow], first: int, measures: Collection[str] = tuple(MEASURES)
) -> pa.Table:
    """Rows of a sweep as rows of the table ``effects``, puzzle by puzzle within each component.

    Args:
        rows: the clean run first.
        first: number of the first puzzle.
        measures: whose columns are filled; those of others are null.
    """
    clean, schema = rows[0], TABLES[EFFECTS]
    asked = {"puzzle", "component", *(name for measure in measures for name in MEASURES[measure])}
    parts = [_effects(row, clean, first) for row in rows]
    n = sum(len(part["puzzle"]) for part in parts)
    return pa.table(
        [
            pa.array(
                np.concatenate([part[field.name] for part in parts]), field.type, from_pandas=field.nullable
            )
            if field.name in asked
            else pa.nulls(n, field.type)
            for field in schema
        ],
        schema=schema,
    )


def _effects(row: SweepRow, clean: SweepRow, first: int) -> dict[str, np.ndarray]:
    n = len(row.right)
    return {
        "puzzle": np.arange(first, first + n, dtype=np.int32),
        "component": np.full(n, row.component.text if row.component else CLEAN, dtype=object),
        **{f"loss_{cut}": row.loss.by_puzzle(cut) for cut in METRICS},
        "wrong": (~row.right).sum(1),
        "broken": (clean.right & ~row.right).sum(1),
        "fixed": (~clean.right & row.right).sum(1),
        "solved": row.solved,
        "flip": row.solved.astype(np.int8) - clean.solved.astype(np.int8),
    }


def edge_rows(scores: EdgeScores, puzzle: int) -> pa.Table:
    """The scores of a pair's edges as rows of the table ``edges``.

    Args:
        puzzle: number of the pair's base.
    """
    graph = scores.graph
    readers, writers = np.nonzero(graph.possible)
    columns = [
        pa.array(np.full(len(readers), puzzle, np.int32)),
        _named(writers, graph.writers),
        _named(readers, graph.readers),
        pa.array(scores.values, pa.float64()),
    ]
    return pa.table(columns, schema=TABLES[EDGES])


def _named(numbers: np.ndarray, names: Sequence[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(numbers.astype(np.int16), list(names))


def head_rows(studies: Sequence[HeadStudy], first: int) -> pa.Table:
    """Studies of the heads on one puzzle each as rows of the table ``heads``: over the positions that predict
    the answer's cells.

    Args:
        first: number of the first puzzle.
    """
    columns: dict[str, list[np.ndarray]] = {name: [] for name in TABLES[HEADS].names}
    for number, study in enumerate(studies, start=first):
        spectrum = study.spectrum_over("answer")[..., : max(MARKED) + 1]
        heads = [f"L{layer}.H{head}" for layer, head in np.ndindex(spectrum.shape[:2])]
        near = np.where(np.isfinite(spectrum), spectrum, -np.inf)
        columns["puzzle"].append(np.full(len(heads), number, np.int32))
        columns["component"].append(np.array(heads, dtype=object))
        columns["back"].append(near.argmax(-1).ravel())
        columns["attention"].append(np.take_along_axis(spectrum, near.argmax(-1)[..., None], -1).ravel())
        detectors = study.detectors("answer")
        for name in DETECTORS:
            columns[name].append(detectors[name].ravel())
    schema = TABLES[HEADS]
    return pa.table([pa.array(np.concatenate(columns[f.name]), f.type) for f in schema], schema=schema)
