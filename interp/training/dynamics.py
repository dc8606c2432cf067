"""The birth of the heads: what a model can do and where its heads look, at about forty moments of its
training.

The moments are spaced evenly in the logarithm of the puzzles seen, ten to a factor of ten. What is measured
at each is a few rows of one table, ``dynamics.parquet``, with the columns

* ``puzzles``: how many the model had seen,
* ``measure``: what was measured (``MEASURES``),
* ``part``: of which task or which part of the model,
* ``value``: the number.
"""

import math
import time
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import UInt8

from interp.ablation import components_of
from interp.analyses.ablation_sweep import sweep
from interp.analyses.lookback import lookback_table
from interp.engine.predict import losses
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.puzzles.kinds import KINDS, draw
from interp.tasks import TASKS

DYNAMICS_FILE = "dynamics.parquet"
COLUMNS = {"puzzles": "int64", "measure": "str", "part": "str", "value": "float64"}
NOTHING = "nothing"
MEASURES = {
    "loss": "final-grid loss of a task's puzzles, nats",
    "solved": "share of a task's puzzles solved",
    "lookback_1": "a head's mean attention 1 position back, over the positions that have one before them",
    "lookback_100": "a head's mean attention 100 positions back, over the positions that have so many before"
    " them",
    "loss_off": f"final-grid loss with one attention layer zeroed, nats; part '{NOTHING}': with none",
}

MOMENTS_A_DECADE = 10
SEED = 1
"""Of the evaluation puzzles it is measured on: the model card's table is over those of seed 0."""

LARGEST_SHARE = 0.05
"""Of a run's processor time, for all its measurements together. Not of the time on the clock: where other
programs take the processor, and a measurement falls into such a minute, the moments stay the same."""

Row = tuple[int, str, str, float]


def dynamics_puzzles() -> UInt8[np.ndarray, "puzzle 404"]:
    """Two fresh puzzles of each kind: the first of all kinds, then the second of all."""
    drawn = np.stack([draw("evaluation", SEED, kind, 2) for kind in KINDS], axis=1)
    return drawn.reshape(2 * len(KINDS), -1)


def measure_dynamics(model: PuzzleGPT, puzzles: int) -> list[Row]:
    """The rows of one moment. Layers and heads are measured on the first puzzle of each kind only."""
    tokens = dynamics_puzzles()
    rows: list[Row] = []
    loss, solved = losses(model, tokens)
    by_puzzle = loss.by_puzzle()
    tasks = np.array([kind.task for kind in KINDS] * 2)
    for task in TASKS:
        rows.append((puzzles, "loss", task, float(by_puzzle[tasks == task].mean())))
        rows.append((puzzles, "solved", task, float(solved[tasks == task].mean())))
    one_each = tokens[: len(KINDS)]
    for row in sweep(model, one_each, components_of(model.cfg, ["attn"])):
        part = row.component.text if row.component else NOTHING
        rows.append((puzzles, "loss_off", part, row.loss.mean()))
    for distance, scores in lookback_table(model, one_each, [1, 100], clamp=False).items():
        for (layer, head), score in np.ndenumerate(scores):
            rows.append((puzzles, f"lookback_{distance}", f"L{layer}.H{head}", float(score)))
    return rows


class DynamicsRecorder:
    """Measures a model in training whenever it is time to, and keeps the table.

    Attributes:
        rows: of every moment so far, in order.
        seconds: for how long it has measured since it was made, by the clock.
        processor: the processor time of the process that this took, seconds.
    """

    def __init__(self, rows: list[Row] | None = None):
        self.rows: list[Row] = list(rows or [])
        self.seconds, self.processor = 0.0, 0.0
        self._last_cost = 0.0

    def due(self, puzzles: int, planned_puzzles: float, planned_processor: float) -> bool:
        """Whether a new moment has come, and measuring it stays within ``LARGEST_SHARE`` of the planned
        processor time.

        The time is given out evenly over the moments, so that a run too short for all of them has fewer,
        evenly spaced.
        """
        if not self.rows:
            return True
        if _moment(puzzles) <= _moment(self.rows[-1][0]):
            return False
        so_far = math.log(max(puzzles, 1)) / math.log(max(planned_puzzles, puzzles, 2))
        return self.processor + self._last_cost <= LARGEST_SHARE * planned_processor * so_far

    def record(self, model: PuzzleGPT, puzzles: int) -> None:
        """Measure now, unless it was just done."""
        if self.rows and self.rows[-1][0] == puzzles:
            return
        started, began = time.perf_counter(), time.process_time()
        was_training = model.training
        self.rows += measure_dynamics(model.eval(), puzzles)
        model.train(was_training)
        self._last_cost = time.process_time() - began
        self.processor += self._last_cost
        self.seconds += time.perf_counter() - started

    def save(self, folder: Path) -> None:
        """Write the table so that a kill at any moment leaves either the old or the new one whole."""
        partial = folder / (DYNAMICS_FILE + ".partial")
        table(self.rows).to_parquet(partial, index=False, compression="zstd")
        partial.replace(folder / DYNAMICS_FILE)

    @classmethod
    def resumed(cls, folder: Path, puzzles: int) -> "DynamicsRecorder":
        """A recorder that goes on with a folder's table, as far as it was when ``puzzles`` had been seen."""
        if not (folder / DYNAMICS_FILE).exists():
            return cls()
        return cls(
            [row for row in load_dynamics(folder).itertuples(index=False, name=None) if row[0] <= puzzles]
        )


def table(rows: list[Row]) -> pd.DataFrame:
    """Rows as a table with the columns of ``dynamics.parquet``."""
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype(COLUMNS)


def load_dynamics(folder: Path) -> pd.DataFrame:
    """The table beside a model's weights.

    Raises:
        PuzzlescopeError: if there is none, or the file is something else.
    """
    path = folder / DYNAMICS_FILE
    try:
        frame = pd.read_parquet(path)
    except FileNotFoundError:
        raise PuzzlescopeError(
            f"{folder} has no {DYNAMICS_FILE}: it is written while a model is trained."
        ) from None
    except Exception as error:  # pyarrow has a dozen ways to say that this is no Parquet file
        raise PuzzlescopeError(f"{path} cannot be read as a Parquet file.") from error
    if {name: str(kind) for name, kind in frame.dtypes.items()} != COLUMNS:
        raise PuzzlescopeError(f"{path} must have the columns {', '.join(COLUMNS)}, got {', '.join(frame)}.")
    return frame


def _moment(puzzles: int) -> int:
    return math.floor(MOMENTS_A_DECADE * math.log10(puzzles)) if puzzles else -1
