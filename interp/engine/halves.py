"""A forward pass in half-layers, which exposes the residual stream between a layer's attention and its MLP
(``resid_mid``).

The engine (:mod:`interp.engine.forward`) does a layer at a time. These are the same sums, by its own
functions, in two halves.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from interp.engine.forward import (
    Gate,
    Gates,
    LayerGates,
    Residual,
    Weights,
    finish_layer,
    gated_heads,
    heads_out,
)
from interp.model import Config

_SHUT = Gate(torch.zeros(1, device="cpu"))


def stage_names(cfg: Config) -> tuple[str, ...]:
    """Where the residual stream is looked at: after the embedding, after each attention layer and after each
    MLP.

    >>> stage_names(Config(n_layers=2))
    ('embed', 'L0.attn', 'L0.mlp', 'L1.attn', 'L1.mlp')
    """
    layers = range(cfg.n_layers)
    return ("embed", *(f"L{layer}.{half}" for layer in layers for half in ("attn", "mlp")))


@dataclass(frozen=True, eq=False)
class Halves:
    """One layer of a run, all positions, gates applied.

    Attributes:
        pre: the residual stream before the layer.
        z: what the heads hand on, before W_O; ``None`` if the layer's attention is off as a whole in every
            row.
        mid: the stream after the attention.
        post: the stream after the MLP.
    """

    pre: Residual
    z: Float[Tensor, "row pos head d_head"] | None
    mid: Residual
    post: Residual

    @property
    def attn_out(self) -> Residual:
        """What the attention wrote, or what was written in its place."""
        return self.mid - self.pre

    @property
    def mlp_out(self) -> Residual:
        """What the MLP wrote, or what was written in its place."""
        return self.post - self.mid


def run_halves(weights: Weights, layer: int, resid: Residual, gates: Gates) -> Halves:
    """A layer of a run over whole prompts, from the residual stream before it."""
    own = gates.layers[layer]
    z = heads_out(weights, layer, resid, own)
    z = None if z is None else gated_heads(z, layer, own.z, gates.means, slice(z.shape[1]))
    mid = attention_half(weights, layer, resid, z, gates, gated=True)
    return Halves(resid, z, mid, mlp_half(weights, layer, mid, gates))


def attention_half(
    weights: Weights,
    layer: int,
    resid: Residual,
    z: Float[Tensor, "row pos head d_head"] | None,
    gates: Gates,
    end: int | None = None,
    *,
    gated: bool = False,
) -> Residual:
    """The residual stream after the attention, from what its heads hand on.

    Args:
        end: the position after the last of ``resid`` and ``z``, if they do not begin at the first.
        gated: whether the heads' own gates have been applied to ``z`` already. Not every gate may be applied
            twice: one that turns an output round would turn it back.
    """
    own = replace(gates.layers[layer], mlp=_SHUT)
    if gated:
        own = replace(own, z=None)
    return finish_layer(weights, layer, resid, z, own, gates.means, end or resid.shape[1])


def mlp_half(weights: Weights, layer: int, mid: Residual, gates: Gates, end: int | None = None) -> Residual:
    """The residual stream after the MLP, from that after the attention (``end`` as there)."""
    own = LayerGates(mlp=gates.layers[layer].mlp)
    return finish_layer(weights, layer, mid, None, own, gates.means, end or mid.shape[1])
