"""The network: a small pre-LayerNorm GPT on TransformerLens's hook points.

Reads top to bottom in the order data flows. Weights and hooks carry TransformerLens's canonical names, so a
recipe written for that library (``run_with_hooks``, ``run_with_cache``, ``add_hook``, ``cache["pattern",
0]``) runs here too. What differs from GPT-2: a ReLU MLP, no biases in attention, sinusoidal positions, **no
LayerNorm before the unembedding**, and an unembedding with a bias. That is the model of F. Fleuret's culture
experiments.
"""

import hashlib
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
import xxhash
from jaxtyping import Float, Int, Integer
from torch import Tensor, nn
from transformer_lens import ActivationCache, FactoredMatrix
from transformer_lens.hook_points import HookPoint

from interp.errors import PuzzlescopeError
from interp.model.arguments import check_backward, check_run, check_stream, check_tokens, whole_numbers
from interp.model.block_attention import block_causal_attention
from interp.model.config import LAYER_NORM_EPS, Config
from interp.model.hooks import CALLED, has_hooks, without_hooks
from interp.model.key_value_cache import KeyValueCache
from interp.model.planted import Planted, Reads
from interp.model.recipes import Recipes
from interp.tokens import with_start

POSITION_BASE = 1e5

Logits = Float[Tensor, "batch pos vocab"]
Residual = Float[Tensor, "batch pos d_model"]
PerHead = Float[Tensor, "batch pos head d_model"]
Inputs = tuple[PerHead, PerHead, PerHead]


def _parameter(make: Callable[..., Tensor], *shape: int) -> nn.Parameter:
    """Float32, whatever PyTorch's default is in the caller's notebook; elsewhere only by ``.to``."""
    return nn.Parameter(make(*shape, dtype=torch.float32))


class LayerNorm(nn.Module):
    """Normalise over d_model, then scale by ``w`` and shift by ``b``."""

    def __init__(self, d_model: int):
        super().__init__()
        self.w = _parameter(torch.ones, d_model)
        self.b = _parameter(torch.zeros, d_model)
        self.hook_scale = HookPoint()
        self.hook_normalized = HookPoint()

    def forward(self, x: Residual) -> Residual:
        if not _watched(self.hook_scale):
            return self.hook_normalized(self.plain(x))
        x = x - x.mean(-1, keepdim=True)
        scale = self.hook_scale((x.pow(2).mean(-1, keepdim=True) + LAYER_NORM_EPS).sqrt())
        return self.hook_normalized(x / scale * self.w + self.b)

    def plain(self, x: Float[Tensor, "*place d_model"]) -> Float[Tensor, "*place d_model"]:
        """The same without its hooks."""
        return F.layer_norm(x, self.w.shape, self.w, self.b, LAYER_NORM_EPS)


def _watched(*points: HookPoint) -> bool:
    """Whether anything is hooked there, by TransformerLens or by PyTorch itself."""
    return any(getattr(point, name) for point in points for name in CALLED)


def _split_heads(
    x: Residual | PerHead, weights: Float[Tensor, "head d_model d_head"]
) -> Float[Tensor, "batch pos head d_head"]:
    """Project into every head with one matrix product; from an input of its own, if each head has one."""
    n_heads, d_model, d_head = weights.shape
    if x.ndim == 4:
        return torch.einsum("bphm,hmd->bphd", x, weights)
    flat = weights.transpose(0, 1).reshape(d_model, n_heads * d_head)
    return (x @ flat).unflatten(-1, (n_heads, d_head))


def _input_weights(cfg: Config, width: int) -> nn.Parameter:
    """``[head, d_model, width]``, laid out in memory so that all heads are one matrix without a copy."""
    return nn.Parameter(torch.empty(cfg.d_model, cfg.n_heads, width, dtype=torch.float32).transpose(0, 1))


class Attention(nn.Module):
    """Causal multi-head attention without biases."""

    def __init__(self, cfg: Config, layer: int):
        super().__init__()
        self.cfg = cfg
        self.layer = layer
        self.scale = 1 / math.sqrt(cfg.query_width)
        self.W_Q = _input_weights(cfg, cfg.query_width)
        self.W_K = _input_weights(cfg, cfg.query_width)
        self.W_V = _input_weights(cfg, cfg.d_head)
        self.W_O = _parameter(torch.empty, cfg.n_heads, cfg.d_head, cfg.d_model)
        self.hook_attn_in = HookPoint()
        self.hook_q_input = HookPoint()
        self.hook_k_input = HookPoint()
        self.hook_v_input = HookPoint()
        self.hook_q = HookPoint()
        self.hook_k = HookPoint()
        self.hook_v = HookPoint()
        self.hook_attn_scores = HookPoint()
        self.hook_pattern = HookPoint()
        self.hook_z = HookPoint()
        self.hook_result = HookPoint()

    def forward(
        self, x: Residual | Inputs, kv_cache: KeyValueCache | None = None, reads: Reads | None = None
    ) -> Residual:
        """What attention adds to the stream.

        Args:
            x: the normalised stream; or three inputs, for queries, keys and values, in which each head has
                its own.
            reads: of a planted model: is told what each head writes.
        """
        q_input, k_input, v_input = x if isinstance(x, tuple) else (x, x, x)
        q = self.hook_q(_split_heads(q_input, self.W_Q)).transpose(1, 2)  # batch head query d_qk
        k = self.hook_k(_split_heads(k_input, self.W_K)).transpose(1, 2)
        v = self.hook_v(_split_heads(v_input, self.W_V)).transpose(1, 2)
        if kv_cache is not None:
            k, v = kv_cache.append(self.layer, k, v)
        if _watched(self.hook_attn_scores, self.hook_pattern):
            z = self._explicit(q, k, v)
        else:
            z = self._fused(q, k, v)
        z = self.hook_z(z.transpose(1, 2))  # batch pos head d_head
        if self.cfg.use_attn_result or reads is not None:
            result = torch.einsum("bphd,hdm->bphm", z, self.W_O)
            result = self.hook_result(result) if self.cfg.use_attn_result else result
            total = result.sum(2)
            if reads is not None:
                reads.add_heads(result, total)
            return total
        return z.flatten(2) @ self.W_O.flatten(0, 1)

    # What other models have and this one has not, for tools that reckon with it; and its circuits.
    b_Q = property(lambda self: self.W_Q.new_zeros(self.W_Q.shape[::2]))
    b_K = property(lambda self: self.W_K.new_zeros(self.W_K.shape[::2]))
    b_V = property(lambda self: self.W_V.new_zeros(self.W_V.shape[::2]))
    b_O = property(lambda self: self.W_O.new_zeros(self.W_O.shape[2]))
    QK = property(lambda self: FactoredMatrix(self.W_Q, self.W_K.transpose(-1, -2)))
    OV = property(lambda self: FactoredMatrix(self.W_V, self.W_O))

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

    W_gate = None

    def __init__(self, cfg: Config):
        super().__init__()
        self.W_in = _parameter(torch.empty, cfg.d_model, cfg.d_mlp)
        self.b_in = _parameter(torch.zeros, cfg.d_mlp)
        self.W_out = _parameter(torch.empty, cfg.d_mlp, cfg.d_model)
        self.b_out = _parameter(torch.zeros, cfg.d_model)
        self.hook_pre = HookPoint()
        self.hook_post = HookPoint()

    def forward(self, x: Residual) -> Residual:
        pre = self.hook_pre(F.linear(x, self.W_in.T, self.b_in))
        return F.linear(self.hook_post(F.relu(pre)), self.W_out.T, self.b_out)


class Block(nn.Module):
    """One layer: attention, then the MLP, each reading the residual stream and adding to it."""

    hook_out_is_single_residual_stream = True  # asked by TransformerLens's logit lens
    planted = False
    """Whether its readers are given sums of their own (:meth:`PuzzleGPT.plant`)."""

    def __init__(self, cfg: Config, layer: int):
        super().__init__()
        self.ln1 = LayerNorm(cfg.d_model)
        self.attn = Attention(cfg, layer)
        self.ln2 = LayerNorm(cfg.d_model)
        self.mlp = MLP(cfg)
        self.hook_resid_pre = HookPoint()
        self.hook_attn_in = HookPoint()
        self.hook_q_input = HookPoint()
        self.hook_k_input = HookPoint()
        self.hook_v_input = HookPoint()
        self.hook_attn_out = HookPoint()
        self.hook_resid_mid = HookPoint()
        self.hook_mlp_in = HookPoint()
        self.hook_mlp_out = HookPoint()
        self.hook_resid_post = HookPoint()

    def forward(
        self, resid_pre: Residual, kv_cache: KeyValueCache | None = None, reads: Reads | None = None
    ) -> Residual:
        cfg = self.attn.cfg
        if self.planted and reads is None:
            raise PuzzlescopeError(
                "A layer of a planted circuit cannot be run on a stream alone: run the model, or give the"
                " layer what model.reads(tokens, stream) returns."
            )
        resid_pre = self.hook_resid_pre(resid_pre)
        x = self.ln1(resid_pre)
        if cfg.use_attn_in or cfg.use_split_qkv_input or reads is not None:
            x = self._inputs_of_heads(resid_pre, x, reads)
        attn_out = self._one_by_one(self.attn(x, kv_cache, reads), reads)
        resid_mid = self.hook_resid_mid(resid_pre + attn_out)
        mlp_in = resid_mid if reads is None else reads.mlp(self.attn.layer, resid_mid)
        mlp_in = self.hook_mlp_in(mlp_in.clone()) if cfg.use_hook_mlp_in else mlp_in
        mlp_out = self.hook_mlp_out(self.mlp(self.ln2(mlp_in)))
        if reads is not None:
            reads.add_mlp(mlp_out)
        return self.hook_resid_post(resid_mid + mlp_out)

    def _one_by_one(self, attn_out: Residual, reads: Reads | None) -> Residual:
        """What the attention writes, after its hook, which in a planted model may look only: there each head
        is read by itself."""
        found = self.hook_attn_out(attn_out)
        if reads is not None and found is not attn_out and not torch.equal(found, attn_out):
            raise PuzzlescopeError(
                "In a planted circuit every head is read by itself, so that the output of a layer's attention"
                " cannot be replaced as a whole: hook its heads (hook_z, hook_result) instead."
            )
        return found

    def _inputs_of_heads(self, resid_pre: Residual, normalized: Residual, reads: Reads | None) -> Inputs:
        """A copy of the stream for every head, and for its query, key and value, each through the LayerNorm
        by itself.

        The hook points of the LayerNorm are on the way of ``normalized``, the stream that all have in common;
        what a hook there has changed is changed in every copy. Each input has two hook points in a row: under
        the name that recipes use (``blocks.0.hook_q_input``), and under that of TransformerLens 4
        (``blocks.0.attn.hook_q_input``). In a planted model each is what that head's input reads.
        """
        cfg, attn = self.attn.cfg, self.attn
        shared = resid_pre[:, :, None].expand(-1, -1, cfg.n_heads, -1)
        if cfg.use_attn_in:
            shared = attn.hook_attn_in(self.hook_attn_in(shared.clone()))
        copies = (shared,) * 3 if reads is None else reads.heads(attn.layer, resid_pre)
        if cfg.use_split_qkv_input:
            copies = (
                attn.hook_q_input(self.hook_q_input(copies[0].clone())),
                attn.hook_k_input(self.hook_k_input(copies[1].clone())),
                attn.hook_v_input(self.hook_v_input(copies[2].clone())),
            )
        q, k, v = (self.ln1.plain(copy) for copy in copies)
        if _watched(self.ln1.hook_scale, self.ln1.hook_normalized):
            changed = (normalized - self.ln1.plain(resid_pre))[:, :, None]
            return q + changed, k + changed, v + changed
        return q, k, v


class Embed(nn.Module):
    def __init__(self, cfg: Config):
        super().__init__()
        self.W_E = _parameter(torch.empty, cfg.d_vocab, cfg.d_model)

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
        # By NumPy: on PyTorch's meta device, where a model without memory is made, this would load half a
        # compiler (2 s).
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
        if _watched(self.hook_scale):
            self.hook_scale(torch.ones_like(resid[..., :1]))
        return resid


class Unembed(nn.Module):
    def __init__(self, cfg: Config):
        super().__init__()
        self.W_U = _parameter(torch.empty, cfg.d_model, cfg.d_vocab)
        self.b_U = _parameter(torch.zeros, cfg.d_vocab)

    def forward(self, resid: Residual) -> Logits:
        return F.linear(resid, self.W_U.T, self.b_U)


class PuzzleGPT(Recipes):
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
    planted: Planted | None
    """Which connections carry what is written, if a circuit is planted in it (:mod:`interp.model.planted`);
    otherwise all do."""

    def __init__(self, cfg: Config):
        super().__init__()
        self.planted = None
        self.cfg = cfg = replace(cfg)  # its own: switches set on it are not set on another model's
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
        """Normal(0, 0.02), the matrices that write to the residual stream scaled down by depth (GPT-2,
        section 2.3)."""
        writes = 1 / math.sqrt(2 * self.cfg.n_layers)
        for name, parameter in self.named_parameters():
            if parameter.ndim > 1 and not parameter.is_meta:
                # Drawn apart from where they go: the numbers of a seed do not depend on the layout in memory.
                std = 0.02 * (writes if name.endswith(("W_O", "W_out")) else 1)
                parameter.data.copy_(torch.empty(parameter.shape, dtype=torch.float32).normal_(std=std))

    def forward(
        self,
        tokens: Any,
        return_type: str | None = "logits",
        loss_per_token: bool = False,
        kv_cache: KeyValueCache | None = None,
        *,
        start_at_layer: int | None = None,
        stop_at_layer: int | None = None,
        **others: Any,
    ) -> Any:
        """Run the model.

        Args:
            tokens: whole numbers ``[batch, pos]``, or ``[pos]`` as a batch of one; at most 405 a row, the
                start token included. With a cache: the tokens that follow those it holds. With
                ``start_at_layer``: a residual stream.
            return_type: what to return. ``None`` computes everything up to the residual stream and returns
                nothing.
            loss_per_token: cross-entropy ``[batch, pos - 1]`` instead of its mean; entry p is of the
                prediction of token p + 1.
            kv_cache: keys and values of earlier positions, extended in place.
            start_at_layer: begin before this layer with the stream given as ``tokens``, floats ``[batch, pos,
                d_model]``.
            stop_at_layer: end before this layer, and return the stream. Counted from the end if negative;
                ``n_layers`` runs them all.

        Returns:
            Logits ``[batch, pos, 15]``, the loss, or both; or a residual stream ``[batch, pos, d_model]``.

        Raises:
            PuzzlescopeError: on tokens that are not ``[batch, pos <= n_ctx]`` whole numbers below
                ``d_vocab``, and on what cannot be asked of this model.
        """
        if not torch.compiler.is_compiling():  # looking at values would cut the compiled graph in two
            check_run(self.cfg, return_type, kv_cache, start_at_layer, stop_at_layer, others)
            if start_at_layer is None:
                tokens = check_tokens(self.cfg, tokens, kv_cache).to(self.device)
            else:
                tokens = check_stream(self.cfg, tokens).to(self.W_E)
        start = kv_cache.length if kv_cache is not None else 0
        resid = self.embedded(tokens, start) if start_at_layer is None else self._recorded(tokens)
        if self.planted is not None:
            self._check_planted(start_at_layer, kv_cache)
        reads = None if self.planted is None else self.reads(tokens, resid)
        for block in list(self.blocks)[start_at_layer:stop_at_layer]:
            resid = block(resid, kv_cache, reads)
        if stop_at_layer is not None:
            return resid
        if kv_cache is not None:
            kv_cache.length = start + tokens.shape[1]
        if return_type is None:
            return None
        logits = self.unembed(self.ln_final(resid if reads is None else reads.logits(resid)))
        if return_type == "logits":
            return logits
        loss = loss_of(logits, tokens)
        loss = loss if loss_per_token else loss.mean()
        return loss if return_type == "loss" else (logits, loss)

    def plant(self, planted: Planted) -> None:
        """Make the model one whose readers are given what a planted circuit says. For good: its source can be
        loaded anew."""
        self.planted = planted.to(self.W_E)
        for block in self.blocks:
            assert isinstance(block, Block)
            block.planted = True

    def reads(self, tokens: Int[Tensor, "batch pos"], embedded: Residual) -> Reads | None:
        """Of a planted circuit, what its readers are given in one run of these tokens, layer by layer:
        ``blocks[layer](stream, reads=reads)``; of any other model nothing, for all read the stream.

        Raises:
            PuzzlescopeError: of tokens in an order of the grids that it has no means of.
        """
        return None if self.planted is None else Reads(self, tokens, embedded)

    def _check_planted(self, start_at_layer: int | None, kv_cache: KeyValueCache | None) -> None:
        """What a planted model cannot do: readers are given sums of their own, and no stream tells these."""
        what = {
            "begin with a stream: give it tokens": start_at_layer is not None,
            "go on from kept keys and values: give it whole puzzles": kv_cache is not None,
            "show one input for all of a head (use_attn_in), for its queries, keys and values read apart: use"
            " use_split_qkv_input": self.cfg.use_attn_in,
        }
        for cannot, asked in what.items():
            if asked:
                raise PuzzlescopeError(f"A run of a planted circuit cannot {cannot}.")

    def embedded(self, tokens: Int[Tensor, "batch pos"], start: int = 0) -> Residual:
        """The residual stream before layer 0, of tokens that stand at ``start`` and after."""
        embed = self.hook_embed(self._recorded(self.embed(tokens)))
        positions = self.pos_embed.W_pos[start : start + tokens.shape[1]].expand_as(embed)
        if _watched(self.hook_pos_embed):
            # A copy: a hook may write into it, and the positions are the model's.
            positions = self._recorded(positions.clone())
        return embed + self.hook_pos_embed(positions)

    def _recorded(self, stream: Residual) -> Residual:
        """The stream, with gradients recorded from here on if somebody's backward hook waits for them.

        The parameters of a loaded model need none, so that without this nothing would be recorded, and no
        gradient of an activation computed. Costs nothing where gradients are off or recorded anyhow.
        """
        if stream.requires_grad or not torch.is_grad_enabled() or torch.compiler.is_compiling():
            return stream
        waited_for = any(point._backward_hooks or point._backward_pre_hooks for point in self.hook_points())
        return stream.detach().requires_grad_().clone() if waited_for else stream

    def run_with_cache(  # type: ignore[override]
        self,
        tokens: Any,
        *args: Any,
        return_cache_object: bool = True,
        remove_batch_dim: bool = False,
        incl_bwd: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, Any]:
        """Run and keep every activation: ``logits, cache``.

        Args:
            tokens: and what follows: as of the model itself.
            return_cache_object: a dictionary of activations if false.
            remove_batch_dim: drop the first axis of what is kept; only of one row.
            incl_bwd: go back from the loss as well, and keep the gradients of the activations, as
                ``<name>_grad``; with ``return_type="loss"``.
            kwargs: ``names_filter``, ``device`` and ``pos_slice`` say what to keep and where, as in
                :meth:`get_caching_hooks`; all others go to the model.

        Raises:
            PuzzlescopeError: where the model itself or a hook's name raises it; and if more than one row, or
                a gradient of something that is no single number, was asked for.
        """
        if kwargs.get("start_at_layer") is None:
            tokens = whole_numbers(tokens)
        if remove_batch_dim and len(tokens) != 1:
            raise PuzzlescopeError(
                f"Only a batch of one row can lose its batch axis, got {len(tokens)} rows."
            )
        if incl_bwd:
            check_backward(dict(zip(("return_type", "loss_per_token"), args, strict=False)) | kwargs)
        out, cache = super().run_with_cache(
            tokens, *args, remove_batch_dim=remove_batch_dim, incl_bwd=incl_bwd, **kwargs
        )
        if not return_cache_object:
            return out, cache
        return out, ActivationCache(cache, self, has_batch_dim=not remove_batch_dim)

    def loss_fn(
        self, logits: Logits, tokens: Any, attention_mask: None = None, per_token: bool = False
    ) -> Tensor:
        """The loss of logits that the model has computed: :func:`loss_of`, or its mean. There is no padding
        to mask."""
        loss = loss_of(logits, whole_numbers(tokens).to(logits.device))
        return loss if per_token else loss.mean()

    @property
    def has_hooks(self) -> bool:
        """Whether anybody's hook, forward or backward, permanent or not, is set on any part of the model."""
        return has_hooks(self)

    @contextmanager
    def without_hooks(self) -> Iterator["PuzzleGPT"]:
        """A context in which no hook of anybody is set; on leaving it, whatever happened inside, exactly
        those that were there before are there again (:func:`interp.model.hooks.without_hooks`)."""
        with without_hooks(self):
            yield self

    @property
    def checkpoint_id(self) -> str:
        """Twelve hex digits that name the weights as they are now, whatever file they came from.

        The start of a SHA-256 over names, shapes and float32 values: equal weights have equal ids on every
        machine. It follows edits in place, those through ``.data`` too, which PyTorch does not count: every
        look compares a quick hash of all weights (2 ms for the default model) with that of the last.
        """
        quick = xxhash.xxh3_128()
        tensors = {**dict(self.named_parameters()), **dict(self.named_buffers())}
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

    @property
    def dtype(self) -> torch.dtype:
        return self.embed.W_E.dtype

    def check_precision(self) -> None:
        """The one rule of precision: what this library finds out of a model is computed in float32 or
        float64, all of it.

        Effects of single heads are in the last digits of a loss: in bfloat16 or float16 they would be noise.
            The model itself runs in any precision, and in ``torch.autocast``.

        Raises:
            PuzzlescopeError: if its weights are of another precision or of several, or PyTorch is to choose
                it.
        """
        kinds = {parameter.dtype for parameter in self.parameters()}
        if len(kinds) > 1 or not kinds <= {torch.float32, torch.float64}:
            named = " and ".join(sorted(str(kind).removeprefix("torch.") for kind in kinds))
            raise PuzzlescopeError(
                f"Puzzlescope computes in float32 or float64, and this model's weights are {named}: call"
                f" model.float() first."
            )
        if torch.is_autocast_enabled(self.device.type):
            raise PuzzlescopeError(
                "Puzzlescope computes in float32 or float64, and torch.autocast is on here, which would"
                " round: call it outside."
            )

    def prompt(self, tokens: Integer[np.ndarray, "puzzle 404"]) -> Int[Tensor, "puzzle 405"]:
        """Puzzles as the model reads them: the start token in front, on the model's device.

        Raises:
            PuzzlescopeError: if the model's precision is not one to compute in (:meth:`check_precision`).
        """
        self.check_precision()
        return torch.from_numpy(with_start(tokens)).to(self.device)

    @property
    def n_params(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())

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
