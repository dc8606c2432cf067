"""What the model answers, under any ablation: loss, whether it solves the puzzle, and the grid it draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int, Integer
from torch import Tensor

from interp.ablation import NO_ABLATION, Ablation, ReferenceMeans, RowMeans, hooks_for
from interp.engine.drafts import next_cells
from interp.engine.forward import Gates, gates_for, run, weights_of
from interp.engine.measures import Metric
from interp.engine.runs import Run
from interp.errors import PuzzlescopeError
from interp.grids import CELLS, SIZE
from interp.model import KeyValueCache, PuzzleGPT
from interp.model.hooks import changes_forward
from interp.puzzles import Puzzle
from interp.resumable import Steps, resumable, without_gradients
from interp.tokens import ANSWER_START, GRID_TOKENS, TokensLike, puzzle_tokens

Decoding = Literal["greedy", "teacher-forced"]
"""Which answer of the model: the one it draws by itself, or cell by cell given the true cells before."""

BATCH = 16
MOST_DRAFTED = 3
"""So many puzzles of a batch, or fewer, are decoded one by one with guesses; more are quicker all in step."""
DRAFT = 16
"""Cells of a pass: so many rows take hardly longer than one (:class:`interp.engine.products.Matrix`)."""


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
        truth = puzzle.grids[3].ravel()
        runs = [("clean", self)] + ([("ablated", ablated)] if ablated is not None else [])
        rows = []
        for cell in range(CELLS):
            row: dict[str, Any] = {
                "row": cell // SIZE + 1,
                "column": cell % SIZE + 1,
                "truth": int(truth[cell]),
                "copied": bool(self.loss.copied[0, cell]),
            }
            for name, prediction in runs:
                row |= prediction._cell(name, cell, int(truth[cell]), decoding)
            rows.append(row)
        return tuple(rows)

    def _cell(self, name: str, cell: int, truth: int, decoding: Decoding) -> dict[str, Any]:
        greedy = decoding == "greedy"
        token = int((self.greedy if greedy else self.teacher_forced)[0, cell])
        chances = self.greedy_probabilities if greedy else self.probabilities
        return {
            f"{name}_token": token,
            f"{name}_probability": float(chances[0, cell, token]),
            f"{name}_right": token == truth,
            f"{name}_loss": float(self.loss.cells[0, cell]),
        }


def run_ablated(
    model: PuzzleGPT,
    prompt: Int[Tensor, "batch pos"],
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | RowMeans | None = None,
    kv_cache: KeyValueCache | None = None,
) -> Float[Tensor, "batch pos vocab"]:
    """Logits with the ablation in force, through TransformerLens's hooks: the plain way, that the fast one is
    tested against. Hooks of a user's come before those of the ablation.

    Args:
        prompt: whole puzzles or their beginnings, start token included. With a cache: the tokens that follow
            those it holds.
        means: needed only if the ablation uses ``mean``; for tokens that follow others, those chosen for
            their puzzles.
    """
    model.check_precision()
    start = kv_cache.length if kv_cache is not None else 0
    hooks = hooks_for(model, prompt, ablation, means, start=start)
    return model.run_with_hooks(prompt, fwd_hooks=hooks, kv_cache=kv_cache)


def answer_loss(logits: Float[Tensor, "batch 101 15"], prompt: Int[Tensor, "batch 405"]) -> AnswerLoss:
    """The loss on the answer, from the teacher-forced logits that predict its marker and cells."""
    answer = prompt[:, ANSWER_START:]
    per_token = F.cross_entropy(logits.transpose(1, 2), answer, reduction="none").float().cpu().numpy()
    third = prompt[:, ANSWER_START + 1 - GRID_TOKENS : ANSWER_START]
    copied = (answer[:, 1:] == third).cpu().numpy()
    return AnswerLoss(per_token[:, 0], per_token[:, 1:], copied)


def score(
    logits: Float[Tensor, "batch 101 15"], prompt: Int[Tensor, "batch 405"]
) -> tuple[AnswerLoss, Bool[np.ndarray, " puzzle"]]:
    """Loss and success of teacher-forced logits."""
    return answer_loss(logits, prompt), _right_cells(logits, prompt).all(-1).cpu().numpy()


def losses(
    model: PuzzleGPT,
    tokens: TokensLike,
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
    *,
    batch: int = BATCH,
) -> tuple[AnswerLoss, Bool[np.ndarray, " puzzle"]]:
    """The loss of every puzzle's answer and whether it is solved, without decoding: one forward pass a
    puzzle."""
    parts = []
    for prompt in _prompts(model, puzzle_tokens(tokens), batch):
        with torch.inference_mode():
            parts.append(score(answer_logits(model, prompt, ablation, means), prompt))
    return AnswerLoss.join([loss for loss, _ in parts]), np.concatenate([solved for _, solved in parts])


def answer_logits(
    model: PuzzleGPT,
    prompt: Int[Tensor, "batch 405"],
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
) -> Float[Tensor, "batch 101 15"]:
    """Logits that predict the answer's marker and cells, given the true ones before each: by the engine, or,
    if a user's hooks are set on the model, by a pass in which these are run."""
    if changes_forward(model):
        return run_ablated(model, prompt, ablation, means)[:, ANSWER_START - 1 : -1]
    gates = gates_for(model, prompt, [ablation] * len(prompt), means)
    return run(model, prompt[:, :-1], gates, last=GRID_TOKENS)


def predict(
    model: PuzzleGPT,
    tokens: TokensLike,
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
    *,
    batch: int = BATCH,
) -> Prediction:
    """Loss and greedy answer of every puzzle: :func:`predict_each` with one ablation for all."""
    rows = puzzle_tokens(tokens)
    return predict_each(model, rows, [ablation] * len(rows), means, batch=batch)


@resumable
def predict_each(
    model: PuzzleGPT,
    tokens: TokensLike,
    ablations: Sequence[Ablation],
    means: ReferenceMeans | None = None,
    *,
    batch: int = BATCH,
) -> Steps[None, Prediction]:
    """Loss and greedy answer of every puzzle, each under an ablation of its own, in one batch.

    The prompt is everything up to and including the answer's marker; greedy decoding then writes the 100
    cells. One teacher-forced pass tells which puzzles are solved: only the others are decoded, with the
    pass's key-value cache, from the first wrong cell on. The result is that of plain decoding, token for
    token.

    Args:
        ablations: one for each puzzle.
    """
    tokens = puzzle_tokens(tokens)
    if len(ablations) != len(tokens):
        raise PuzzlescopeError(
            f"One ablation for each of {len(tokens)} puzzles is needed, got {len(ablations)}."
        )
    hooked, parts = changes_forward(model), []
    for k, prompt in enumerate(_prompts(model, tokens, batch)):
        own = ablations[k * batch : (k + 1) * batch]
        if hooked:
            parts.append((yield from _predict_hooked(model, prompt, own, means)))
        else:
            parts.append((yield from _predict_batch(model, prompt, gates_for(model, prompt, own, means))))
    return Prediction(
        loss=AnswerLoss.join([part.loss for part in parts]),
        probabilities=np.concatenate([part.probabilities for part in parts]),
        solved=np.concatenate([part.solved for part in parts]),
        greedy=np.concatenate([part.greedy for part in parts]),
        greedy_probabilities=np.concatenate([part.greedy_probabilities for part in parts]),
    )


@without_gradients
def _predict_batch(
    model: PuzzleGPT, prompt: Int[Tensor, "batch 405"], gates: Gates
) -> Steps[None, Prediction]:
    cache = KeyValueCache(model.cfg, len(prompt), model.device, model.dtype)
    logits = run(model, prompt[:, :-1], gates, last=GRID_TOKENS, kv_cache=cache)
    yield None
    return (yield from _decode(model, prompt, logits, cache, gates))


@without_gradients
def _predict_hooked(
    model: PuzzleGPT,
    prompt: Int[Tensor, "batch 405"],
    ablations: Sequence[Ablation],
    means: ReferenceMeans | None,
) -> Steps[None, Prediction]:
    """The same with a user's hooks, which may know positions and rows: every pass is over all puzzles and the
    whole of each.

    A pass with guesses in the cells is right about every cell whose earlier cells are: its answers are the
    guesses of the next, until they are the same (Jacobi decoding: Santilli et al., 2023, "Accelerating
    transformer inference for translation via parallel decoding"). After n passes the first n cells are what
    plain decoding writes.
    """

    def logits_of(drawn: Int[Tensor, "batch 405"]) -> Float[Tensor, "batch 101 15"]:
        found = {
            each: run_ablated(model, drawn, each, means)[:, ANSWER_START - 1 : -1]
            for each in dict.fromkeys(ablations)
        }
        return torch.stack([found[each][row] for row, each in enumerate(ablations)])

    logits = now = logits_of(prompt)
    yield None
    drawn = prompt.clone()
    for _ in range(CELLS):  # a hook that draws at random need never agree with itself
        cells = now[:, 1:].argmax(-1)
        if torch.equal(drawn[:, ANSWER_START + 1 :], cells):
            break
        drawn[:, ANSWER_START + 1 :] = cells
        now = logits_of(drawn)
        yield None
    return _prediction(prompt, logits, now[:, 1:])


def _prediction(
    prompt: Int[Tensor, "batch 405"],
    logits: Float[Tensor, "batch 101 15"],
    greedy_logits: Float[Tensor, "batch 100 15"],
) -> Prediction:
    """Of the logits given the true cells before each, and given those that were decoded."""
    loss, solved = score(logits, prompt)
    return Prediction(
        loss=loss,
        probabilities=logits[:, 1:].softmax(-1).cpu().numpy(),
        solved=solved,
        greedy=greedy_logits.argmax(-1).cpu().numpy(),
        greedy_probabilities=greedy_logits.softmax(-1).cpu().numpy(),
    )


def predict_run(model: PuzzleGPT, run: Run) -> Steps[None, Prediction]:
    """The prediction that a kept run leads to; pauses after every pass through the model."""
    return _decode(model, model.prompt(run.tokens[None]), run.logits, run.cache, run.gates)


@without_gradients
def _decode(
    model: PuzzleGPT,
    prompt: Int[Tensor, "batch 405"],
    logits: Float[Tensor, "batch 101 15"],
    cache: KeyValueCache,
    gates: Gates,
) -> Steps[None, Prediction]:
    """The greedy answers of a batch whose teacher-forced pass left these logits and this cache, which stays
    as it is."""
    right = _right_cells(logits, prompt)
    cell_logits = logits[:, 1:]
    greedy_logits = cell_logits.clone()
    wrong = (~right.all(-1)).nonzero()[:, 0]
    if len(wrong) > MOST_DRAFTED:
        first = int(right[wrong].int().cumprod(-1).sum(-1).min())
        decoded = yield from decode_together(
            model, cell_logits[wrong], first, cache.select(wrong), gates[wrong]
        )
        greedy_logits[wrong, first:] = decoded
    else:
        for row in (wrong[k : k + 1] for k in range(len(wrong))):
            first = int(right[row].int().cumprod(-1).sum())
            decoded = yield from decode_drafting(
                model, cell_logits[row], first, cache.select(row), gates[row]
            )
            greedy_logits[row, first:] = decoded
    return _prediction(prompt, logits, greedy_logits)


@without_gradients
def decode_together(
    model: PuzzleGPT,
    cell_logits: Float[Tensor, "batch 100 15"],
    first: int,
    cache: KeyValueCache,
    gates: Gates,
) -> Steps[None, Float[Tensor, "batch cell 15"]]:
    """Logits of the cells from ``first`` on, decoded greedily, all rows in step; a pause after every cell.

    Args:
        cell_logits: given the true cells, which up to ``first`` are the greedy ones.
        cache: of a pass over the whole puzzles; it is cut back.
    """
    cache.truncate(ANSWER_START + 1 + first)
    weights = weights_of(model, rows=len(cell_logits))
    steps = [cell_logits[:, first]]
    for _ in range(first + 1, CELLS):
        token = steps[-1].argmax(-1, keepdim=True)
        steps.append(run(weights, token, gates, kv_cache=cache)[:, -1])
        yield None
    return torch.stack(steps, dim=1)


@without_gradients
def decode_drafting(
    model: PuzzleGPT,
    cell_logits: Float[Tensor, "1 100 15"],
    first: int,
    cache: KeyValueCache,
    gates: Gates,
) -> Steps[None, Float[Tensor, "1 cell 15"]]:
    """The same for one row, in fewer passes: several cells are guessed at once, and the guesses that hold are
    kept.

    One pass over a run of guesses (:mod:`interp.engine.drafts`) shows up to where each is what greedy
    decoding would have written, so the answer is the same (speculative decoding with greedy acceptance: Stern
    et al., 2018, "Blockwise parallel decoding for deep autoregressive models").
    """
    logits = cell_logits.clone()
    forced: list[int] = logits[0].argmax(-1).tolist()
    cells = forced[: first + 1]  # what greedy decoding writes
    weights = weights_of(model, rows=DRAFT)
    while len(cells) < CELLS:
        cache.truncate(ANSWER_START + len(cells))
        guesses = next_cells(cells, forced, min(DRAFT, CELLS - len(cells)) - 1)
        fed = torch.tensor([[cells[-1], *guesses]], device=model.device)
        found = run(weights, fed, gates, kv_cache=cache)[0]
        answers: list[int] = found.argmax(-1).tolist()
        held = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(guesses, answers, strict=False)))
        logits[0, len(cells) : len(cells) + held + 1] = found[: held + 1]
        cells += answers[: held + 1]
        yield None
    return logits[:, first:]


def _right_cells(
    logits: Float[Tensor, "batch 101 15"], prompt: Int[Tensor, "batch 405"]
) -> Bool[Tensor, "batch 100"]:
    """Which cells are right. None whose logits are not finite: the likeliest of them would be an accident."""
    cells = logits[:, 1:]
    return (cells.argmax(-1) == prompt[:, ANSWER_START + 1 :]) & cells.isfinite().all(-1)


def _prompts(
    model: PuzzleGPT, tokens: Integer[np.ndarray, "puzzle 404"], batch: int
) -> list[Int[Tensor, "batch 405"]]:
    if len(tokens) == 0:
        raise PuzzlescopeError("There is no puzzle to predict: choose at least one.")
    return [model.prompt(tokens[start : start + batch]) for start in range(0, len(tokens), batch)]
