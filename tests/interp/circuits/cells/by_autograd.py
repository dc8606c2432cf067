"""A model frozen by hand: patterns, scales and gates are numbers of one run, and the rest is left to
PyTorch's gradients. Written from the architecture, with nothing of the engine's or of the circuits'."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from interp.model import PuzzleGPT
from interp.puzzles import Puzzle
from interp.tokens import with_start


@dataclass
class Frozen:
    """Of every part: what it writes, a leaf or not, and what the target makes of it."""

    target: Tensor
    writes: dict[str, Tensor]
    read: dict[str, Tensor]


Change = Callable[[str, Tensor], Tensor]


def frozen(
    model: PuzzleGPT, puzzle: Puzzle, cell: int, counts: Tensor, change: Change | None = None
) -> Frozen:
    """Run the frozen model in double precision.

    Args:
        counts: what each logit counts in the target.
        change: given a writer's name and what it writes, what is read in its place.
    """
    model = model.double()
    end = 305 + cell
    tokens = torch.from_numpy(with_start(puzzle.tokens))[:end]
    _, cache = model.run_with_cache(tokens[None])
    writes: dict[str, Tensor] = {}
    read: dict[str, Tensor] = {}

    def noted(name: str, write: Tensor) -> Tensor:
        write = write if change is None else change(name, write)
        if not write.requires_grad:
            write = write.clone().requires_grad_()
        write.retain_grad()
        writes[name] = write
        return write

    def through(norm: torch.nn.Module, x: Tensor, scale: Tensor, name: str) -> Tensor:
        x = x.clone()
        if x.requires_grad:
            x.retain_grad()
        read[name] = x
        return (x - x.mean(-1, keepdim=True)) / scale * norm.w + norm.b

    stream = noted("token", model.embed.W_E[tokens]) + noted("position", model.pos_embed.W_pos[:end].double())
    for layer, block in enumerate(model.blocks):
        added = torch.zeros_like(stream)
        scale = cache[f"blocks.{layer}.ln1.hook_scale"][0]
        for head in range(model.cfg.n_heads):
            x = through(block.ln1, stream, scale, f"L{layer}.H{head}")
            pattern = cache["pattern", layer][0, head]
            own = pattern @ (x @ block.attn.W_V[head]) @ block.attn.W_O[head]
            added = added + noted(f"L{layer}.H{head}", own)
        stream = stream + added
        scale = cache[f"blocks.{layer}.ln2.hook_scale"][0]
        x = through(block.ln2, stream, scale, f"L{layer}.mlp")
        gates = (cache[f"blocks.{layer}.mlp.hook_pre"][0] > 0).double()
        hidden = (x @ block.mlp.W_in + block.mlp.b_in) * gates
        hidden = noted(f"L{layer}.hidden", hidden)
        stream = stream + noted(f"L{layer}.mlp", hidden @ block.mlp.W_out + block.mlp.b_out)
    logits = stream[-1] @ model.unembed.W_U + model.unembed.b_U
    return Frozen(logits @ counts.double(), writes, read)
