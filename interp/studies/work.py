"""The work of one chunk: its puzzles run with each component ablated in turn, its parts written."""

import time
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from interp.ablation import ReferenceMeans, means_by, parse_ablation, parse_component, parse_method
from interp.analyses.ablation_sweep import SweepRow, sweep
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles
from interp.studies.folder import StudyFolder
from interp.studies.schema import CLEAN, EFFECTS, PUZZLES, TABLES
from interp.studies.sources import generated, is_generated


@dataclass(frozen=True)
class Done:
    """A chunk that is written.

    Attributes:
        chunk: its number.
        puzzles: how many it has.
        seconds: that it took, on the machine that computed it.
        by: which machine or process that was.
    """

    chunk: int
    puzzles: int
    seconds: float
    by: str


class Worker:
    """Computes chunks of a study, one after the other.

    Args:
        model: whose ``checkpoint_id`` is the plan's.
        folder: of the study.
        name: which process this is, for those who look at the progress.
    """

    def __init__(self, model: PuzzleGPT, folder: StudyFolder, name: str = "this process"):
        self.model, self.folder, self.name = model, folder, name
        plan = folder.plan
        self.components = [parse_component(text, model.cfg) for text in plan.components]
        self.base = parse_ablation(plan.base, model.cfg)
        self.method = parse_method(plan.method, "method")

    def do(self, chunk: int) -> Done:
        """Compute a chunk and write its parts."""
        begun = time.perf_counter()
        puzzles = self._puzzles(chunk)
        first = self.folder.plan.numbers(chunk).start
        self.folder.write(EFFECTS, chunk, effects_of(self._rows(puzzles), first))
        return Done(chunk, len(puzzles), time.perf_counter() - begun, self.name)

    def _puzzles(self, chunk: int) -> PuzzleSet:
        """Those of the chunk. What is generated is written by who needs it first."""
        plan = self.folder.plan
        if not is_generated(plan.puzzles):
            return puzzles_of(self.folder.read(PUZZLES, chunk))
        puzzles = generated(plan, chunk)
        self.folder.write(PUZZLES, chunk, rows_of(puzzles, plan.numbers(chunk).start))
        return puzzles

    def _rows(self, puzzles: PuzzleSet) -> list[SweepRow]:
        means = self._means(puzzles)
        return list(
            sweep(
                self.model, puzzles.tokens, self.components, base=self.base, means=means, method=self.method
            )
        )

    def _means(self, puzzles: PuzzleSet) -> ReferenceMeans | None:
        if not (self.base.needs_means or self.method.needs_means):
            return None
        return means_by(self.model, load_puzzles("bank"), puzzles, self.base, self.method)


def rows_of(puzzles: PuzzleSet, first: int) -> pa.Table:
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
            "tokens": [puzzle.tokens.tobytes() for puzzle in puzzles],
        },
        schema=TABLES[PUZZLES],
    )


def puzzles_of(rows: pa.Table) -> PuzzleSet:
    """The puzzles that rows of the table ``puzzles`` hold."""
    tokens = (np.frombuffer(row, np.uint8) for row in rows["tokens"].to_pylist())
    labels = rows["task"].to_pylist()
    return PuzzleSet("study", tuple(Puzzle.of(task, of) for task, of in zip(labels, tokens, strict=True)))


def effects_of(rows: list[SweepRow], first: int) -> pa.Table:
    """Rows of a sweep as rows of the table ``effects``, puzzle by puzzle within each component.

    Args:
        rows: the clean run first.
        first: number of the first puzzle.
    """
    clean = rows[0]
    n = len(clean.right)
    parts = []
    for row in rows:
        losses = {f"loss_{cut}": row.loss.by_puzzle(cut) for cut in ("final", "cells", "copied", "changed")}
        solved, before = row.solved, clean.solved
        parts.append(
            {
                "puzzle": np.arange(first, first + n, dtype=np.int32),
                "component": np.full(n, row.component.text if row.component else CLEAN, dtype=object),
                **losses,
                "wrong": (~row.right).sum(1),
                "broken": (clean.right & ~row.right).sum(1),
                "fixed": (~clean.right & row.right).sum(1),
                "solved": solved,
                "flip": solved.astype(np.int8) - before.astype(np.int8),
            }
        )
    schema = TABLES[EFFECTS]
    return pa.table(
        [
            pa.array(
                np.concatenate([part[field.name] for part in parts]),
                type=field.type,
                from_pandas=field.name.startswith("loss_co") or field.name == "loss_changed",
            )
            for field in schema
        ],
        schema=schema,
    )
