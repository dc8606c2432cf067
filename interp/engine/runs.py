"""Cached runs over one puzzle: an ablated run resumes at the first layer in which it differs.

Ablations that agree in the first layers have the same residual stream, keys and values there. With the clean
run cached, ablating a component of the last layer therefore costs one layer, not all (see
:mod:`interp.engine.trunk`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from interp.ablation import NO_ABLATION, Ablation, ReferenceMeans, hooks_for, means_for
from interp.engine.forward import Gates, gates_of, unembed
from interp.engine.trunk import Trunk
from interp.model import KeyValueCache, PuzzleGPT
from interp.model.hooks import is_planted, say_ignored
from interp.resumable import finish
from interp.tokens import GRID_TOKENS, TokensLike, one_puzzle


@dataclass(frozen=True, eq=False)
class Run:
    """One pass over a whole puzzle, teacher-forced, and what others can go on from.

    Attributes:
        tokens: of the puzzle, without the start token.
        ablation: that was in force.
        gates: the same for the engine.
        before: the residual stream before each layer, of all 405 positions, start token included
            (``resid_pre``); none of a planted circuit.
        cache: keys and values at all 405 positions, of every layer whose attention is not off. Decode on a
            copy. Of a planted circuit it is empty.
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
    say_ignored(model, "kept runs", planted=True)
    tokens = one_puzzle(tokens)
    if is_planted(model):
        return _planted_run(model, tokens, ablation, means)
    alike = [run for run in kept if np.array_equal(run.tokens, tokens)]
    known = max(alike, key=lambda run: run.shared_layers(ablation), default=None)
    first = 0 if known is None else known.shared_layers(ablation)
    if known is not None and first == model.cfg.n_layers:
        return known
    prompt = model.prompt(tokens[None])
    rows = means_for(model, prompt, means, ablation)
    trunk = Trunk(model, prompt, ablation, rows, asked=GRID_TOKENS + 1)
    cache = KeyValueCache(model.cfg, 1, model.device, model.dtype)
    before: tuple[Tensor, ...] = ()
    if known is not None:
        cache.keys[:first], cache.values[:first] = known.cache.keys[:first], known.cache.values[:first]
        before = known.before[: first + 1]
    resid = finish(trunk.grow(cache, before))
    cache.length = prompt.shape[1]
    logits = unembed(model, resid)[:, :-1]
    return Run(tokens, ablation, trunk.gates(ablation), tuple(trunk.before), cache, logits)


def _planted_run(
    model: PuzzleGPT, tokens: Integer[np.ndarray, "404"], ablation: Ablation, means: ReferenceMeans | None
) -> Run:
    """The run of a planted circuit, by its own forward pass: what goes on from it runs the puzzle anew, for
    neither stream nor keys and values say what its parts read."""
    prompt = model.prompt(tokens[None])
    rows = means_for(model, prompt, means, ablation)
    with model.without_hooks():
        logits = model.run_with_hooks(prompt, fwd_hooks=hooks_for(model, prompt, ablation, rows))
    cache = KeyValueCache(model.cfg, 0, model.device, model.dtype)
    gates = gates_of([ablation], model.cfg, rows, model.device)
    return Run(tokens, ablation, gates, (), cache, logits[:, -GRID_TOKENS - 1 : -1])
