"""The public checkpoint format: what F. Fleuret's culture code saves, ``(state_dict, accuracy)`` by ``torch.save``.

A state dict alone is read too. The format records no sizes: they are those of its weights. The file is a zip archive
with a pickle inside; only PyTorch's restricted reader ever sees it, which makes tensors and runs nothing.
"""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from interp.errors import PuzzlescopeError
from interp.model import Config
from interp.weights import check_shapes, refuse, regular, shapes_of, short

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


def read_public(path: Path) -> tuple[Config, dict[str, Tensor], float | None]:
    """Read a file.

    Returns:
        The model's sizes, its weights under our names and in our shapes, and the accuracy recorded with them, if any.

    Raises:
        PuzzlescopeError: if it is not such a file, or not a whole one.
    """
    state, accuracy = _contents(path)
    n_layers = max(1, sum(str(key).endswith(".f.1.w_q") for key in state))
    names = _names(n_layers)
    refuse((key for key in names.values() if key not in state), f"{path} is not a culture GPT: it lacks")
    refuse((key for key in state if key not in names.values()), f"{path} is not a culture GPT: it also has")
    refuse((key for key, value in state.items() if not _is_plain(value)), f"{path} has no plain tensor as")
    if sum(w.numel() * w.element_size() for w in state.values()) > path.stat().st_size:
        raise PuzzlescopeError(
            f"{path} claims more numbers than it holds: expected a checkpoint of a culture GPT."
        )
    cfg = _infer_config(state, n_layers, path)
    shapes = shapes_of(cfg, path)
    check_shapes(state, {key: _public_shape(name, shapes[name]) for name, key in names.items()}, path)
    return cfg, {name: _canonical(name, state[key], cfg) for name, key in names.items()}, accuracy


def _contents(path: Path) -> tuple[dict[Any, Any], float | None]:
    """The state dict and the accuracy, of which nothing is known yet but that reading them was safe."""
    expected = "expected weights saved by torch.save as (state_dict, accuracy)"
    try:
        with zipfile.ZipFile(regular(path)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > path.stat().st_size:
                raise ValueError("it would unpack to more than it holds")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise PuzzlescopeError(
            f"{path} holds more than weights, and none of it was run: {expected}; get it from a source that you trust."
        ) from error
    except Exception as error:  # the file may come from anybody, and its readers' errors are of many classes
        raise PuzzlescopeError(
            f"{path} is not a checkpoint, or cut off: {expected}, got: {short(error)}; copy or download it again."
        ) from error
    state, accuracy = content if isinstance(content, list | tuple) and len(content) == 2 else (content, None)
    if not isinstance(state, dict):
        raise PuzzlescopeError(f"{path} is not a checkpoint: {expected}, got a {type(state).__name__}.")
    return state, _number(accuracy)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):  # absent, text, a tensor of several ...
        return None


def _is_plain(value: Any) -> bool:
    """Whether it is an ordinary tensor in memory: not sparse, nested or without data."""
    return (
        type(value) in (Tensor, nn.Parameter)
        and not value.is_nested
        and value.layout == torch.strided
        and value.is_cpu
    )


def _names(n_layers: int) -> dict[str, str]:
    """Our name of every weight -> theirs."""
    names = dict(_ENDS)
    for layer in range(n_layers):
        where = {"attn": 2 * layer, "mlp": 2 * layer + 1}
        names |= {f"blocks.{layer}.{name}": key.format(**where) for name, key in _BLOCK.items()}
    return names


def _infer_config(state: dict[str, Tensor], n_layers: int, path: Path) -> Config:
    q, v, w_in = state["trunk.0.f.1.w_q"], state["trunk.0.f.1.w_v"], state["trunk.1.f.f.2.weight"]
    if (q.ndim, v.ndim, w_in.ndim) != (3, 3, 2) or 0 in (*q.shape, *v.shape, *w_in.shape):
        raise PuzzlescopeError(
            f"{path} is not a culture GPT: expected w_q and w_v [head, width, d_model] and f.2.weight [d_mlp, d_model],"
            f" got {list(q.shape)}, {list(v.shape)} and {list(w_in.shape)}."
        )
    n_heads, d_qk, d_model = q.shape
    d_head, d_mlp = v.shape[1], w_in.shape[0]
    return Config(n_layers, n_heads, d_model, d_head, d_mlp, d_qk=0 if d_qk == d_head else d_qk)


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
