"""The fast forward pass: many rows at once, each with an ablation of its own, and nothing computed that
nobody reads.

The model's own forward pass (:class:`interp.model.PuzzleGPT`) stops at every hook point, so that anything can
be looked at or replaced there; an ablation is then a hook (:func:`interp.ablation.hooks_of`), the same for
every row. Here an ablation is a few numbers a row, called gates, and the same sums are done without stopping:

* zero, mean and all that puts another output in place: ``out * keep + value * fill``, with ``keep`` and
  ``fill`` 0 or 1 for each row (and head), and a ``fill`` for each method that has values;
* a mean pattern moves a head's own values: ``z = pattern @ v``, for the rows and heads that have it;
* lookback: the pattern "exactly N back" moves values, so ``z[p] = v[max(p - N, 0)]`` and no pattern is ever
  made;
* a layer's attention or MLP that is off in every row is not computed;
* of the last layer only the positions whose logits are asked for.

Results agree with the hooks to float rounding (tests hold them together). Hooks that a user has set on the
model are not run here: whoever calls this sees to them (:mod:`interp.model.hooks`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Protocol, runtime_checkable

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from interp.ablation import Ablation, Method, ReferenceMeans, RowMeans, Term, check_ablation, means_for
from interp.ablation.rows import RowOutputs, RowPatterns
from interp.engine.products import Matrix
from interp.errors import PuzzlescopeError
from interp.model import LAYER_NORM_EPS, Block, Config, KeyValueCache, LayerNorm, PuzzleGPT
from interp.model.hooks import check_not_planted

OWN = -1
"""Instead of a lookback: the head's own pattern."""

Residual = Float[Tensor, "row pos d_model"]


@dataclass(frozen=True, eq=False)
class Gate:
    """Keep an output, or put a method's value in its place, or nothing: ``out * keep + value * fill``.

    Attributes:
        keep: factor of the output, 1 where it stays and 0 where it goes; a number a row, or a row and head.
        fills: factor of the value in its place, of each method that has values in some row.
    """

    keep: Float[Tensor, "*row"]
    fills: Mapping[Method, Float[Tensor, "*row"]] = field(default_factory=dict)

    @property
    def shut(self) -> bool:
        """Whether every row's output goes."""
        return not bool(self.keep.any())

    def __getitem__(self, rows: Int[Tensor, " chosen"]) -> "Gate":
        return Gate(self.keep[rows], {method: fill[rows] for method, fill in self.fills.items()})


@dataclass(frozen=True, eq=False)
class Looks:
    """Heads whose own attention pattern is replaced by the mean one.

    Attributes:
        chosen: of which head in which row it is.
        patterns: the mean patterns for these rows.
    """

    chosen: Bool[Tensor, "row head"]
    patterns: RowPatterns

    def __getitem__(self, rows: Int[Tensor, " chosen"]) -> "Looks":
        return Looks(self.chosen[rows], self.patterns[rows])


@dataclass(frozen=True, eq=False)
class LayerGates:
    """What is done to one layer; ``None`` where nothing is done to any row.

    Attributes:
        offsets: how many positions back each head looks in each row, or ``OWN``.
        z: gate of the heads' outputs ``[row, head]``.
        attn: gate of the layer's attention ``[row]``.
        mlp: gate of its MLP ``[row]``.
        looks: the heads that look where they look on average.
    """

    offsets: Int[Tensor, "row head"] | None = None
    z: Gate | None = None
    attn: Gate | None = None
    mlp: Gate | None = None
    looks: Looks | None = None

    @property
    def own_patterns(self) -> bool:
        """Whether all heads look where they would."""
        return self.offsets is None and self.looks is None

    def __getitem__(self, rows: Int[Tensor, " chosen"]) -> "LayerGates":
        offsets = None if self.offsets is None else self.offsets[rows]
        looks = None if self.looks is None else self.looks[rows]
        z, attn, mlp = (None if gate is None else gate[rows] for gate in (self.z, self.attn, self.mlp))
        return LayerGates(offsets, z, attn, mlp, looks)


@dataclass(frozen=True, eq=False)
class Gates:
    """The ablations of a batch: gates for every layer, and the values that some of them fill in."""

    layers: tuple[LayerGates, ...]
    means: RowMeans | None = None

    def __getitem__(self, rows: Int[Tensor, " chosen"]) -> "Gates":
        """The gates of these rows."""
        means = None if self.means is None else self.means[rows]
        return Gates(tuple(layer[rows] for layer in self.layers), means)


def gates_for(
    model: PuzzleGPT,
    prompt: Int[Tensor, "row pos"],
    ablations: Sequence[Ablation],
    means: ReferenceMeans | None = None,
) -> Gates:
    """The gates of a batch of puzzles, each with an ablation of its own.

    Args:
        prompt: whole puzzles or their beginnings, start token included.
        means: needed only if an ablation puts other values in place.

    Raises:
        PuzzlescopeError: if an ablation or the means are of another model, or means are missing.
    """
    rows = means_for(model, prompt, means, *dict.fromkeys(ablations))
    return gates_of(ablations, model.cfg, rows, model.device)


def gates_of(
    ablations: Sequence[Ablation],
    cfg: Config,
    means: RowMeans | None = None,
    device: torch.device | None = None,
) -> Gates:
    """The gates of a batch whose rows have these ablations, and these means.

    Raises:
        PuzzlescopeError: if a model of these sizes has not what an ablation switches off, or means are
            missing.
    """
    for ablation in dict.fromkeys(ablations):
        check_ablation(ablation, cfg)
    if means is None and any(ablation.needs_means for ablation in ablations):
        raise PuzzlescopeError(
            "One of these ablations puts other values in the place of parts: give the reference means of the"
            " model."
        )
    by_layer: list[list[tuple[int, Term]]] = [[] for _ in range(cfg.n_layers)]
    for row, ablation in enumerate(ablations):
        for term in ablation.terms:
            by_layer[term.component.layer].append((row, term))
    patterns = None if means is None else means.patterns
    layers = (_layer_gates(terms, len(ablations), cfg.n_heads, patterns, device) for terms in by_layer)
    return Gates(tuple(layers), means)


def _layer_gates(
    terms: list[tuple[int, Term]],
    n_rows: int,
    n_heads: int,
    patterns: RowPatterns | None,
    device: torch.device | None,
) -> LayerGates:
    offsets, looks = np.full((n_rows, n_heads), OWN), np.zeros((n_rows, n_heads), np.bool_)
    shapes: dict[str, tuple[int, ...]] = {"head": (n_rows, n_heads), "attn": (n_rows,), "mlp": (n_rows,)}
    keep = {kind: np.ones(shape, np.float32) for kind, shape in shapes.items()}
    fills: dict[str, dict[Method, np.ndarray]] = {kind: {} for kind in shapes}
    for row, term in terms:  # a layer's own term comes before those of its heads
        part, method = term.component, term.method
        place = (row,) if part.head is None else (row, part.head)
        gate = method.gate
        if method.changes_pattern:
            offsets[place] = OWN if gate.offset is None else gate.offset
            looks[place] = gate.pattern
        keep[part.kind][place] = gate.keep
        if gate.fill:
            own = fills[part.kind].setdefault(method, np.zeros(shapes[part.kind], np.float32))
            own[place] = gate.fill
    gates = {
        kind: Gate(
            _tensor(keep[kind], device), {method: _tensor(fill, device) for method, fill in own.items()}
        )
        for kind, own in fills.items()
        if (keep[kind] != 1).any() or own
    }
    looking = _tensor(offsets, device) if (offsets != OWN).any() else None
    average = Looks(_tensor(looks, device), patterns) if patterns is not None and looks.any() else None
    return LayerGates(looking, gates.get("head"), gates.get("attn"), gates.get("mlp"), average)


def _tensor(array: np.ndarray, device: torch.device | None) -> Tensor:
    return torch.from_numpy(array).to(device)


@runtime_checkable
class Past(Protocol):
    """Keys and values of earlier positions: what a key-value cache is to a layer."""

    @property
    def length(self) -> int:
        """How many positions came before."""

    def append(
        self, layer: int, k: Float[Tensor, "row head pos d_qk"], v: Float[Tensor, "row head pos d_head"]
    ) -> tuple[Float[Tensor, "row head key d_qk"], Float[Tensor, "row head key d_head"]]:
        """Those of a layer, and behind them the new ones."""


@runtime_checkable
class SharedPast(Past, Protocol):
    """A past that many rows have in common: of each puzzle one, however many ablations of it there are."""

    def before(
        self, layer: int
    ) -> tuple[Float[Tensor, "puzzle head pos d_qk"], Float[Tensor, "puzzle head pos d_head"]]:
        """Keys and values of a layer at the earlier positions. Row r is one of puzzle r modulo the number of
        puzzles."""


# ---- the weights -------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class LayerWeights:
    """One layer, and its weights as matrices to multiply by."""

    block: Block
    q: Matrix
    k: Matrix
    v: Matrix
    o: Matrix
    w_in: Matrix
    w_out: Matrix


@dataclass(frozen=True, eq=False)
class Weights:
    """A model ready for passes of the engine."""

    model: PuzzleGPT
    _layers: tuple[LayerWeights, ...]

    @property
    def layers(self) -> tuple[LayerWeights, ...]:
        """Layer by layer, for passes in which every part reads the same stream.

        Raises:
            PuzzlescopeError: of a planted circuit, in which none does; who computes with its blocks has seen
                to what each reads.
        """
        check_not_planted(self.model, "passes of the engine")
        return self._layers

    @property
    def cfg(self) -> Config:
        return self.model.cfg


def weights_of(model: PuzzleGPT, rows: int | None = None) -> Weights:
    """A model's weights, for one computation. They are the model's own, unless they are for passes of a few
    ``rows`` each: those are laid out for that on first use (:class:`interp.engine.products.Matrix`)."""
    layers = []
    for block in model.blocks:
        assert isinstance(block, Block)
        attn, mlp = block.attn, block.mlp
        q, k, v = (Matrix(_flat(W), rows) for W in (attn.W_Q, attn.W_K, attn.W_V))
        o = Matrix(attn.W_O.flatten(0, 1), rows)
        layers.append(LayerWeights(block, q, k, v, o, Matrix(mlp.W_in, rows), Matrix(mlp.W_out, rows)))
    return Weights(model, tuple(layers))


def _flat(W: Float[Tensor, "head d_model d"]) -> Float[Tensor, "d_model width"]:
    """All heads side by side; no copy, as the model lays them out."""
    return W.transpose(0, 1).reshape(W.shape[1], -1)


# ---- one pass ----------------------------------------------------------------------------------------------


def embed(model: PuzzleGPT, tokens: Int[Tensor, "row pos"], start: int = 0) -> Residual:
    """The residual stream before layer 0, of tokens that stand at ``start`` and after."""
    return F.embedding(tokens, model.embed.W_E) + model.pos_embed.W_pos[start : start + tokens.shape[1]]


def unembed(model: PuzzleGPT, resid: Residual) -> Float[Tensor, "row pos vocab"]:
    """Logits of a residual stream after the last layer."""
    return F.linear(resid, model.unembed.W_U.T, model.unembed.b_U)


def run(
    model: PuzzleGPT | Weights,
    tokens: Int[Tensor, "row pos"],
    gates: Gates | None = None,
    *,
    last: int | None = None,
    kv_cache: KeyValueCache | None = None,
) -> Float[Tensor, "row asked vocab"]:
    """Logits of the last ``last`` positions (all of them by default).

    Args:
        model: on whose device tokens and gates are; or its weights, for many passes.
        tokens: start token included; with a cache, those that follow the ones it holds.
        gates: of as many rows as there are tokens; ``None`` ablates nothing.
        kv_cache: extended in place.
    """
    weights = model if isinstance(model, Weights) else weights_of(model)
    start = kv_cache.length if kv_cache is not None else 0
    resid = embed(weights.model, tokens, start)
    for layer in range(weights.cfg.n_layers):
        asked = last if layer == weights.cfg.n_layers - 1 else None
        resid = run_layer(weights, layer, resid, gates, last=asked, kv_cache=kv_cache)
    if kv_cache is not None:
        kv_cache.length = start + tokens.shape[1]
    return unembed(weights.model, resid)


def run_layer(
    weights: Weights,
    layer: int,
    resid: Residual,
    gates: Gates | None = None,
    *,
    last: int | None = None,
    kv_cache: Past | None = None,
) -> Float[Tensor, "row asked d_model"]:
    """The residual stream after a layer at the last positions (all of them by default), from that before
    it."""
    own = LayerGates() if gates is None else gates.layers[layer]
    means = None if gates is None else gates.means
    start = kv_cache.length if kv_cache is not None else 0
    z = heads_out(weights, layer, resid, own, kv_cache, last)
    return finish_layer(weights, layer, tail(resid, last), z, own, means, start + resid.shape[1])


def heads_out(
    weights: Weights,
    layer: int,
    resid: Residual,
    gates: LayerGates,
    kv_cache: Past | None = None,
    last: int | None = None,
) -> Float[Tensor, "row asked head d_head"] | None:
    """What the heads of a layer move to the last positions, before any gate but those of their patterns.
    ``None``: nobody would read it."""
    if gates.attn is not None and gates.attn.shut:
        return None
    own = weights.layers[layer]
    n_heads = weights.cfg.n_heads
    x = _normalized(own.block.ln1, resid)
    q, k, v = (_by_head(found, n_heads) for found in (own.q(tail(x, last)), own.k(x), own.v(x)))
    scale = own.block.attn.scale
    if isinstance(kv_cache, SharedPast) and gates.own_patterns and (flash := flash_for(q, k)) is not None:
        return attend_sharing(flash, q, k, v, *kv_cache.before(layer), scale)[0].transpose(1, 2)
    if kv_cache is not None:
        k, v = kv_cache.append(layer, k, v)
    z = _attend(q, k, v, scale)
    if gates.offsets is not None:
        z = _moved(z, v, gates.offsets)
    if gates.looks is not None:
        z = _averaged(z, v, layer, gates.looks)
    return z.transpose(1, 2)


def finish_layer(
    weights: Weights,
    layer: int,
    resid: Residual,
    z: Float[Tensor, "row pos head d_head"] | None,
    gates: LayerGates,
    means: RowMeans | None,
    end: int,
) -> Residual:
    """The rest of a layer, from its heads' outputs: their gates, W_O, the MLP.

    Args:
        resid: the layer's input, at the positions that end before ``end``.
        z: from :func:`heads_out`, for these rows.
    """
    own = weights.layers[layer]
    here = slice(end - resid.shape[1], end)
    resid = _add_attention(own, layer, resid, z, gates, means, here)
    gate = gates.mlp
    if gate is None or not gate.shut:
        mlp = own.block.mlp
        hidden = own.w_in(_normalized(own.block.ln2, resid), mlp.b_in, relu=True)
        if gate is None:
            return own.w_out.added(resid, hidden).add_(mlp.b_out)
        out = own.w_out(hidden, mlp.b_out)
        resid = resid + out * gate.keep[:, None, None]
    return _filled(resid, gate, means, lambda values: values.mlp_out(layer, here))


def _add_attention(
    own: LayerWeights,
    layer: int,
    resid: Residual,
    z: Float[Tensor, "row pos head d_head"] | None,
    gates: LayerGates,
    means: RowMeans | None,
    here: slice,
) -> Residual:
    if z is not None:
        z = gated_heads(z, layer, gates.z, means, here)
        if gates.attn is None:
            return own.o.added(resid, z.flatten(2))
        resid = resid + own.o(z.flatten(2)) * gates.attn.keep[:, None, None]
    return _filled(resid, gates.attn, means, lambda values: values.attn_out(layer, here))


def gated_heads(
    z: Float[Tensor, "row pos head d_head"],
    layer: int,
    gate: Gate | None,
    means: RowMeans | None,
    here: slice,
) -> Float[Tensor, "row pos head d_head"]:
    """What the gate leaves of the heads' outputs at these positions, and the values it puts in place of
    some."""
    if gate is None:
        return z
    z = z * gate.keep[:, None, :, None]
    if means is None:
        return z
    for method, fill in gate.fills.items():
        z = z + means.outputs[method].z(layer, here) * fill[:, None, :, None]
    return z


def _filled(
    resid: Residual,
    gate: Gate | None,
    means: RowMeans | None,
    value_of: Callable[[RowOutputs], Float[Tensor, "rows pos d_model"]],
) -> Residual:
    """The values written where a gate says so."""
    if gate is None or means is None:
        return resid
    for method, fill in gate.fills.items():
        resid = resid + value_of(means.outputs[method]) * fill[:, None, None]
    return resid


def _normalized(norm: LayerNorm, x: Residual) -> Residual:
    return F.layer_norm(x, norm.w.shape, norm.w, norm.b, LAYER_NORM_EPS)


def _by_head(x: Float[Tensor, "row pos width"], n_heads: int) -> Float[Tensor, "row head pos d"]:
    return x.unflatten(-1, (n_heads, -1)).transpose(1, 2)


def _attend(
    q: Float[Tensor, "row head query d_qk"],
    k: Float[Tensor, "row head key d_qk"],
    v: Float[Tensor, "row head key d_head"],
    scale: float,
) -> Float[Tensor, "row head query d_head"]:
    n_query, n_key = q.shape[2], k.shape[2]
    if n_query in (1, n_key):
        return F.scaled_dot_product_attention(q, k, v, is_causal=n_query > 1, scale=scale)
    hidden = _hidden(n_query, n_key, q.device, q.dtype)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=hidden, scale=scale)


Flash = Callable[..., tuple[Tensor, Tensor]]


def attend_sharing(
    flash: Flash,
    q: Float[Tensor, "row head pos d_qk"],
    k: Float[Tensor, "row head pos d_qk"],
    v: Float[Tensor, "row head pos d_head"],
    before_k: Float[Tensor, "puzzle head before d_qk"],
    before_v: Float[Tensor, "puzzle head before d_head"],
    scale: float,
) -> tuple[Float[Tensor, "row head pos d_head"], Float[Tensor, "row head pos"]]:
    """The same where the earlier positions are shared: each puzzle's rows look at them in one piece, without
    a copy a row. With it the logarithm of each query's sum of exponentials.

    The softmax over both parts is put together from those over each: with a and b the logarithms of their
    sums of exponentials, the earlier part has the share sigmoid(a - b) (Milakov and Gimelshein, 2018, "Online
    normalizer calculation for softmax").
    """
    n_rows, n_heads, n_pos, _ = q.shape
    together = q.unflatten(0, (-1, len(before_k))).permute(1, 2, 0, 3, 4).flatten(2, 3)
    early, early_sum = flash(together, before_k, before_v, 0.0, False, scale=scale)
    late, late_sum = flash(q, k, v, 0.0, True, scale=scale)
    early = early.unflatten(2, (-1, n_pos)).permute(2, 0, 1, 3, 4).reshape(late.shape)
    early_sum = early_sum.unflatten(2, (-1, n_pos)).permute(2, 0, 1, 3).reshape(n_rows, n_heads, n_pos)
    found = late + (early - late) * torch.sigmoid(early_sum - late_sum)[..., None]
    return found, torch.logaddexp(early_sum, late_sum)


def flash_for(q: Tensor, k: Tensor) -> Flash | None:
    """The attention to share earlier positions with, where there is one; queries stand where keys do."""
    return _flash() if q.device.type == "cpu" and q.shape[2] == k.shape[2] else None


@cache
def _flash() -> Flash | None:
    """PyTorch's attention on a CPU that tells the logarithm of each sum of exponentials, if this build has
    it."""
    eye = torch.eye(4, dtype=torch.float32, device="cpu")
    q = eye.reshape(1, 1, 4, 4)
    try:
        flash: Flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
        _, sums = flash(q, q, q, 0.0, True, scale=1.0)
    except (AttributeError, RuntimeError):
        return None
    expected = eye.masked_fill(torch.ones_like(eye).triu(1) > 0, -torch.inf).logsumexp(-1)
    return flash if sums.shape == (1, 1, 4) and torch.allclose(sums[0, 0], expected) else None


@lru_cache(maxsize=8)
def _hidden(n_query: int, n_key: int, device: torch.device, dtype: torch.dtype) -> Float[Tensor, "query key"]:
    """Minus infinity where the last ``n_query`` of ``n_key`` positions must not look, else 0."""
    with torch.inference_mode(False):
        return torch.full((n_query, n_key), -torch.inf, device=device, dtype=dtype).triu(n_key - n_query + 1)


def _moved(
    z: Float[Tensor, "row head query d_head"],
    v: Float[Tensor, "row head key d_head"],
    offsets: Int[Tensor, "row head"],
) -> Float[Tensor, "row head query d_head"]:
    """``z`` with the heads that look back replaced: they hand on the value so many positions before, or the
    first."""
    queries = torch.arange(v.shape[2] - z.shape[2], v.shape[2], device=v.device)
    for offset in offsets.unique().tolist():
        if offset != OWN:
            z = torch.where(
                (offsets == offset)[:, :, None, None], v[:, :, (queries - offset).clamp(min=0)], z
            )
    return z


def _averaged(
    z: Float[Tensor, "row head query d_head"],
    v: Float[Tensor, "row head key d_head"],
    layer: int,
    looks: Looks,
) -> Float[Tensor, "row head query d_head"]:
    """``z`` with the heads that look where they do on average replaced: they move their own values."""
    end, z = v.shape[2], z.clone()
    for head in looks.chosen.any(0).nonzero()[:, 0].tolist():
        rows = looks.chosen[:, head].nonzero()[:, 0]
        pattern = looks.patterns[rows].of_head(layer, head, end - z.shape[2], end)
        z[rows, head] = pattern @ v[rows, head]
    return z


def tail(x: Float[Tensor, "row pos d"], last: int | None) -> Float[Tensor, "row last d"]:
    """The last positions, or all of them."""
    return x if last is None else x[:, -last:]
