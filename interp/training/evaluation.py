"""How many puzzles a model solves, for each task and structure, on puzzles it has never seen."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from interp.engine.predict import losses
from interp.model import PuzzleGPT
from interp.puzzles.kinds import KINDS, PuzzleKind, draw


@dataclass(frozen=True)
class Evaluated:
    """What came of the puzzles of one kind.

    Attributes:
        rate: the share solved.
        not_finite: the share on which the loss is not finite, as that of a model that has diverged; none of
            them is solved.
    """

    rate: float
    not_finite: float


def evaluate(model: PuzzleGPT, per_kind: int, *, seed: int = 0) -> Iterator[tuple[PuzzleKind, float]]:
    """The share of ``per_kind`` fresh puzzles solved, kind by kind. Seeds are never used in training."""
    for kind, found in evaluate_more(model, per_kind, seed=seed):
        yield kind, found.rate


def evaluate_more(
    model: PuzzleGPT, per_kind: int, *, seed: int = 0
) -> Iterator[tuple[PuzzleKind, Evaluated]]:
    """The same, and on how many puzzles the model's numbers mean something."""
    for kind in KINDS:
        loss, solved = losses(model, draw("evaluation", seed, kind, per_kind))
        yield kind, Evaluated(float(solved.mean()), float((~np.isfinite(loss.by_puzzle())).mean()))
