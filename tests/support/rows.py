"""Rows of a sweep, made by hand."""

import numpy as np

from interp.ablation import Component
from interp.analyses.ablation_sweep import SweepRow
from interp.engine.answers import AnswerLoss


def losses(loss: float, n: int, copied: int = 90) -> AnswerLoss:
    """The same loss everywhere, the first so many cells copied."""
    return AnswerLoss(np.full(n, loss), np.full((n, 100), loss), np.tile(np.arange(100) < copied, (n, 1)))


def row(part: Component | None, loss: float, solved: str = "10") -> SweepRow:
    """A row of which every token has this loss, and these puzzles (1) are solved."""
    return SweepRow(part, losses(loss, len(solved)), np.array([one == "1" for one in solved], bool))


def attn(layer: int, loss: float, solved: str = "10") -> SweepRow:
    return row(Component(layer, "attn"), loss, solved)
