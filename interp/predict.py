"""What the model answers, under any ablation: loss, whether it solves the puzzle, and the grid it draws."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Integer
from torch import Tensor

from interp.ablation import NO_ABLATION, Ablation, ReferenceMeans, hooks_of
from interp.errors import PuzzlescopeError
from interp.grids import CELLS
from interp.model import KeyValueCache, PuzzleGPT, loss_of
from interp.tokens import ANSWER_START, GRID_TOKENS, N_CTX

Metric = Literal["final", "cells", "copied", "changed"]
METRICS: dict[Metric, str] = {
    "final": "final grid: the marker and the 100 cells of the answer",
    "cells": "answer cells only",
    "copied": "cells that equal the third grid",
    "changed": "cells that differ from the third grid",
}
assert set(METRICS) == set(get_args(Metric))

BATCH = 16


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


def run_ablated(
    model: PuzzleGPT,
    prompt: Int[Tensor, "batch pos"],
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
    kv_cache: KeyValueCache | None = None,
) -> Float[Tensor, "batch pos vocab"]:
    """Logits with the ablation in force; with a cache, of tokens that follow those it holds."""
    start = kv_cache.length if kv_cache is not None else 0
    hooks = hooks_of(ablation, means, start=start)
    with model.clean():
        return model.run_with_hooks(prompt, fwd_hooks=hooks, kv_cache=kv_cache)


def answer_loss(logits: Float[Tensor, "batch 405 15"], prompt: Int[Tensor, "batch 405"]) -> AnswerLoss:
    """The loss on the answer, from teacher-forced logits."""
    _check_whole(prompt)
    per_token = loss_of(logits, prompt)[:, ANSWER_START - 1 :].float().cpu().numpy()
    third = prompt[:, ANSWER_START + 1 - GRID_TOKENS : ANSWER_START]
    copied = (prompt[:, ANSWER_START + 1 :] == third).cpu().numpy()
    return AnswerLoss(per_token[:, 0], per_token[:, 1:], copied)


def losses(
    model: PuzzleGPT,
    tokens: Integer[np.ndarray, "puzzle 404"],
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
    *,
    batch: int = BATCH,
) -> tuple[AnswerLoss, Bool[np.ndarray, " puzzle"]]:
    """The loss of every puzzle's answer and whether it is solved, without decoding: one forward pass a puzzle."""
    parts, solved = [], []
    for chunk in _prompts(model, tokens, batch):
        with torch.inference_mode():
            logits = run_ablated(model, chunk, ablation, means)
        parts.append(answer_loss(logits, chunk))
        solved.append(_right_cells(logits, chunk).all(-1).cpu().numpy())
    return _join(parts), np.concatenate(solved)


def predict(
    model: PuzzleGPT,
    tokens: Integer[np.ndarray, "puzzle 404"],
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
    *,
    batch: int = BATCH,
) -> Prediction:
    """Loss and greedy answer of every puzzle.

    The prompt is everything up to and including the answer's marker; greedy decoding then writes the 100 cells. One
    teacher-forced pass tells which puzzles are solved: only the others are decoded, with the pass's key-value cache,
    from the first wrong cell on. The result is that of plain decoding, token for token.
    """
    parts = [_predict_batch(model, chunk, ablation, means) for chunk in _prompts(model, tokens, batch)]
    return Prediction(
        loss=_join([part.loss for part in parts]),
        probabilities=np.concatenate([part.probabilities for part in parts]),
        solved=np.concatenate([part.solved for part in parts]),
        greedy=np.concatenate([part.greedy for part in parts]),
        greedy_probabilities=np.concatenate([part.greedy_probabilities for part in parts]),
    )


@torch.inference_mode()
def _predict_batch(
    model: PuzzleGPT, prompt: Int[Tensor, "batch 405"], ablation: Ablation, means: ReferenceMeans | None
) -> Prediction:
    cache = KeyValueCache(model.cfg, len(prompt), model.device)
    logits = run_ablated(model, prompt, ablation, means, cache)
    right = _right_cells(logits, prompt)
    cell_logits = logits[:, ANSWER_START:-1]
    greedy_logits = cell_logits.clone()
    wrong = (~right.all(-1)).nonzero()[:, 0]
    if len(wrong):
        first = int(right[wrong].int().cumprod(-1).sum(-1).min())
        decoded = _decode(model, cell_logits[wrong], first, cache.select(wrong), ablation, means)
        greedy_logits[wrong, first:] = decoded
    return Prediction(
        loss=answer_loss(logits, prompt),
        probabilities=cell_logits.softmax(-1).cpu().numpy(),
        solved=right.all(-1).cpu().numpy(),
        greedy=greedy_logits.argmax(-1).cpu().numpy(),
        greedy_probabilities=greedy_logits.softmax(-1).cpu().numpy(),
    )


def _decode(
    model: PuzzleGPT,
    cell_logits: Float[Tensor, "batch 100 15"],
    first: int,
    cache: KeyValueCache,
    ablation: Ablation,
    means: ReferenceMeans | None,
) -> Float[Tensor, "batch cell 15"]:
    """Logits of the cells from ``first`` on, decoded greedily; up to ``first`` the true cells are the greedy ones."""
    cache.truncate(ANSWER_START + 1 + first)
    steps = [cell_logits[:, first]]
    for _ in range(first + 1, CELLS):
        token = steps[-1].argmax(-1, keepdim=True)
        steps.append(run_ablated(model, token, ablation, means, cache)[:, -1])
    return torch.stack(steps, dim=1)


def _right_cells(
    logits: Float[Tensor, "batch 405 15"], prompt: Int[Tensor, "batch 405"]
) -> Bool[Tensor, "batch 100"]:
    return logits[:, ANSWER_START:-1].argmax(-1) == prompt[:, ANSWER_START + 1 :]


def _prompts(
    model: PuzzleGPT, tokens: Integer[np.ndarray, "puzzle 404"], batch: int
) -> list[Int[Tensor, "batch 405"]]:
    if len(tokens) == 0:
        raise PuzzlescopeError("There is no puzzle to predict: choose at least one.")
    return [model.prompt(tokens[start : start + batch]) for start in range(0, len(tokens), batch)]


def _join(parts: list[AnswerLoss]) -> AnswerLoss:
    return AnswerLoss(
        np.concatenate([part.marker for part in parts]),
        np.concatenate([part.cells for part in parts]),
        np.concatenate([part.copied for part in parts]),
    )


def _check_whole(prompt: Tensor) -> None:
    if prompt.shape[1] != N_CTX:
        raise PuzzlescopeError(
            f"The answer's loss needs whole puzzles of {N_CTX} tokens, got {prompt.shape[1]}."
        )
