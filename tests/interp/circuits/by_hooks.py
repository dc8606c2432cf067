"""Edges cut one by one with the model's own hooks: slow, and with nothing of the engine's.

What a writer writes is read from ``run_with_cache``; an edge is cut by a hook on the one input
that reads it.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from interp.model import PuzzleGPT
from interp.pairs import Pair, shipped_pairs
from interp.puzzles import Puzzle
from tests.support.models import small_model


def sharp_model() -> PuzzleGPT:
    """A small random model whose heads choose where to look, so that queries and keys matter."""
    model = small_model()
    for block in model.blocks:
        for weight in (block.attn.W_Q, block.attn.W_K):
            weight.data.mul_(6)
    return model


def far_apart() -> PuzzleGPT:
    """The same; its logits are far enough apart for a gap."""
    model = sharp_model()
    model.unembed.W_U.mul_(20)
    return model


def pairs_with_a_gap() -> list[Pair]:
    """Two, of which that model tells the ends apart."""
    return [shipped_pairs("rule", "replace_color")[k] for k in (48, 24)]


def others_with_a_gap() -> list[Pair]:
    """Two others of the kind."""
    return [shipped_pairs("rule", "replace_color")[k] for k in (56, 52)]


def drawn_by(model: PuzzleGPT, puzzle: Puzzle) -> Puzzle:
    """The puzzle with the answer that a model draws, cell by cell, by plain passes."""
    tokens = puzzle.tokens.astype(np.int64)
    with torch.inference_mode():
        for cell in range(304, 404):
            prompt = torch.from_numpy(np.concatenate([[0], tokens[:cell]]))[None]
            tokens[cell] = int(model(prompt)[0, -1].argmax())
    return Puzzle.of(puzzle.task, tokens)


def watched_model() -> PuzzleGPT:
    """The same; it shows what every head reads and writes."""
    model = sharp_model()
    model.cfg.use_attn_result = model.cfg.use_split_qkv_input = model.cfg.use_hook_mlp_in = True
    return model


def tokens_of(pair: Pair) -> Tensor:
    """Both ends' prompts without the last token, the base's answer in both."""
    both = np.stack([pair.base.tokens, pair.counterfactual.tokens]).astype(np.int64)
    both[1, 304:] = both[0, 304:]
    return torch.from_numpy(np.concatenate([np.zeros((2, 1), np.int64), both], 1)[:, :-1])


def metric_of(pair: Pair, *, first_only: bool = False) -> Callable[[Tensor], Tensor]:
    """The difference of logits over the contrast cells, of logits ``[1, 404, vocab]``."""
    own, other = (end.grids[3].ravel().astype(int) for end in (pair.base, pair.counterfactual))
    cells = np.flatnonzero(own != other)[: 1 if first_only else None]

    def metric(logits: Tensor) -> Tensor:
        return torch.stack(
            [logits[0, 304 + cell, own[cell]] - logits[0, 304 + cell, other[cell]] for cell in cells]
        ).mean()

    return metric


def written(model: PuzzleGPT, prompt: Tensor) -> dict[str, Tensor]:
    """What every writer writes ``[pos, d_model]`` in the run of one prompt."""
    _, cache = model.run_with_cache(prompt[None])
    found = {"embed": cache["hook_embed"][0] + cache["hook_pos_embed"][0]}
    for layer in range(model.cfg.n_layers):
        result = cache[f"blocks.{layer}.attn.hook_result"][0]
        found |= {f"L{layer}.H{head}": result[:, head] for head in range(model.cfg.n_heads)}
        found[f"L{layer}.mlp"] = cache[f"blocks.{layer}.hook_mlp_out"][0]
    return found


def with_added(model: PuzzleGPT, prompt: Tensor, reader: str, added: Tensor) -> Tensor:
    """The logits when one reader alone reads something more."""

    def to_stream(stream: Tensor, hook: object) -> Tensor:
        return stream + added

    if reader == "logits":
        name, put = f"blocks.{model.cfg.n_layers - 1}.hook_resid_post", to_stream
    elif reader.endswith("mlp"):
        name, put = f"blocks.{reader[1:].split('.')[0]}.hook_mlp_in", to_stream
    else:
        layer, head, which = reader[1:].split(".")

        def put(inputs: Tensor, hook: object) -> Tensor:
            mine = torch.arange(inputs.shape[2]) == int(head[1:])
            return inputs + added[:, None] * mine[:, None]

        name = f"blocks.{layer}.hook_{which}_input"
    logits: Tensor = model.run_with_hooks(prompt[None], fwd_hooks=[(name, put)])
    return logits


def effect(model: PuzzleGPT, pair: Pair, writer: str, reader: str) -> float:
    """By how much the metric falls with an edge cut, the pair's other run in its place."""
    base, other = tokens_of(pair)
    metric, change = metric_of(pair), written(model, other)[writer] - written(model, base)[writer]
    whole = metric(model(base[None]))
    return float(whole - metric(with_added(model, base, reader, change)))
