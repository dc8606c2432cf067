"""Where heads look: attention patterns of a run, and detectors of heads that look a fixed distance back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Integer
from transformer_lens.hook_points import HookPoint
from transformer_lens.utilities.components_utils import get_act_name

from interp.ablation import NO_ABLATION, Ablation, ReferenceMeans, hooks_of
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.tokens import N_CTX, TOKEN_NAMES


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


@torch.inference_mode()
def attention_pattern(
    model: PuzzleGPT,
    tokens: Integer[np.ndarray, "404"],
    layer: int,
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
) -> Float[np.ndarray, "head 405 405"]:
    """The attention of every head of a layer on one puzzle, ``[head, query, key]``, as the ablated run uses it.

    Positions count the start token. Where the ablation replaces a head's pattern, the replacement is returned; a head
    that is switched off otherwise still has a pattern, which then moves nothing.
    """
    if not 0 <= layer < model.cfg.n_layers:
        raise PuzzlescopeError(
            f"There is no layer {layer}: the model has layers 0 to {model.cfg.n_layers - 1}."
        )
    name = get_act_name("pattern", layer)
    with model.clean():
        for hook in hooks_of(ablation, means):
            model.add_hook(*hook)
        # The caching hook comes after the ablation's own, so it sees what the run goes on with.
        _, cache = model.run_with_cache(model.prompt(tokens[None]), return_type=None, names_filter=name)
    return cache[name][0].cpu().numpy()


def lookback_scores(
    model: PuzzleGPT,
    tokens: Integer[np.ndarray, "puzzle 404"],
    lookback: int,
    *,
    clamp: bool = True,
    batch: int = 4,
) -> Float[np.ndarray, "layer head"]:
    """Mean attention of every head exactly ``lookback`` positions back, over positions and puzzles.

    With ``clamp`` the mean is over all 405 positions, and those with fewer before them are measured at position 0, as in
    the original notebook. A head that rests on the start token then scores (lookback + 1) / 405 without looking back at
    all: 0.25 for 100. Without ``clamp`` such positions are left out.
    """
    return lookback_table(model, tokens, [lookback], clamp=clamp, batch=batch)[lookback]


@torch.inference_mode()
def lookback_table(
    model: PuzzleGPT,
    tokens: Integer[np.ndarray, "puzzle 404"],
    lookbacks: Sequence[int],
    *,
    clamp: bool = True,
    batch: int = 4,
) -> dict[int, Float[np.ndarray, "layer head"]]:
    """:func:`lookback_scores` of several distances, from one pass over the puzzles."""
    for lookback in lookbacks:
        if not 0 <= lookback < N_CTX:
            raise PuzzlescopeError(f"A lookback is 0 to {N_CTX - 1} positions, got {lookback}.")
    if len(tokens) == 0:
        raise PuzzlescopeError("There is no puzzle to measure heads on: choose at least one.")
    total = {lookback: np.zeros((model.cfg.n_layers, model.cfg.n_heads)) for lookback in lookbacks}
    for start in range(0, len(tokens), batch):
        with model.clean():
            for layer in range(model.cfg.n_layers):
                rows = {lookback: scores[layer] for lookback, scores in total.items()}
                model.add_hook(get_act_name("pattern", layer), _adds_to(rows, clamp))
            model(model.prompt(tokens[start : start + batch]), return_type=None)
    return {lookback: scores / len(tokens) for lookback, scores in total.items()}


def _adds_to(rows: dict[int, Float[np.ndarray, " head"]], clamp: bool) -> Callable[..., None]:
    """A hook that adds each head's score to the row of each distance and keeps nothing: patterns are 5 MB a puzzle."""

    def run(pattern: torch.Tensor, hook: HookPoint) -> None:
        for lookback, row in rows.items():
            queries = torch.arange(0 if clamp else lookback, N_CTX)
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


def position_labels(tokens: Integer[np.ndarray, "404"]) -> list[str]:
    """A short name for every position, start token included: ``start``, markers by name, cells by their colour number."""
    return ["start", *(TOKEN_NAMES[token] for token in tokens)]
