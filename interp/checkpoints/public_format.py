"""Weights under the public format's names or ours, from a single file, which records no sizes: they are the
weights' own.

The public format is what F. Fleuret's culture code saves, ``(state_dict, accuracy)`` by ``torch.save``;
people save a state dict alone, a training's dictionary or safetensors as well. Nothing in such a file is ever
run.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from interp.checkpoints.file_kinds import kind_of
from interp.checkpoints.safetensors_files import read_safetensors, read_shards
from interp.checkpoints.state_dicts import find_state, own_names
from interp.checkpoints.torch_files import read_torch
from interp.checkpoints.weights import POSITIONS, check_plain, check_shapes, refuse, shapes_of
from interp.errors import PuzzlescopeError
from interp.model import Config

# Our name of a weight -> theirs. Their trunk alternates attention and MLP.
_BLOCK = {
    "ln1.w": "trunk.{attn}.f.0.f.0.weight",
    "ln1.b": "trunk.{attn}.f.0.f.0.bias",
    "attn.W_Q": "trunk.{attn}.f.1.w_q",
    "attn.W_K": "trunk.{attn}.f.1.w_k",
    "attn.W_V": "trunk.{attn}.f.1.w_v",
    "attn.W_O": "trunk.{attn}.f.1.w_o",
    "ln2.w": "trunk.{mlp}.f.f.0.weight",
    "ln2.b": "trunk.{mlp}.f.f.0.bias",
    "mlp.W_in": "trunk.{mlp}.f.f.2.weight",
    "mlp.b_in": "trunk.{mlp}.f.f.2.bias",
    "mlp.W_out": "trunk.{mlp}.f.f.4.weight",
    "mlp.b_out": "trunk.{mlp}.f.f.4.bias",
}
_ENDS = {
    "embed.W_E": "embedding.0.f.0.weight",
    "unembed.W_U": "readout.f.weight",
    "unembed.b_U": "readout.f.bias",
}


_BESIDE = ("n_averaged",)
"""What AveragedModel counts, in a state dict of it."""


def read_weights(path: Path) -> tuple[Config, dict[str, Tensor], float | None]:
    """Read a file of ``torch.save`` or safetensors.

    Returns:
        The model's sizes, its weights under our names and in our shapes, and the accuracy recorded with them,
        if any.

    Raises:
        PuzzlescopeError: if it is not such a file, not a whole one, or of another model.
    """
    part = re.search(r"-(\d{5})-of-(\d{5})\.", path.name)
    if part and int(part[2]) > 1:
        raise PuzzlescopeError(
            f"{path} is one of {int(part[2])} files of a model: give its folder, with all of them and"
            f" {path.name[: part.start()]}.safetensors.index.json."
        )
    if path.name.endswith(".safetensors.index.json"):
        return *infer(own_names(read_shards(path), path), path), None
    if kind_of(path) == "safetensors":
        return *infer(own_names(read_safetensors(path), path), path), None
    state, accuracy = find_state(read_torch(path), path)
    return *infer(state, path), accuracy


def infer(state: dict[str, Any], path: Path) -> tuple[Config, dict[str, Tensor]]:
    """The sizes of a model whose weights these are, by the public format's names or ours, and the weights by
    ours.

    Raises:
        PuzzlescopeError: if they are of another model, or not whole.
    """
    state = {name: value for name, value in state.items() if not _is_beside(name, value)}
    ours = "embed.W_E" in state or any(name.startswith("blocks.") for name in state)
    last = ".attn.W_Q" if ours else ".f.1.w_q"
    n_layers = max(1, sum(name.endswith(last) for name in state))
    names = _names(n_layers)
    names = {name: name for name in names} if ours else names
    known = {*names.values(), POSITIONS} if ours else {*names.values()}
    refuse((key for key in names.values() if key not in state), f"{path} is not a culture GPT: it lacks")
    refuse((key for key in state if key not in known), f"{path} is not a culture GPT: it also has")
    check_plain(state, path)
    cfg = (_sizes_of_ours if ours else _sizes)(state, n_layers, path)
    if ours:
        return cfg, state
    shapes = shapes_of(cfg, path)
    check_shapes(state, {key: _public_shape(name, shapes[name]) for name, key in names.items()}, path)
    return cfg, {name: _canonical(name, state[key], cfg) for name, key in names.items()}


def _is_beside(name: str, value: Any) -> bool:
    """Whether an entry is no weight: a plain value under a name of its own, such as an epoch."""
    return name in _BESIDE or (isinstance(value, int | float | str | np.generic | None) and "." not in name)


def _names(n_layers: int) -> dict[str, str]:
    """Our name of every weight -> theirs."""
    names = dict(_ENDS)
    for layer in range(n_layers):
        where = {"attn": 2 * layer, "mlp": 2 * layer + 1}
        names |= {f"blocks.{layer}.{name}": key.format(**where) for name, key in _BLOCK.items()}
    return names


def _sizes(state: dict[str, Tensor], n_layers: int, path: Path) -> Config:
    named = ("trunk.0.f.1.w_q", "trunk.0.f.1.w_v", "trunk.1.f.f.2.weight")
    expected = "w_q and w_v [head, width, d_model] and f.2.weight [d_mlp, d_model]"
    (n_heads, d_qk, d_model), (_, d_head, _), (d_mlp, _) = _shapes(state, named, expected, path)
    return Config(n_layers, n_heads, d_model, d_head, d_mlp, d_qk=0 if d_qk == d_head else d_qk)


def _sizes_of_ours(state: dict[str, Tensor], n_layers: int, path: Path) -> Config:
    named = ("blocks.0.attn.W_Q", "blocks.0.attn.W_V", "blocks.0.mlp.W_in")
    expected = "W_Q and W_V [head, d_model, width] and W_in [d_model, d_mlp]"
    (n_heads, d_model, d_qk), (_, _, d_head), (_, d_mlp) = _shapes(state, named, expected, path)
    return Config(n_layers, n_heads, d_model, d_head, d_mlp, d_qk=0 if d_qk == d_head else d_qk)


def _shapes(
    state: dict[str, Tensor], named: tuple[str, str, str], expected: str, path: Path
) -> list[tuple[int, ...]]:
    """The shapes of queries', values' and MLP's weights, by which all sizes are known."""
    shapes = [tuple(state[name].shape) for name in named]
    if [len(shape) for shape in shapes] != [3, 3, 2] or any(0 in shape for shape in shapes):
        q, v, w_in = map(list, shapes)
        raise PuzzlescopeError(f"{path} is not a culture GPT: expected {expected}, got {q}, {v} and {w_in}.")
    return shapes


def _public_shape(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape in the file of a weight of ours."""
    if name.endswith(("W_Q", "W_K", "W_V")):  # head d_model d_head -> head d_head d_model
        return shape[0], shape[2], shape[1]
    if name.endswith("W_O"):  # head d_head d_model -> (head d_head) d_model
        return shape[0] * shape[1], shape[2]
    if name.endswith(("W_in", "W_out", "W_U")):  # nn.Linear keeps [out, in]
        return shape[1], shape[0]
    return shape


def _canonical(name: str, weight: Tensor, cfg: Config) -> Tensor:
    """A weight in our shape: the inverse of what :func:`_public_shape` describes."""
    if name.endswith("W_O"):
        return weight.unflatten(0, (cfg.n_heads, cfg.d_head))
    return (
        weight.transpose(-1, -2) if name.endswith(("W_Q", "W_K", "W_V", "W_in", "W_out", "W_U")) else weight
    )
