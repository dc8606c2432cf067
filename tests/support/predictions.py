"""Predictions made by hand: their answers, cell by cell, and their loss."""

import numpy as np

from interp.engine.answers import AnswerLoss, Prediction
from interp.puzzles import Puzzle


def answer_of(puzzle: Puzzle, **wrong: int) -> np.ndarray:
    """The true answer with some cells, ``r1c1``, in another colour."""
    cells = puzzle.grids[3].astype(np.int64).ravel()
    for place, color in wrong.items():
        row, column = place.removeprefix("r").split("c")
        cells[10 * (int(row) - 1) + int(column) - 1] = color
    return cells


def predicted(
    puzzle: Puzzle, greedy: np.ndarray, forced: np.ndarray | None = None, *, loss: float = 1e-5
) -> Prediction:
    """A prediction of this answer, in which the model is sure of every token.

    Args:
        forced: the teacher-forced answer, where it is another.
        loss: of every token.
    """
    forced = greedy if forced is None else forced
    truth, third = puzzle.grids[3].ravel(), puzzle.grids[2].ravel()
    answers = [np.eye(15, dtype=np.float32)[cells][None] for cells in (forced, greedy)]
    return Prediction(
        loss=AnswerLoss(np.full(1, loss), np.full((1, 100), loss), (truth == third)[None]),
        probabilities=answers[0],
        solved=np.array([(greedy == truth).all()]),
        greedy=greedy[None],
        greedy_probabilities=answers[1],
    )
