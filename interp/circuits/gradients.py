"""How much a metric would rise with what each reader reads: its gradient at every reader's own input."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from interp.circuits.graph import Graph
from interp.engine.forward import Weights
from interp.grids import CELLS
from interp.model import LAYER_NORM_EPS, LayerNorm

Metric = Callable[[Float[Tensor, "100 vocab"]], Float[Tensor, ""]]
"""Of the logits that predict the answer's cells."""
Head = tuple[Tensor, Tensor, Tensor, Tensor]
"""Queries, keys and values of a layer's heads, and what these hand on."""


@dataclass(frozen=True, eq=False)
class Gradients:
    """Of one run of one prompt.

    Attributes:
        value: the metric.
        readers: its gradient at the input of every reader, before the reader's LayerNorm.
        z: at what each head hands on, before W_O.
        v: the values that each head moves.
    """

    value: float
    readers: Float[Tensor, "reader pos d_model"]
    z: Float[Tensor, "layer head pos d_head"]
    v: Float[Tensor, "layer head pos d_head"]


def gradients(weights: Weights, stream: Float[Tensor, "pos d_model"], metric: Metric) -> Gradients:
    """The metric's gradients in the run of a stream that stands before layer 0.

    A reader's input is a copy of the stream for that reader alone: its gradient does not count what others
    read. LayerNorm is the reader's own, differentiated where the run is.
    """
    with torch.inference_mode(False), torch.enable_grad():
        resid = stream.detach().clone().requires_grad_()
        heads: list[Head] = []
        before: list[Tensor] = []
        mids: list[Tensor] = []
        for own in weights.layers:
            block = own.block
            before.append(resid)
            x = normalized(block.ln1, resid)
            q, k, v = (
                torch.einsum("pm,hmd->hpd", x, W) for W in (block.attn.W_Q, block.attn.W_K, block.attn.W_V)
            )
            z = F.scaled_dot_product_attention(
                q[None], k[None], v[None], is_causal=True, scale=block.attn.scale
            )[0]
            heads.append((q, k, v, z))
            resid = resid + torch.einsum("hpd,hdm->pm", z, block.attn.W_O)
            read = resid.clone()  # what the MLP alone reads
            mids.append(read)
            hidden = torch.relu(normalized(block.ln2, read) @ block.mlp.W_in + block.mlp.b_in)
            resid = resid + hidden @ block.mlp.W_out + block.mlp.b_out
        unembed = weights.model.unembed
        value = metric(resid[-CELLS:] @ unembed.W_U + unembed.b_U)
        asked = [*(one for own in heads for one in own), *mids, resid]
        found = torch.autograd.grad(value, asked)
        with torch.no_grad():
            return _gathered(weights, float(value), before, heads, found)


def _gathered(
    weights: Weights,
    value: float,
    before: list[Tensor],
    heads: list[Head],
    found: tuple[Tensor, ...],
) -> Gradients:
    graph, n_layers = Graph(weights.cfg), weights.cfg.n_layers
    last = found[-1]
    readers = last.new_empty(len(graph.readers), *last.shape)
    readers[-1] = last
    for layer, own in enumerate(weights.layers):
        attn = own.block.attn
        for number, W in enumerate((attn.W_Q, attn.W_K, attn.W_V)):
            at_normalized = found[4 * layer + number] @ W.transpose(1, 2)
            readers[graph.inputs(layer)][number::3] = _back(own.block.ln1, before[layer], at_normalized)
        readers[graph.mlp_input(layer)] = found[4 * n_layers + layer]
    v = torch.stack([own[2] for own in heads]).detach()
    z = torch.stack([found[4 * layer + 3] for layer in range(n_layers)])
    return Gradients(value, readers, z, v)


def normalized(norm: LayerNorm, x: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row d_model"]:
    """What a reader's LayerNorm makes of its input."""
    return F.layer_norm(x, norm.w.shape, norm.w, norm.b, LAYER_NORM_EPS)


def _back(
    norm: LayerNorm, x: Float[Tensor, "pos d_model"], gradient: Float[Tensor, "head pos d_model"]
) -> Float[Tensor, "head pos d_model"]:
    """A gradient at LayerNorm's output taken back to its input, of several readers of the same stream."""
    with torch.enable_grad():
        read = x.detach().expand_as(gradient).clone().requires_grad_()
        return torch.autograd.grad(normalized(norm, read), read, gradient)[0]
