"""Predictions under any ablation: loss, success, and the greedily decoded grid."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Integer
from torch import Tensor

from interp.ablation import NO_ABLATION, Ablation, ReferenceMeans, RowMeans, hooks_for
from interp.engine.answers import AnswerLoss, Prediction, all_right, score
from interp.engine.decoding import decode
from interp.engine.forcing import Forced, forced_prompt, held, written
from interp.engine.forward import Gates, gates_for, run
from interp.engine.runs import Run
from interp.errors import PuzzlescopeError
from interp.grids import CELLS
from interp.model import KeyValueCache, PuzzleGPT
from interp.model.hooks import changes_forward, is_planted
from interp.resumable import Steps, resumable, without_gradients
from interp.tokens import ANSWER_START, GRID_TOKENS, TokensLike, one_puzzle, puzzle_tokens

BATCH = 16


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
    right = np.concatenate([right for _, right in parts])
    return AnswerLoss.join([loss for loss, _ in parts]), all_right(right)


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
    forced: Forced = (),
    batch: int = BATCH,
) -> Prediction:
    """Loss and greedy answer of every puzzle: :func:`predict_each` with one ablation for all.

    Args:
        forced: cells of the answers that are given a colour (:mod:`interp.engine.forcing`).
    """
    rows = puzzle_tokens(tokens)
    return predict_each(model, rows, [ablation] * len(rows), means, forced=forced, batch=batch)


@resumable
def predict_each(
    model: PuzzleGPT,
    tokens: TokensLike,
    ablations: Sequence[Ablation],
    means: ReferenceMeans | None = None,
    *,
    forced: Forced = (),
    batch: int = BATCH,
) -> Steps[None, Prediction]:
    """Loss and greedy answer of every puzzle, each under an ablation of its own, in one batch.

    The prompt is everything up to and including the answer's marker; greedy decoding then writes the 100
    cells. One teacher-forced pass tells which puzzles are solved: only the others are decoded, with the
    pass's key-value cache, from the first wrong cell on. The result is that of plain decoding, token for
    token.

    Args:
        ablations: one for each puzzle.
        forced: cells of the answers that are given a colour (:mod:`interp.engine.forcing`).
    """
    tokens = puzzle_tokens(tokens)
    if len(ablations) != len(tokens):
        raise PuzzlescopeError(
            f"One ablation for each of {len(tokens)} puzzles is needed, got {len(ablations)}."
        )
    hooked, parts = changes_forward(model), []
    for k, prompt in enumerate(_prompts(model, tokens, batch)):
        own = ablations[k * batch : (k + 1) * batch]
        fixed = held(forced, len(prompt), prompt.device)
        if hooked:
            parts.append((yield from _predict_hooked(model, prompt, own, means, fixed)))
        else:
            gates = gates_for(model, prompt, own, means)
            parts.append((yield from _predict_batch(model, prompt, gates, fixed)))
    return Prediction.join(parts)


@without_gradients
def _predict_batch(
    model: PuzzleGPT, prompt: Int[Tensor, "batch 405"], gates: Gates, forced: Int[Tensor, "batch 100"]
) -> Steps[None, Prediction]:
    cache = KeyValueCache(model.cfg, len(prompt), model.device, model.dtype)
    shown = forced_prompt(prompt, forced)
    logits = run(model, shown[:, :-1], gates, last=GRID_TOKENS, kv_cache=cache)
    yield None
    return (yield from decode(model, prompt, logits, cache, gates, forced))


@without_gradients
def _predict_hooked(
    model: PuzzleGPT,
    prompt: Int[Tensor, "batch 405"],
    ablations: Sequence[Ablation],
    means: ReferenceMeans | RowMeans | None,
    forced: Int[Tensor, "batch 100"],
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

    drawn = forced_prompt(prompt, forced)
    logits = now = logits_of(drawn)
    yield None
    for _ in range(CELLS):  # a hook that draws at random need never agree with itself
        cells = written(now[:, 1:].argmax(-1), forced)
        if torch.equal(drawn[:, ANSWER_START + 1 :], cells):
            break
        drawn[:, ANSWER_START + 1 :] = cells
        now = logits_of(drawn)
        yield None
    return Prediction.of(prompt, logits, now[:, 1:], forced)


def predict_run(
    model: PuzzleGPT, run: Run, truth: TokensLike | None = None, forced: Forced = ()
) -> Steps[None, Prediction]:
    """The prediction that a kept run leads to; pauses after every pass through the model.

    Args:
        truth: the puzzle, where the run is of that with cells of its answer forced.
        forced: these cells.
    """
    prompt = model.prompt((run.tokens if truth is None else one_puzzle(truth))[None])
    fixed = held(forced, 1, prompt.device)
    if is_planted(model):
        return _predict_planted(model, prompt, run, fixed)
    return decode(model, prompt, run.logits, run.cache, run.gates, fixed)


@without_gradients
def _predict_planted(
    model: PuzzleGPT, prompt: Int[Tensor, "1 405"], run: Run, forced: Int[Tensor, "1 100"]
) -> Steps[None, Prediction]:
    """The same of a planted circuit, of whose run nothing is kept to go on from."""
    with model.without_hooks():
        return (yield from _predict_hooked(model, prompt, [run.ablation], run.gates.means, forced))


def _prompts(
    model: PuzzleGPT, tokens: Integer[np.ndarray, "puzzle 404"], batch: int
) -> list[Int[Tensor, "batch 405"]]:
    if len(tokens) == 0:
        raise PuzzlescopeError("There is no puzzle to predict: choose at least one.")
    return [model.prompt(tokens[start : start + batch]) for start in range(0, len(tokens), batch)]
