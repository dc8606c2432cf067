"""Checks of a run's arguments before anything is computed: every mistake ends in one sentence.

Recipes bring tokens of many kinds and arguments of other models; what cannot be done here must not be passed
over.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from interp.errors import PuzzlescopeError
from interp.model.config import Config
from interp.model.key_value_cache import KeyValueCache

RETURN_TYPES = ("logits", "loss", "both", None)

_NOT_DONE = {"prepend_bos", "padding_side", "attention_mask", "past_kv_cache", "past_key_values"}
"""Arguments of other models that may be there if they say that something is not to be done."""


def whole_numbers(tokens: Any) -> Int[Tensor, "batch pos"]:
    """Tokens as people have them, NumPy or torch or lists, of any width, ``[pos]`` or ``[batch, pos]``, as
    int64.

    Raises:
        PuzzlescopeError: if they are not whole numbers in such an array.
    """
    said = "Tokens must be whole numbers [pos] or [batch, pos]"
    if isinstance(tokens, str) or (
        isinstance(tokens, list | tuple) and tokens and isinstance(tokens[0], str)
    ):
        raise PuzzlescopeError(
            f"{said}, got text: this model reads grids (model.to_tokens takes names of tokens)."
        )
    try:
        if not isinstance(tokens, Tensor):
            tokens = torch.from_numpy(np.asarray(tokens))
    except (TypeError, ValueError, RuntimeError) as error:
        raise PuzzlescopeError(f"{said}, got a {type(tokens).__name__} that is no array of them.") from error
    whole = not (tokens.is_floating_point() or tokens.is_complex() or tokens.dtype == torch.bool)
    if not whole or tokens.ndim not in (1, 2):
        kind = str(tokens.dtype).removeprefix("torch.")
        raise PuzzlescopeError(f"{said}, got {kind} {list(tokens.shape)}.")
    return (tokens if tokens.ndim == 2 else tokens[None]).long()


def check_run(
    cfg: Config,
    return_type: str | None,
    kv_cache: KeyValueCache | None,
    start_at_layer: int | None,
    stop_at_layer: int | None,
    others: Mapping[str, Any],
) -> None:
    """Whether such a run can be: all but its tokens.

    Raises:
        PuzzlescopeError: if it cannot.
    """
    not_to = {
        name for name, value in others.items() if name in _NOT_DONE and (value is None or value is False)
    }
    wrong = [name for name in others if name not in not_to]
    if wrong:
        raise PuzzlescopeError(
            f"This model has no use for {', '.join(wrong)}: its tokens bring their start token, there is no"
            " text and no padding, and earlier positions are in a kv_cache."
        )
    if return_type not in RETURN_TYPES:
        raise PuzzlescopeError(f"What to return is 'logits', 'loss', 'both' or None, got {return_type!r}.")
    layers = cfg.n_layers
    for name, layer, last in (
        ("start_at_layer", start_at_layer, layers - 1),
        ("stop_at_layer", stop_at_layer, layers),
    ):
        if layer is None:
            continue
        if isinstance(layer, bool) or not isinstance(layer, int) or not -layers <= layer <= last:
            raise PuzzlescopeError(f"{name} is a whole number from {-layers} to {last}, got {layer!r}.")
        if kv_cache is not None:
            raise PuzzlescopeError(
                f"A run with {name} cannot extend a key-value cache: leave one of them out."
            )
    if start_at_layer is not None and return_type in ("loss", "both"):
        raise PuzzlescopeError(
            "A run with start_at_layer has no tokens to compute a loss of: ask for logits."
        )


def check_tokens(cfg: Config, tokens: Any, kv_cache: KeyValueCache | None) -> Int[Tensor, "batch pos"]:
    """The tokens of a run, as int64.

    Raises:
        PuzzlescopeError: if they are none, or more than there is room for, or the cache is for other runs.
    """
    tokens = whole_numbers(tokens)
    start = kv_cache.length if kv_cache is not None else 0
    if not 0 < tokens.shape[1] <= cfg.n_ctx - start:
        room = f" ({start} are in the cache)" if start else ""
        raise PuzzlescopeError(
            f"Tokens must be whole numbers [batch, 1 to {cfg.n_ctx - start} positions]{room},"
            f" got {list(tokens.shape)}."
        )
    if kv_cache is not None:
        wanted = [cfg.n_layers, len(tokens), cfg.n_heads, cfg.n_ctx, cfg.query_width]
        if list(kv_cache.keys.shape) != wanted or kv_cache.values.shape[-1] != cfg.d_head:
            raise PuzzlescopeError(
                f"The key-value cache is {list(kv_cache.keys.shape)}, layers by rows by heads by positions"
                f" by width, and this run needs {wanted}: make it with KeyValueCache(model.cfg,"
                f" {len(tokens)})."
            )
    low, high = (int(tokens.min()), int(tokens.max())) if tokens.numel() else (0, 0)
    if low < 0 or high >= cfg.d_vocab:
        wrong = low if low < 0 else high
        raise PuzzlescopeError(f"A token is a number from 0 to {cfg.d_vocab - 1}, got {wrong}.")
    return tokens


def check_stream(cfg: Config, stream: Any) -> Float[Tensor, "batch pos d_model"]:
    """The residual stream that a run starts from.

    Raises:
        PuzzlescopeError: if it is not one of this model.
    """
    fits = (
        isinstance(stream, Tensor)
        and stream.is_floating_point()
        and stream.ndim == 3
        and 0 < stream.shape[1] <= cfg.n_ctx
        and stream.shape[2] == cfg.d_model
    )
    if not fits:
        got = list(stream.shape) if isinstance(stream, Tensor) else f"a {type(stream).__name__}"
        raise PuzzlescopeError(
            "A run with start_at_layer begins with a residual stream, floats"
            f" [batch, 1 to {cfg.n_ctx} positions, {cfg.d_model}], got {got}."
        )
    found: Tensor = stream
    return found


def check_backward(asked: Mapping[str, Any]) -> None:
    """Whether gradients can be had of a run with these arguments.

    Raises:
        PuzzlescopeError: if what it returns is no single number, or gradients are switched off.
    """
    number = asked.get("return_type") == "loss" and not asked.get("loss_per_token")
    if not number or asked.get("stop_at_layer") is not None:
        raise PuzzlescopeError(
            "incl_bwd goes back from one number: ask for return_type='loss', of all tokens and layers."
        )
    if not torch.is_grad_enabled():
        raise PuzzlescopeError(
            "incl_bwd needs gradients, and they are switched off here: leave torch.no_grad or"
            " torch.inference_mode."
        )
