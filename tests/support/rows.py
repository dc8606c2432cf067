"""Rows of a sweep, made by hand."""

from collections.abc import Iterable

import numpy as np

from interp.ablation import Component
from interp.analyses.ablation_sweep import SweepRow
from interp.engine.answers import AnswerLoss
from interp.grids import CELLS


def losses(loss: float, n: int, copied: int = 90) -> AnswerLoss:
    """The same loss everywhere, the first so many cells copied."""
    return AnswerLoss(np.full(n, loss), np.full((n, 100), loss), np.tile(np.arange(100) < copied, (n, 1)))


def cells(solved: Iterable[object], wrong: int = 20) -> np.ndarray:
    """The right cells of puzzles, which are solved (true) or have so many wrong ones, the first of all."""
    return np.array([np.arange(CELLS) >= (0 if one else wrong) for one in solved], bool).reshape(-1, CELLS)


def row(part: Component | None, loss: float, solved: str = "10", wrong: int = 20) -> SweepRow:
    """A row of which every token has this loss, and these puzzles (1) are solved; in each of the others so
    many cells are wrong."""
    return SweepRow(part, losses(loss, len(solved)), cells((one == "1" for one in solved), wrong))


def attn(layer: int, loss: float, solved: str = "10", wrong: int = 20) -> SweepRow:
    return row(Component(layer, "attn"), loss, solved, wrong)
