"""Answers: the loss on each token, the grid that greedy decoding draws, and which puzzles are solved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int, Integer
from torch import Tensor

from interp.engine.forcing import FREE, written
from interp.engine.measures import Metric
from interp.grids import CELLS, SIZE
from interp.puzzles import Puzzle
from interp.tokens import ANSWER_START, GRID_TOKENS

Decoding = Literal["greedy", "teacher-forced"]
"""Which answer of the model: the one it draws by itself, or cell by cell given the true cells before."""


@dataclass(frozen=True, eq=False)
class AnswerLoss:
    """Cross-entropy (nats) of each token of the answer given the true tokens before it.

    Attributes:
        marker: of the answer's marker, one a puzzle.
        cells: of the 100 cells, row by row.
        copied: where the answer equals the third grid.
    """

    marker: Float[np.ndarray, " puzzle"]
    cells: Float[np.ndarray, "puzzle 100"]
    copied: Bool[np.ndarray, "puzzle 100"]

    def _chosen(
        self, metric: Metric
    ) -> tuple[Float[np.ndarray, "puzzle token"], Bool[np.ndarray, "puzzle token"]]:
        if metric == "final":
            losses = np.concatenate([self.marker[:, None], self.cells], axis=1)
            return losses, np.ones_like(losses, dtype=bool)
        chosen = {"cells": np.ones_like(self.copied), "copied": self.copied, "changed": ~self.copied}[metric]
        return self.cells, chosen

    def mean(self, metric: Metric = "final") -> float:
        """Mean over all tokens of this cut, of all puzzles together; nan if there are none."""
        losses, chosen = self._chosen(metric)
        return float(losses[chosen].mean(dtype=np.float64)) if chosen.any() else float("nan")

    def by_puzzle(self, metric: Metric = "final") -> Float[np.ndarray, " puzzle"]:
        """Mean over the tokens of this cut, puzzle by puzzle; nan where a puzzle has none."""
        losses, chosen = self._chosen(metric)
        count = chosen.sum(1)
        total = np.where(chosen, losses, 0).sum(1, dtype=np.float64)
        return np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)

    @classmethod
    def join(cls, parts: Sequence["AnswerLoss"]) -> "AnswerLoss":
        """The puzzles of all parts, one after the other."""
        return cls(
            np.concatenate([part.marker for part in parts]),
            np.concatenate([part.cells for part in parts]),
            np.concatenate([part.copied for part in parts]),
        )

    def __getitem__(
        self, rows: slice | Integer[np.ndarray, " row"] | Bool[np.ndarray, " puzzle"]
    ) -> "AnswerLoss":
        return AnswerLoss(self.marker[rows], self.cells[rows], self.copied[rows])


@dataclass(frozen=True, eq=False)
class Prediction:
    """Answers to a batch of puzzles.

    Attributes:
        loss: of the true answer.
        probabilities: of all 15 tokens at each answer cell, given the true cells before it (teacher-forced).
        solved: whether greedy decoding draws every cell right.
        greedy: the token greedy decoding writes in each cell; 11..14 are markers, which are invalid there.
        greedy_probabilities: of all 15 tokens at each cell, given the cells decoded before it.
    """

    loss: AnswerLoss
    probabilities: Float[np.ndarray, "puzzle 100 15"]
    solved: Bool[np.ndarray, " puzzle"]
    greedy: Int[np.ndarray, "puzzle 100"]
    greedy_probabilities: Float[np.ndarray, "puzzle 100 15"]

    @property
    def teacher_forced(self) -> Int[np.ndarray, "puzzle 100"]:
        """The likeliest token of each cell given the true cells before it."""
        return self.probabilities.argmax(-1)

    def answer(self, decoding: Decoding) -> Int[np.ndarray, "puzzle 100"]:
        """The tokens of one of its two answers."""
        return self.greedy if decoding == "greedy" else self.teacher_forced

    @classmethod
    def of(
        cls,
        prompt: Int[Tensor, "batch 405"],
        logits: Float[Tensor, "batch 101 15"],
        greedy_logits: Float[Tensor, "batch 100 15"],
        forced: Int[Tensor, "batch 100"] | None = None,
    ) -> "Prediction":
        """From the logits given the true cells before each, and those given the cells that were decoded; or,
        where cells are forced (:mod:`interp.engine.forcing`), given those."""
        loss, right = score(logits, prompt)
        greedy, solved = greedy_logits.argmax(-1), all_right(right)
        if forced is not None and (forced != FREE).any():
            greedy = written(greedy, forced)
            solved = np.asarray((greedy == prompt[:, ANSWER_START + 1 :]).all(-1).cpu())
        return cls(
            loss=loss,
            probabilities=logits[:, 1:].softmax(-1).cpu().numpy(),
            solved=solved,
            greedy=greedy.cpu().numpy(),
            greedy_probabilities=greedy_logits.softmax(-1).cpu().numpy(),
        )

    @classmethod
    def join(cls, parts: Sequence["Prediction"]) -> "Prediction":
        """The puzzles of all parts, one after the other."""
        return cls(
            loss=AnswerLoss.join([part.loss for part in parts]),
            probabilities=np.concatenate([part.probabilities for part in parts]),
            solved=np.concatenate([part.solved for part in parts]),
            greedy=np.concatenate([part.greedy for part in parts]),
            greedy_probabilities=np.concatenate([part.greedy_probabilities for part in parts]),
        )

    def rows(
        self, puzzle: Puzzle, ablated: "Prediction | None" = None, decoding: Decoding = "greedy"
    ) -> tuple[dict[str, Any], ...]:
        """The answer to a single puzzle, cell by cell, for :class:`interp.export.tables.Table`: the true
        token, the model's, its probability, whether it is right, and the loss.

        Args:
            puzzle: that was predicted.
            ablated: the prediction under an ablation, to stand beside this clean one.
            decoding: which answer. The loss (nats) is given the true cells before in either.
        """
        runs = {"clean": self} | ({"ablated": ablated} if ablated is not None else {})
        return answer_rows(puzzle, runs, decoding)

    def _cell(self, name: str, cell: int, truth: int, decoding: Decoding) -> dict[str, Any]:
        greedy = decoding == "greedy"
        token = int(self.answer(decoding)[0, cell])
        chances = self.greedy_probabilities if greedy else self.probabilities
        return {
            f"{name}_token": token,
            f"{name}_probability": float(chances[0, cell, token]),
            f"{name}_right": token == truth,
            f"{name}_loss": float(self.loss.cells[0, cell]),
        }


def answer_rows(
    puzzle: Puzzle, runs: Mapping[str, Prediction], decoding: Decoding = "greedy"
) -> tuple[dict[str, Any], ...]:
    """The answers of several runs to one puzzle, cell by cell: the columns of :meth:`Prediction.rows`, those
    of each run after its name."""
    truth, third = puzzle.grids[3].ravel(), puzzle.grids[2].ravel()
    rows = []
    for cell in range(CELLS):
        row: dict[str, Any] = {
            "row": cell // SIZE + 1,
            "column": cell % SIZE + 1,
            "truth": int(truth[cell]),
            "copied": bool(truth[cell] == third[cell]),
        }
        for name, prediction in runs.items():
            row |= prediction._cell(name, cell, int(truth[cell]), decoding)
        rows.append(row)
    return tuple(rows)


def answer_loss(logits: Float[Tensor, "batch 101 15"], prompt: Int[Tensor, "batch 405"]) -> AnswerLoss:
    """The loss on the answer, from the teacher-forced logits that predict its marker and cells."""
    answer = prompt[:, ANSWER_START:]
    per_token = F.cross_entropy(logits.transpose(1, 2), answer, reduction="none").float().cpu().numpy()
    third = prompt[:, ANSWER_START + 1 - GRID_TOKENS : ANSWER_START]
    copied = (answer[:, 1:] == third).cpu().numpy()
    return AnswerLoss(per_token[:, 0], per_token[:, 1:], copied)


def score(
    logits: Float[Tensor, "batch 101 15"], prompt: Int[Tensor, "batch 405"]
) -> tuple[AnswerLoss, Bool[np.ndarray, "puzzle 100"]]:
    """The loss, and which cells are right, of teacher-forced logits. Of a puzzle whose cells are all right
    greedy decoding draws the same: it is solved."""
    return answer_loss(logits, prompt), right_cells(logits, prompt).cpu().numpy()


def all_right(right: Bool[np.ndarray, "puzzle 100"]) -> Bool[np.ndarray, " puzzle"]:
    """Which puzzles are solved, from the cells that are right."""
    return np.asarray(right.all(-1))


def right_cells(
    logits: Float[Tensor, "batch 101 15"], prompt: Int[Tensor, "batch 405"]
) -> Bool[Tensor, "batch 100"]:
    """Which cells are right. None whose logits are not finite: the likeliest of them would be an accident."""
    cells = logits[:, 1:]
    return (cells.argmax(-1) == prompt[:, ANSWER_START + 1 :]) & cells.isfinite().all(-1)
