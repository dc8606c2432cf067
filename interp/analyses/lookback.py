"""Mean attention at an attention offset: detectors of previous-token heads and of copying heads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from transformer_lens.hook_points import HookPoint
from transformer_lens.utilities.components_utils import get_act_name

from interp.ablation import NO_ABLATION, Ablation, ReferenceMeans, hooks_for
from interp.analyses.question import PuzzleQuestion
from interp.errors import PuzzlescopeError
from interp.export.programs import given, puzzle_program
from interp.model import PuzzleGPT
from interp.puzzles import puzzle_name
from interp.resumable import Steps
from interp.tokens import (
    N_CTX,
    TokensLike,
    puzzle_tokens,
)

LOOKBACKS = (1, 100, 101)
"""One token back, the cell about to be predicted, the cell under this token: measured together, in one
pass."""


@dataclass(frozen=True)
class HeadScore:
    """How strongly one head looks ``lookback`` positions back."""

    layer: int
    head: int
    lookback: int
    score: float

    @property
    def name(self) -> str:
        return f"L{self.layer}.H{self.head}"


def lookback_scores(
    model: PuzzleGPT,
    tokens: TokensLike,
    lookback: int,
    *,
    clamp: bool = True,
    batch: int = 4,
) -> Float[np.ndarray, "layer head"]:
    """Mean attention of every head exactly ``lookback`` positions back, over positions and puzzles.

    With ``clamp`` the mean is over all 405 positions, and those with fewer before them are measured at
    position 0, as in the original notebook. A head that rests on the start token then scores (lookback + 1) /
    405 without looking back at all: 0.25 for 100. Without ``clamp`` such positions are left out.
    """
    return lookback_table(model, tokens, [lookback], clamp=clamp, batch=batch)[lookback]


@torch.inference_mode()
def lookback_table(
    model: PuzzleGPT,
    tokens: TokensLike,
    lookbacks: Sequence[int],
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
    *,
    clamp: bool = True,
    batch: int = 4,
) -> dict[int, Float[np.ndarray, "layer head"]]:
    """:func:`lookback_scores` of several distances, from one pass over the puzzles, with the ablation in
    force."""
    for lookback in lookbacks:
        if not 0 <= lookback < N_CTX:
            raise PuzzlescopeError(f"A lookback is 0 to {N_CTX - 1} positions, got {lookback}.")
    tokens = puzzle_tokens(tokens)
    if len(tokens) == 0:
        raise PuzzlescopeError("There is no puzzle to measure heads on: choose at least one.")
    total = {lookback: np.zeros((model.cfg.n_layers, model.cfg.n_heads)) for lookback in lookbacks}
    for start in range(0, len(tokens), batch):
        prompt = model.prompt(tokens[start : start + batch])
        adding = [
            (
                get_act_name("pattern", layer),
                _adds_to({lookback: scores[layer] for lookback, scores in total.items()}, clamp),
            )
            for layer in range(model.cfg.n_layers)
        ]
        # After a user's hooks and the ablation's own, so that what the run goes on with is measured.
        hooks = [*hooks_for(model, prompt, ablation, means), *adding]
        model.run_with_hooks(prompt, fwd_hooks=hooks, return_type=None)
    return {lookback: scores / len(tokens) for lookback, scores in total.items()}


LookbackTable = dict[int, Float[np.ndarray, "layer head"]]


@dataclass(frozen=True)
class LookbackScores(PuzzleQuestion[LookbackTable]):
    """How much every head looks each of these distances back on one puzzle: over the positions that have so
    many before them, or clamped as in the original notebook (see :func:`lookback_scores`)."""

    distances: tuple[int, ...] = LOOKBACKS
    clamp: bool = False

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[None, LookbackTable]:
        yield from ()  # it is done in one step
        tokens = self.puzzle.tokens[None]
        return lookback_table(model, tokens, self.distances, self.ablation, means, clamp=self.clamp)

    def program(self, model: str, *, threshold: float = 0.1) -> str:
        """The heads whose score is above a threshold, measured as the original notebook does; and beside it
        the score without the positions that it measures at the start token."""
        call = f"lookback_table(model, puzzle.tokens[None], {list(self.distances)!r}{given(self.ablation)}"
        return puzzle_program(
            model,
            puzzle_name(self.puzzle),
            self.ablation,
            [
                f"scores = {call})",
                f"really = {call}, clamp=False)",
                "for lookback, found in scores.items():",
                f"    for head in heads_above(found, lookback, {threshold!r}):",
                "        print(lookback, head.name, head.score, really[lookback][head.layer, head.head])",
            ],
        )


def _adds_to(rows: dict[int, Float[np.ndarray, " head"]], clamp: bool) -> Callable[..., None]:
    """A hook that adds each head's score to the row of each distance and keeps nothing: patterns are 5 MB a
    puzzle."""

    def run(pattern: torch.Tensor, hook: HookPoint) -> None:
        for lookback, row in rows.items():
            queries = torch.arange(0 if clamp else lookback, N_CTX, device=pattern.device)
            keys = (queries - lookback).clamp(min=0)
            row[:] += pattern[:, :, queries, keys].mean(-1).sum(0).double().cpu().numpy()

    return run


def heads_above(scores: Float[np.ndarray, "layer head"], lookback: int, threshold: float) -> list[HeadScore]:
    """The heads whose score is above a threshold, strongest first."""
    found = [
        HeadScore(layer, head, lookback, float(score))
        for (layer, head), score in np.ndenumerate(scores)
        if score > threshold
    ]
    return sorted(found, key=lambda head: -head.score)
