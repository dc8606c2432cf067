"""Two ablations of one model, or one ablation in two models, side by side on one puzzle."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Integer

from interp.ablation import Ablation
from interp.engine.answers import Decoding, Prediction, answer_rows
from interp.errors import brief
from interp.grids import CELLS
from interp.puzzles import Puzzle

LONGEST = 40
"""Letters of an ablation's text in a sentence."""


@dataclass(frozen=True)
class Comparison:
    """Two answers to one puzzle, in cells.

    Attributes:
        before, now: how many are wrong in each.
        common: still wrong.
        same: cells in which the two answers agree, right or wrong.
    """

    before: int
    now: int
    common: int
    same: int

    @classmethod
    def of(
        cls,
        truth: Integer[np.ndarray, "100"],
        before: Integer[np.ndarray, "100"],
        now: Integer[np.ndarray, "100"],
    ) -> "Comparison":
        """Of the true answer and the two."""
        was, is_ = before != truth, now != truth
        return cls(int(was.sum()), int(is_.sum()), int((was & is_).sum()), int((before == now).sum()))

    @property
    def words(self) -> str:
        """What the second answer is beside the first: "35 wrong; 20 in common"."""
        if self.same == CELLS:
            return f"{_wrong(self.now)}: the same answer"
        return f"{_wrong(self.now)}; {self.common or 'none'} in common" if self.now else "solved"


def compare(
    puzzle: Puzzle,
    pinned: tuple[Ablation, Prediction],
    now: tuple[Ablation, Prediction],
    decoding: Decoding = "greedy",
) -> str:
    """Both ablations and what became of the answer in each, in a sentence or two: "Pinned L1.attn: 22 of 100
    cells wrong. Now L1.H1,L1.H5: 35 wrong; 20 in common."

    Args:
        pinned: the ablation that is compared with, and the prediction under it.
        now: the other, which may be none: then its prediction is the clean one.
        decoding: which answers are compared.
    """
    (first, before), (second, after) = pinned, now
    found = Comparison.of(puzzle.grids[3].ravel(), before.answer(decoding)[0], after.answer(decoding)[0])
    second_name = brief(second.text, LONGEST) if second else "clean"
    return (
        f"Pinned {brief(first.text, LONGEST)}: {_wrong(found.before, f' of {CELLS} cells')}."
        f" Now {second_name}: {found.words}."
    )


def _wrong(n: int, of: str = "") -> str:
    return f"{n}{of} wrong" if n else "solved"


def pair_rows(
    puzzle: Puzzle, pinned: Prediction, now: Prediction, decoding: Decoding = "greedy"
) -> tuple[dict[str, Any], ...]:
    """Both answers cell by cell, for :class:`interp.export.tables.Table`: columns as in
    :meth:`interp.engine.answers.Prediction.rows`, those of each answer after its name; and whether the two
    agree."""
    runs: Mapping[str, Prediction] = {"pinned": pinned, "now": now}
    rows = answer_rows(puzzle, runs, decoding)
    return tuple({**row, "same": row["pinned_token"] == row["now_token"]} for row in rows)
