"""Models to measure on: the default one, and the same function stretched to more layers."""

import torch

from interp import load_model
from interp.model import Config, PuzzleGPT
from interp.model.network import Block


def stretched(n_layers: int) -> PuzzleGPT:
    """The default model with layers between its own that compute as much as they do and write nothing.

    It gives the default model's answers at the cost of one with ``n_layers``, so that puzzles are solved as
    they are in practice. With fewer layers than the default model has, its first ones.
    """
    source = load_model("default")
    sizes = source.cfg
    torch.manual_seed(0)
    model = PuzzleGPT(
        Config(n_layers, sizes.n_heads, sizes.d_model, sizes.d_head, sizes.d_mlp, sizes.d_qk)
    ).requires_grad_(False)
    model.embed.load_state_dict(source.embed.state_dict())
    model.unembed.load_state_dict(source.unembed.state_dict())
    taken = {k * n_layers // sizes.n_layers: k for k in range(sizes.n_layers)}
    if n_layers < sizes.n_layers:
        taken = {k: k for k in range(n_layers)}
    for layer, block in enumerate(model.blocks):
        assert isinstance(block, Block)
        if layer in taken:
            block.load_state_dict(source.blocks[taken[layer]].state_dict())
        else:
            for silent in (block.attn.W_O, block.mlp.W_out, block.mlp.b_out):
                silent.zero_()
    return model.eval()
