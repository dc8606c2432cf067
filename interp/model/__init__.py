"""The model: a decoder-only transformer with TransformerLens's hook points."""

from interp.model.config import LAYER_NORM_EPS, Config
from interp.model.key_value_cache import KeyValueCache
from interp.model.network import (
    MLP,
    Block,
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
