"""Path ablation the plain way: a source taken from several readers at once, which
:func:`interp.analyses.path_ablation.path_ablation` takes from one after the other."""

from collections.abc import Iterable

import numpy as np
import torch
from jaxtyping import Bool

from interp.ablation import NO_ABLATION, ZERO, Ablation, Component, Method, ReferenceMeans
from interp.analyses.ablation_sweep import CHUNK
from interp.analyses.path_ablation import _checked, _Chunk
from interp.analyses.readers import LOGITS, Reader
from interp.engine.answers import AnswerLoss, all_right, score
from interp.engine.forward import embed, run_layer, unembed
from interp.model import PuzzleGPT
from interp.tokens import TokensLike, puzzle_tokens


@torch.inference_mode()
def path_losses(
    model: PuzzleGPT,
    tokens: TokensLike,
    source: Component,
    readers: Iterable[Reader],
    *,
    base: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
    method: Method = ZERO,
) -> tuple[AnswerLoss, Bool[np.ndarray, " puzzle"]]:
    """The loss, and which puzzles are solved, with a source taken from all of these readers at once."""
    tokens = puzzle_tokens(tokens)
    cut = frozenset(_checked(model, tokens, source, readers))
    parts = []
    for start in range(0, len(tokens), CHUNK):
        chunk = _Chunk(model, model.prompt(tokens[start : start + CHUNK]), start, source, base, means, method)
        parts.append(_without_all(chunk, cut))
    return AnswerLoss.join([loss for loss, _ in parts]), np.concatenate([solved for _, solved in parts])


def _without_all(chunk: _Chunk, cut: frozenset[Reader]) -> tuple[AnswerLoss, Bool[np.ndarray, " puzzle"]]:
    """Nothing is shared with a run that was kept: every layer is computed anew."""
    trunk, gates = chunk.trunk, chunk._gates()
    resid = embed(trunk.model, trunk.prompt)
    for layer in range(trunk.n_layers):
        if layer == chunk.source.layer:
            chunk.added = chunk._written(resid, trunk.base) - chunk._written(resid, chunk.off)
        here = {reader for reader in cut if reader.layer == layer}
        if not here:
            resid = run_layer(trunk.weights, layer, resid, gates, last=trunk.asked(layer))
            continue
        mid = chunk._attention(layer, resid, chunk._heads(layer, resid, here))
        resid = chunk._mlp(layer, mid, cut=Reader("mlp", layer) in here)
    resid = chunk._less(resid) if LOGITS in cut else resid
    loss, right = score(unembed(trunk.model, resid), chunk.prompt)
    return loss, all_right(right)
