"""Greedy decoding of answers from a teacher-forced pass on: all rows in step, or one by one with drafts."""

from itertools import takewhile

import torch
from jaxtyping import Float, Int
from torch import Tensor

from interp.engine.answers import Prediction, right_cells
from interp.engine.drafts import next_cells
from interp.engine.forcing import FREE, held, written
from interp.engine.forward import Gates, run, weights_of
from interp.grids import CELLS
from interp.model import KeyValueCache, PuzzleGPT
from interp.resumable import Steps, without_gradients
from interp.tokens import ANSWER_START

MOST_DRAFTED = 3
"""Up to this many puzzles of a batch are decoded one by one with drafts; more are quicker all in step."""
DRAFT = 16
"""Cells of a pass: that many rows take hardly longer than one (:class:`interp.engine.products.Matrix`)."""


@without_gradients
def decode(
    model: PuzzleGPT,
    prompt: Int[Tensor, "batch 405"],
    logits: Float[Tensor, "batch 101 15"],
    cache: KeyValueCache,
    gates: Gates,
    forced: Int[Tensor, "batch 100"],
) -> Steps[None, Prediction]:
    """The greedy answers of a batch whose teacher-forced pass left these logits and this cache, which stays
    as it is.

    Args:
        prompt: the puzzles, with their true answers.
        logits: given the true cells before each, or the forced ones (:mod:`interp.engine.forcing`).
        forced: colours of cells that are forced.
    """
    right = right_cells(logits, prompt) | (forced != FREE)
    cell_logits = logits[:, 1:]
    greedy_logits = cell_logits.clone()
    wrong = (~right.all(-1)).nonzero()[:, 0]
    if len(wrong) > MOST_DRAFTED:
        first = int(right[wrong].int().cumprod(-1).sum(-1).min())
        decoded = yield from decode_together(
            model, cell_logits[wrong], first, cache.select(wrong), gates[wrong], forced[wrong]
        )
        greedy_logits[wrong, first:] = decoded
    else:
        for row in (wrong[k : k + 1] for k in range(len(wrong))):
            first = int(right[row].int().cumprod(-1).sum())
            decoded = yield from decode_drafting(
                model, cell_logits[row], first, cache.select(row), gates[row], forced[row]
            )
            greedy_logits[row, first:] = decoded
    return Prediction.of(prompt, logits, greedy_logits, forced)


@without_gradients
def decode_together(
    model: PuzzleGPT,
    cell_logits: Float[Tensor, "batch 100 15"],
    first: int,
    cache: KeyValueCache,
    gates: Gates,
    forced: Int[Tensor, "batch 100"] | None = None,
) -> Steps[None, Float[Tensor, "batch cell 15"]]:
    """Logits of the cells from ``first`` on, decoded greedily, all rows in step; a pause after every cell.

    Args:
        cell_logits: given the true cells, which up to ``first`` are the greedy ones.
        cache: of a pass over the whole puzzles; it is cut back.
        forced: colours of cells that are forced; left out, none is.
    """
    forced = held((), len(cell_logits), cell_logits.device) if forced is None else forced
    cache.truncate(ANSWER_START + 1 + first)
    weights = weights_of(model, rows=len(cell_logits))
    steps = [cell_logits[:, first]]
    for cell in range(first, CELLS - 1):
        token = written(steps[-1].argmax(-1, keepdim=True), forced[:, cell : cell + 1])
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
    forced: Int[Tensor, "1 100"] | None = None,
) -> Steps[None, Float[Tensor, "1 cell 15"]]:
    """The same for one row, in fewer passes: several cells are guessed at once, and the guesses that hold are
    kept.

    One pass over a run of guesses (:mod:`interp.engine.drafts`) shows up to where each is what greedy
    decoding would have written, so the answer is the same (speculative decoding with greedy acceptance: Stern
    et al., 2018, "Blockwise parallel decoding for deep autoregressive models").
    """
    forced = held((), 1, cell_logits.device) if forced is None else forced
    logits = cell_logits.clone()
    given: list[int] = written(logits[0].argmax(-1), forced[0]).tolist()
    cells = given[: first + 1]  # what greedy decoding writes
    weights = weights_of(model, rows=DRAFT)
    while len(cells) < CELLS:
        cache.truncate(ANSWER_START + len(cells))
        guesses = next_cells(cells, given, min(DRAFT, CELLS - len(cells)) - 1)
        fed = torch.tensor([[cells[-1], *guesses]], device=model.device)
        found = run(weights, fed, gates, kv_cache=cache)[0]
        here = forced[0, len(cells) : len(cells) + len(found)]
        answers: list[int] = written(found.argmax(-1), here).tolist()
        kept = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(guesses, answers, strict=False)))
        logits[0, len(cells) : len(cells) + kept + 1] = found[: kept + 1]
        cells += answers[: kept + 1]
        yield None
    return logits[:, first:]
