"""Runs over one puzzle that are kept, so that others which begin alike need not begin anew.

Ablations that agree in the first layers have the same residual stream, keys and values there. A run under an
ablation therefore goes on from a kept run at the first layer in which the two differ: with the clean run
kept, switching off a part of the last layer costs one layer, not all. What it computes is what it would have
computed from the start, to the bit: the same sums of the same numbers.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from interp.ablation import NO_ABLATION, Ablation, ReferenceMeans
from interp.engine.forward import Gates, embed, gates_for, run_layer, unembed, weights_of
from interp.model import KeyValueCache, PuzzleGPT
from interp.model.hooks import say_ignored
from interp.tokens import GRID_TOKENS, TokensLike, one_puzzle


@dataclass(frozen=True, eq=False)
class Run:
    """One pass over a whole puzzle, teacher-forced, and what others can go on from.

    Attributes:
        tokens: of the puzzle, without the start token.
        ablation: that was in force.
        gates: the same for the engine.
        before: the residual stream before each layer, of all 405 positions, start token included
            (``resid_pre``).
        cache: keys and values at all 405 positions, of every layer whose attention is not off. Decode on a
            copy.
        logits: that predict the answer's marker and its 100 cells.
    """

    tokens: Integer[np.ndarray, "404"]
    ablation: Ablation
    gates: Gates
    before: tuple[Float[Tensor, "1 405 d_model"], ...]
    cache: KeyValueCache
    logits: Float[Tensor, "1 101 15"]

    @property
    def nbytes(self) -> int:
        """Bytes of all its tensors."""
        kept = (*self.before, self.cache.keys, self.cache.values, self.logits)
        return sum(tensor.nbytes for tensor in kept)

    def shared_layers(self, ablation: Ablation) -> int:
        """How many layers, from the first, another ablation leaves as this run has them."""
        differ = set(self.ablation.terms) ^ set(ablation.terms)
        return min((term.component.layer for term in differ), default=len(self.before))


@torch.inference_mode()
def run_puzzle(
    model: PuzzleGPT,
    tokens: TokensLike,
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
    kept: Iterable[Run] = (),
) -> Run:
    """The run of one puzzle under an ablation.

    Args:
        kept: runs of the same model to go on from; those of other puzzles are passed over. The one that
            shares most layers is taken.
    """
    say_ignored(model, "kept runs")
    tokens = one_puzzle(tokens)
    alike = [run for run in kept if np.array_equal(run.tokens, tokens)]
    known = max(alike, key=lambda run: run.shared_layers(ablation), default=None)
    first = 0 if known is None else known.shared_layers(ablation)
    if known is not None and first == model.cfg.n_layers:
        return known
    prompt = model.prompt(tokens[None])
    gates = gates_for(model, prompt, [ablation], means)
    weights = weights_of(model)
    cache = KeyValueCache(model.cfg, 1, model.device, model.dtype)
    before: list[Tensor] = []
    if known is None:
        resid = embed(model, prompt)
    else:
        cache.keys[:first], cache.values[:first] = known.cache.keys[:first], known.cache.values[:first]
        before, resid = list(known.before[:first]), known.before[first]
    for layer in range(first, model.cfg.n_layers):
        before.append(resid)
        asked = GRID_TOKENS + 1 if layer == model.cfg.n_layers - 1 else None
        resid = run_layer(weights, layer, resid, gates, last=asked, kv_cache=cache)
    cache.length = prompt.shape[1]
    return Run(tokens, ablation, gates, tuple(before), cache, unembed(model, resid)[:, :-1])
