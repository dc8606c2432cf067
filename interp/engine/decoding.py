"""Greedy decoding of answers from a teacher-forced pass on: all rows in step, or one by one with drafts."""

from itertools import takewhile

import torch
from jaxtyping import Float, Int
from torch import Tensor

from interp.engine.answers import Prediction, right_cells
from interp.engine.drafts import next_cells
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
) -> Steps[None, Prediction]:
    """The greedy answers of a batch whose teacher-forced pass left these logits and this cache, which stays
    as it is."""
    right = right_cells(logits, prompt)
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
    return Prediction.of(prompt, logits, greedy_logits)


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
