"""The model: a decoder-only transformer with TransformerLens's hook points."""

from interp.model.network import (
    LAYER_NORM_EPS,
    MLP,
    Block,
    Config,
    KeyValueCache,
    LayerNorm,
    PosEmbed,
    PuzzleGPT,
    loss_of,
)

__all__ = [
    "LAYER_NORM_EPS",
    "MLP",
    "Block",
    "Config",
    "KeyValueCache",
    "LayerNorm",
    "PosEmbed",
    "PuzzleGPT",
    "loss_of",
]
