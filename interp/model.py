"""The network: a small pre-LayerNorm GPT on TransformerLens's hook points.

Reads top to bottom in the order data flows. Weights and hooks carry TransformerLens's canonical names, so a recipe
written for that library (``run_with_hooks``, ``run_with_cache``, ``add_hook``, ``cache["pattern", 0]``) runs here too.
What differs from GPT-2: a ReLU MLP, no biases in attention, sinusoidal positions, **no LayerNorm before the
unembedding**, and an unembedding with a bias. That is the model of F. Fleuret's culture experiments.
"""

import hashlib
import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
import xxhash
from jaxtyping import Float, Int, Integer
from torch import Tensor, nn
from transformer_lens import ActivationCache, HookedRootModule
from transformer_lens.hook_points import HookPoint

from interp.block_attention import block_causal_attention
from interp.errors import PuzzlescopeError
from interp.hooks import has_hooks, without_hooks
from interp.tokens import D_VOCAB, N_CTX, with_start

POSITION_BASE = 1e5
LAYER_NORM_EPS = 1e-5

Logits = Float[Tensor, "batch pos vocab"]
Residual = Float[Tensor, "batch pos d_model"]
Loss = Float[Tensor, ""] | Float[Tensor, "batch pos"]


@dataclass(frozen=True)
class Config:
    """Sizes of a model. The defaults are those of the published 37M-parameter models.

    ``d_head`` is the width of a head's values; queries and keys may have another width ``d_qk`` (0: the same).
    """

    n_layers: int = 12
    n_heads: int = 8
    d_model: int = 512
    d_head: int = 64
    d_mlp: int = 2048
    d_qk: int = 0
    n_ctx: int = N_CTX
    d_vocab: int = D_VOCAB

    # Constants of the architecture, under the names that TransformerLens's tools look for.
    act_fn = "relu"
    normalization_type = "LN"
    positional_embedding_type = "standard"
    attn_only = False
    final_rms = True  # ActivationCache then does not centre the final stream, which has no LayerNorm
    device = None

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if isinstance(value, bool) or not isinstance(value, int) or value < (0 if name == "d_qk" else 1):
                raise PuzzlescopeError(f"Model size {name} must be a positive whole number, got {value!r}.")

    @property
    def query_width(self) -> int:
        return self.d_qk or self.d_head

    @property
    def d_vocab_out(self) -> int:
        return self.d_vocab


class KeyValueCache:
    """Keys and values of every layer for the positions seen so far, so that decoding feeds one token at a time."""

    def __init__(
        self, cfg: Config, batch: int, device: torch.device | None = None, dtype: torch.dtype = torch.float32
    ):
        shape = (cfg.n_layers, batch, cfg.n_heads, cfg.n_ctx)
        self.keys = torch.empty(*shape, cfg.query_width, device=device, dtype=dtype)
        self.values = torch.empty(*shape, cfg.d_head, device=device, dtype=dtype)
        self.length = 0

    def append(
        self, layer: int, k: Float[Tensor, "batch head pos d_qk"], v: Float[Tensor, "batch head pos d_head"]
    ) -> tuple[Float[Tensor, "batch head key d_qk"], Float[Tensor, "batch head key d_head"]]:
        """Store new positions of one layer after the ``length`` known ones; return all of that layer's."""
        end = self.length + k.shape[2]
        self.keys[layer, :, :, self.length : end] = k
        self.values[layer, :, :, self.length : end] = v
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]

    def truncate(self, length: int) -> None:
        """Forget every position from ``length`` on."""
        assert 0 <= length <= self.length
        self.length = length

    def select(self, rows: Int[Tensor, " row"]) -> "KeyValueCache":
        """A cache that holds only these rows of the batch (a copy)."""
        chosen = object.__new__(KeyValueCache)
        chosen.keys, chosen.values, chosen.length = self.keys[:, rows], self.values[:, rows], self.length
        return chosen


class LayerNorm(nn.Module):
    """Normalise over d_model, then scale by ``w`` and shift by ``b``."""

    def __init__(self, d_model: int):
        super().__init__()
        self.w = nn.Parameter(torch.ones(d_model))
        self.b = nn.Parameter(torch.zeros(d_model))
        self.hook_scale = HookPoint()
        self.hook_normalized = HookPoint()

    def forward(self, x: Residual) -> Residual:
        if not self.hook_scale.has_hooks():
            return self.hook_normalized(F.layer_norm(x, self.w.shape, self.w, self.b, LAYER_NORM_EPS))
        x = x - x.mean(-1, keepdim=True)
        scale = self.hook_scale((x.pow(2).mean(-1, keepdim=True) + LAYER_NORM_EPS).sqrt())
        return self.hook_normalized(x / scale * self.w + self.b)


def _split_heads(
    x: Residual, weights: Float[Tensor, "head d_model d_head"]
) -> Float[Tensor, "batch pos head d_head"]:
    """Project into every head with one matrix product."""
    n_heads, d_model, d_head = weights.shape
    flat = weights.transpose(0, 1).reshape(d_model, n_heads * d_head)
    return (x @ flat).unflatten(-1, (n_heads, d_head))


def _input_weights(cfg: Config, width: int) -> nn.Parameter:
    """``[head, d_model, width]``, laid out in memory so that all heads are one matrix without a copy."""
    return nn.Parameter(torch.empty(cfg.d_model, cfg.n_heads, width).transpose(0, 1))


class Attention(nn.Module):
    """Causal multi-head attention without biases."""

    def __init__(self, cfg: Config, layer: int):
        super().__init__()
        self.layer = layer
        self.scale = 1 / math.sqrt(cfg.query_width)
        self.W_Q = _input_weights(cfg, cfg.query_width)
        self.W_K = _input_weights(cfg, cfg.query_width)
        self.W_V = _input_weights(cfg, cfg.d_head)
        self.W_O = nn.Parameter(torch.empty(cfg.n_heads, cfg.d_head, cfg.d_model))
        self.hook_q = HookPoint()
        self.hook_k = HookPoint()
        self.hook_v = HookPoint()
        self.hook_attn_scores = HookPoint()
        self.hook_pattern = HookPoint()
        self.hook_z = HookPoint()

    def forward(self, x: Residual, kv_cache: KeyValueCache | None = None) -> Residual:
        q = self.hook_q(_split_heads(x, self.W_Q)).transpose(1, 2)  # batch head query d_qk
        k = self.hook_k(_split_heads(x, self.W_K)).transpose(1, 2)
        v = self.hook_v(_split_heads(x, self.W_V)).transpose(1, 2)
        if kv_cache is not None:
            k, v = kv_cache.append(self.layer, k, v)
        if self.hook_attn_scores.has_hooks() or self.hook_pattern.has_hooks():
            z = self._explicit(q, k, v)
        else:
            z = self._fused(q, k, v)
        z = self.hook_z(z.transpose(1, 2))  # batch pos head d_head
        return z.flatten(2) @ self.W_O.flatten(0, 1)

    def _explicit(self, q: Tensor, k: Tensor, v: Tensor) -> Float[Tensor, "batch head query d_head"]:
        """With the pattern spelled out: only where somebody looks at it or replaces it."""
        scores = (q * self.scale) @ k.transpose(-1, -2)
        scores = self.hook_attn_scores(scores.masked_fill(~_causal(q, k), -torch.inf))
        return self.hook_pattern(scores.softmax(-1)) @ v

    def _fused(self, q: Tensor, k: Tensor, v: Tensor) -> Float[Tensor, "batch head query d_head"]:
        n_query, n_key = q.shape[2], k.shape[2]
        if q.requires_grad and q.device.type == "cpu" and n_query == n_key:
            return block_causal_attention(q, k, v, self.scale)
        if n_query in (1, n_key):
            return F.scaled_dot_product_attention(q, k, v, is_causal=n_query > 1, scale=self.scale)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=_causal(q, k), scale=self.scale)


def _causal(q: Tensor, k: Tensor) -> Tensor:
    """Which keys each query may see, ``[query, key]``; the queries are the last of the key positions."""
    n_query, n_key = q.shape[2], k.shape[2]
    return torch.ones(n_query, n_key, dtype=torch.bool, device=q.device).tril(n_key - n_query)


class MLP(nn.Module):
    """Two layers with a ReLU between."""

    def __init__(self, cfg: Config):
        super().__init__()
        self.W_in = nn.Parameter(torch.empty(cfg.d_model, cfg.d_mlp))
        self.b_in = nn.Parameter(torch.zeros(cfg.d_mlp))
        self.W_out = nn.Parameter(torch.empty(cfg.d_mlp, cfg.d_model))
        self.b_out = nn.Parameter(torch.zeros(cfg.d_model))
        self.hook_pre = HookPoint()
        self.hook_post = HookPoint()

    def forward(self, x: Residual) -> Residual:
        pre = self.hook_pre(F.linear(x, self.W_in.T, self.b_in))
        return F.linear(self.hook_post(F.relu(pre)), self.W_out.T, self.b_out)


class Block(nn.Module):
    """One layer: attention, then the MLP, each reading the residual stream and adding to it."""

    hook_out_is_single_residual_stream = True  # asked by TransformerLens's logit lens

    def __init__(self, cfg: Config, layer: int):
        super().__init__()
        self.ln1 = LayerNorm(cfg.d_model)
        self.attn = Attention(cfg, layer)
        self.ln2 = LayerNorm(cfg.d_model)
        self.mlp = MLP(cfg)
        self.hook_resid_pre = HookPoint()
        self.hook_attn_out = HookPoint()
        self.hook_resid_mid = HookPoint()
        self.hook_mlp_out = HookPoint()
        self.hook_resid_post = HookPoint()

    def forward(self, resid_pre: Residual, kv_cache: KeyValueCache | None = None) -> Residual:
        resid_pre = self.hook_resid_pre(resid_pre)
        attn_out = self.hook_attn_out(self.attn(self.ln1(resid_pre), kv_cache))
        resid_mid = self.hook_resid_mid(resid_pre + attn_out)
        mlp_out = self.hook_mlp_out(self.mlp(self.ln2(resid_mid)))
        return self.hook_resid_post(resid_mid + mlp_out)


class Embed(nn.Module):
    def __init__(self, cfg: Config):
        super().__init__()
        self.W_E = nn.Parameter(torch.empty(cfg.d_vocab, cfg.d_model))

    def forward(self, tokens: Int[Tensor, "batch pos"]) -> Residual:
        return F.embedding(tokens, self.W_E)


class PosEmbed(nn.Module):
    """Fixed sinusoids: even index sine, odd index cosine, of the position over base^(2i / d_model)."""

    W_pos: Tensor

    def __init__(self, cfg: Config):
        super().__init__()
        # Computed, so not part of a checkpoint.
        self.register_buffer("W_pos", self.table(cfg).to(torch.get_default_device()), persistent=False)

    @staticmethod
    def table(cfg: Config) -> Float[Tensor, "pos d_model"]:
        """The sinusoids, float32, on the CPU."""
        # By NumPy: on PyTorch's meta device, where a model without memory is made, this would load half a compiler (2 s).
        index = np.arange(cfg.d_model, dtype=np.float64)
        odd = index % 2
        frequency = POSITION_BASE ** (-(index - odd) / cfg.d_model)
        # In float64 because sin(400) in float32 has lost four digits.
        angle = np.arange(cfg.n_ctx, dtype=np.float64)[:, None] * frequency + odd * math.pi / 2
        return torch.from_numpy(np.sin(angle).astype(np.float32))


class NoNorm(nn.Module):
    """Nothing, where TransformerLens's tools look for a final LayerNorm: its scale is 1."""

    def __init__(self) -> None:
        super().__init__()
        self.hook_scale = HookPoint()

    def forward(self, resid: Residual) -> Residual:
        if self.hook_scale.has_hooks():
            self.hook_scale(torch.ones_like(resid[..., :1]))
        return resid


class Unembed(nn.Module):
    def __init__(self, cfg: Config):
        super().__init__()
        self.W_U = nn.Parameter(torch.empty(cfg.d_model, cfg.d_vocab))
        self.b_U = nn.Parameter(torch.zeros(cfg.d_vocab))

    def forward(self, resid: Residual) -> Logits:
        return F.linear(resid, self.W_U.T, self.b_U)


class PuzzleGPT(HookedRootModule):
    """The whole model.

    Args:
        cfg: its sizes.

    Example:
        >>> model = PuzzleGPT(Config(n_layers=2, n_heads=4, d_model=32, d_head=8, d_mlp=64))
        >>> logits, cache = model.run_with_cache(torch.zeros(1, 405, dtype=torch.long))
        >>> logits.shape, cache["pattern", 1].shape
        (torch.Size([1, 405, 15]), torch.Size([1, 4, 405, 405]))
    """

    source: str = ""
    """The name that the model was loaded by; empty for a model that was not."""

    def __init__(self, cfg: Config):
        super().__init__()
        self.cfg = cfg
        self._identity = (b"", "")  # a quick hash of the weights, and their id
        self.embed = Embed(cfg)
        self.hook_embed = HookPoint()
        self.pos_embed = PosEmbed(cfg)
        self.hook_pos_embed = HookPoint()
        self.blocks = nn.ModuleList(Block(cfg, layer) for layer in range(cfg.n_layers))
        self.ln_final = NoNorm()
        self.unembed = Unembed(cfg)
        self._init_weights()
        self.setup()

    def _init_weights(self) -> None:
        """Normal(0, 0.02), the matrices that write to the residual stream scaled down by depth (GPT-2, section 2.3)."""
        writes = 1 / math.sqrt(2 * self.cfg.n_layers)
        for name, parameter in self.named_parameters():
            if parameter.ndim > 1 and not parameter.is_meta:
                # Drawn apart from where they go: the numbers of a seed do not depend on the layout in memory.
                std = 0.02 * (writes if name.endswith(("W_O", "W_out")) else 1)
                parameter.data.copy_(torch.empty(parameter.shape).normal_(std=std))

    def forward(
        self,
        tokens: Int[Tensor, "batch pos"],
        return_type: Literal["logits", "loss", "both"] | None = "logits",
        loss_per_token: bool = False,
        kv_cache: KeyValueCache | None = None,
    ) -> Any:
        """Run the model.

        Args:
            tokens: at most 405 a row, the start token included. With a cache: the tokens that follow those it holds.
            return_type: what to return. ``None`` computes everything up to the residual stream and returns nothing.
            loss_per_token: cross-entropy ``[batch, pos - 1]`` instead of its mean; entry p is of the prediction of token p + 1.
            kv_cache: keys and values of earlier positions, extended in place.

        Returns:
            Logits ``[batch, pos, 15]``, the loss, or both.

        Raises:
            PuzzlescopeError: on tokens that are not ``[batch, pos <= n_ctx]`` whole numbers below ``d_vocab``.
        """
        start = kv_cache.length if kv_cache is not None else 0
        if not torch.compiler.is_compiling():  # looking at values would cut the compiled graph in two
            self._check(tokens, start)
        resid = self.embedded(tokens, start)
        for block in self.blocks:
            resid = block(resid, kv_cache)
        if kv_cache is not None:
            kv_cache.length = start + tokens.shape[1]
        if return_type is None:
            return None
        logits = self.unembed(self.ln_final(resid))
        if return_type == "logits":
            return logits
        loss = loss_of(logits, tokens)
        loss = loss if loss_per_token else loss.mean()
        return loss if return_type == "loss" else (logits, loss)

    def embedded(self, tokens: Int[Tensor, "batch pos"], start: int = 0) -> Residual:
        """The residual stream before layer 0, of tokens that stand at ``start`` and after."""
        embed = self.hook_embed(self.embed(tokens))
        positions = self.pos_embed.W_pos[start : start + tokens.shape[1]].expand_as(embed)
        return embed + self.hook_pos_embed(positions)

    def _check(self, tokens: Tensor, start: int) -> None:
        shape = tuple(tokens.shape)
        if (
            tokens.ndim != 2
            or not 0 < tokens.shape[1] <= self.cfg.n_ctx - start
            or tokens.dtype not in (torch.int32, torch.int64)
        ):
            room = f" ({start} are in the cache)" if start else ""
            raise PuzzlescopeError(
                f"Tokens must be whole numbers [batch, 1 to {self.cfg.n_ctx - start} positions]{room},"
                f" got {str(tokens.dtype).removeprefix('torch.')} {list(shape)}."
            )
        low, high = (int(tokens.min()), int(tokens.max())) if tokens.numel() else (0, 0)
        if low < 0 or high >= self.cfg.d_vocab:
            wrong = low if low < 0 else high
            raise PuzzlescopeError(f"A token is a number from 0 to {self.cfg.d_vocab - 1}, got {wrong}.")

    def run_with_cache(self, *args: Any, return_cache_object: bool = True, **kwargs: Any) -> tuple[Any, Any]:
        """Run and keep every activation (or those that ``names_filter`` names): ``logits, cache``."""
        out, cache = super().run_with_cache(*args, **kwargs)
        if not return_cache_object:
            return out, cache
        has_batch_dim = not kwargs.get("remove_batch_dim", False)
        return out, ActivationCache(cache, self, has_batch_dim=has_batch_dim)

    @property
    def has_hooks(self) -> bool:
        """Whether anybody's hook, forward or backward, permanent or not, is set on any part of the model."""
        return has_hooks(self)

    @contextmanager
    def without_hooks(self) -> Iterator["PuzzleGPT"]:
        """A context in which no hook of anybody is set; on leaving it, whatever happened inside, exactly those that were
        there before are there again (:func:`interp.hooks.without_hooks`)."""
        with without_hooks(self):
            yield self

    def clean(self) -> AbstractContextManager["PuzzleGPT"]:
        """The same under its earlier name."""
        return self.without_hooks()

    @property
    def checkpoint_id(self) -> str:
        """Twelve hex digits that name the weights as they are now, whatever file they came from.

        The start of a SHA-256 over names, shapes and float32 values: equal weights have equal ids on every machine. It
        follows edits in place, those through ``.data`` too, which PyTorch does not count: every look compares a quick hash
        of all weights (2 ms for the default model) with that of the last.
        """
        quick = xxhash.xxh3_128()
        tensors = {**dict(self.named_parameters()), "W_pos": self.pos_embed.W_pos}
        for name, tensor in tensors.items():
            quick.update(f"{name}{tensor.dtype}{list(tensor.shape)}{tensor.stride()}".encode())
            quick.update(_bytes_of(tensor).data)
        if self._identity[0] != quick.digest():
            self._identity = quick.digest(), self._digest()
        return self._identity[1]

    def _digest(self) -> str:
        digest = hashlib.sha256()
        weights = self.state_dict()
        if not torch.equal(
            self.W_pos.float().cpu(), PosEmbed.table(self.cfg)
        ):  # somebody's own positions count too
            weights["pos_embed.W_pos"] = self.W_pos
        for name, weight in sorted(weights.items()):
            digest.update(f"{name}{list(weight.shape)}".encode())
            digest.update(weight.detach().float().cpu().contiguous().numpy())
        return digest.hexdigest()[:12]

    @property
    def device(self) -> torch.device:
        return self.embed.W_E.device

    def prompt(self, tokens: Integer[np.ndarray, "puzzle 404"]) -> Int[Tensor, "puzzle 405"]:
        """Puzzles as the model reads them: the start token in front, on the model's device."""
        return torch.from_numpy(with_start(tokens)).to(self.device)

    @property
    def n_params(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())

    def tokens_to_residual_directions(
        self, tokens: Int[Tensor, "*batch"] | int
    ) -> Float[Tensor, "*batch d_model"]:
        """The direction that raises a token's logit (asked by ActivationCache.logit_attrs)."""
        return self.W_U.T[tokens]

    def accumulated_bias(
        self, layer: int, mlp_input: bool = False, include_mlp_biases: bool = True
    ) -> Float[Tensor, " d_model"]:
        """The sum of the biases written to the stream below a layer: the MLPs', for attention has none."""
        return self.b_out[:layer].sum(0) if include_mlp_biases else torch.zeros_like(self.b_out[0])

    def _stack(self, part: str, name: str) -> Tensor:
        return torch.stack([getattr(getattr(block, part), name) for block in self.blocks])

    W_E = property(lambda self: self.embed.W_E)
    W_pos = property(lambda self: self.pos_embed.W_pos)
    W_Q = property(lambda self: self._stack("attn", "W_Q"))
    W_K = property(lambda self: self._stack("attn", "W_K"))
    W_V = property(lambda self: self._stack("attn", "W_V"))
    W_O = property(lambda self: self._stack("attn", "W_O"))
    W_in = property(lambda self: self._stack("mlp", "W_in"))
    b_in = property(lambda self: self._stack("mlp", "b_in"))
    W_out = property(lambda self: self._stack("mlp", "W_out"))
    b_out = property(lambda self: self._stack("mlp", "b_out"))
    W_U = property(lambda self: self.unembed.W_U)
    b_U = property(lambda self: self.unembed.b_U)


def _bytes_of(tensor: Tensor) -> np.ndarray:
    """The memory of a tensor, byte by byte."""
    flat = tensor.detach().cpu()
    # Axes in the order in which they lie, so that a transposed weight is not copied.
    strides = flat.stride()
    order = sorted(range(flat.ndim), key=lambda axis: -strides[axis])
    return flat.permute(order).contiguous().reshape(-1).view(torch.uint8).numpy()


def loss_of(logits: Logits, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch predicted"]:
    """Cross-entropy in nats of each prediction; entry p is of the prediction of token p + 1."""
    return F.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none")
