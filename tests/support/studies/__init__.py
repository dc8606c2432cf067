"""Studies made up by hand: rows of which it is known what they add up to."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from interp.puzzles import load_puzzles
from interp.studies.folder import StudyFolder
from interp.studies.plan import Plan
from interp.studies.rows import puzzle_rows
from interp.studies.schema import CLEAN, EFFECTS, PUZZLES, TABLES

COMPONENTS = ("L0.attn", "L1.attn", "L1.H1")
N, CHUNK = 40, 16


def made_up(
    folder: Path, *, chunks: int = 3, shift: float = 0.0, model: str = "default", first: int = 0
) -> StudyFolder:
    """A study of 40 puzzles of the bank, of which the first chunks are done.

    Every third puzzle is not solved with nothing ablated; L1.attn loses all that are solved, L0.attn wins the
    others, L1.H1 does nothing to the answer.

    Args:
        shift: added to what L1.attn costs.
        first: number of its first puzzle in the bank.
    """
    made = StudyFolder(str(folder))
    made.begin(Plan("bank", N, 0, f"hash {first}", model, f"weights of {model}", COMPONENTS, chunk=CHUNK))
    puzzles = load_puzzles("bank", limit=first + N)[first:]
    for chunk in range(chunks):
        numbers = made.plan.numbers(chunk)
        made.write(PUZZLES, chunk, puzzle_rows(puzzles[numbers.start : numbers.stop], numbers.start))
        made.write(EFFECTS, chunk, effects(np.asarray(numbers, np.int32), shift))
    return made


def effects(numbers: np.ndarray, shift: float) -> pa.Table:
    """Those of some puzzles; what each costs follows from its number."""
    before = numbers % 3 != 0
    rows = []
    for place, name in enumerate((CLEAN, *COMPONENTS)):
        cost = (0.0, -0.0014, 0.7 + shift, 1e-9)[place] * (1 + numbers % 5)
        solved = (before, np.ones_like(before), np.zeros_like(before), before)[place]
        loss = 0.01 + numbers / 1000 + cost
        wrong = np.where(solved, 0, 7)
        rows.append(
            {
                "puzzle": numbers,
                "component": [name] * len(numbers),
                **{f"loss_{cut}": loss for cut in ("final", "cells", "copied", "changed")},
                "wrong": wrong,
                "broken": np.where(before & ~solved, 7, 0),
                "fixed": np.where(~before & solved, 7, 0),
                "solved": solved,
                "flip": solved.astype(np.int8) - before.astype(np.int8),
            }
        )
    schema = TABLES[EFFECTS]
    return pa.table(
        [
            pa.array(np.concatenate([np.asarray(row[field.name]) for row in rows]).tolist(), field.type)
            for field in schema
        ],
        schema=schema,
    )
