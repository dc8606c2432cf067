"""How much a metric would rise with what each reader reads: its gradient at every reader's own input.

Taken back layer by layer, without PyTorch's autograd, of several runs at a time and at a window's positions
only (:mod:`interp.circuits.windows`): what a metric gains at a position depends on nothing before it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from interp.circuits.windows import Early, Window, attend, attend_back, by_head, queries_keys_values
from interp.engine.forward import Weights
from interp.engine.products import product
from interp.model import LAYER_NORM_EPS, LayerNorm

Streams = Float[Tensor, "row pos d_model"]


@dataclass(frozen=True, eq=False)
class Normed:
    """What a LayerNorm was given, and what it has to be known by to take a gradient back."""

    norm: LayerNorm
    x: Streams
    mean: Float[Tensor, "row pos 1"]
    scale: Float[Tensor, "row pos 1"]

    @classmethod
    def of(cls, norm: LayerNorm, x: Streams) -> tuple[Streams, "Normed"]:
        found, mean, scale = torch.native_layer_norm(x, norm.w.shape, norm.w, norm.b, LAYER_NORM_EPS)
        return found, cls(norm, x, mean, scale)

    def back(self, gradient: Streams) -> Streams:
        """A gradient at what it handed on, taken back to what it was given."""
        found: Tensor = torch.ops.aten.native_layer_norm_backward(
            gradient,
            self.x,
            self.norm.w.shape,
            self.mean,
            self.scale,
            self.norm.w,
            self.norm.b,
            [True, False, False],
        )[0]
        return found

    def at(self, places: Int[Tensor, " place"] | None) -> "Normed":
        """At some positions of the window."""
        if places is None:
            return self
        x, mean, scale = (one[:, places] for one in (self.x, self.mean, self.scale))
        return Normed(self.norm, x, mean, scale)

    def summed(
        self,
        W: Float[Tensor, "head d_model d"],
        gradient: Float[Tensor, "row head pos d"],
        read: Float[Tensor, "row head pos d"],
    ) -> Float[Tensor, "pos head d_model"]:
        """A gradient at what each head makes of what this hands on, ``read = normalized(x) @ W[head]``, taken
        back to ``x`` for that head alone; the sum over the rows.

        LayerNorm's gradient is ``scale (g - mean(g) - n mean(g n))``, ``n`` what it is given, centred and
        scaled. Only ``n`` needs a product a row: the rest is summed over the rows before W takes it back, and
        ``g n`` is known from what was read.
        """
        W_w = W * self.norm.w[:, None]
        centred = W_w - W_w.mean(1, keepdim=True)
        scale = self.scale[:, None]
        found = (gradient * scale).sum(0) @ centred.transpose(1, 2)
        read = read - (self.norm.b @ W)[:, None]
        along = (gradient * read).sum(-1).mul_(scale[..., 0] / W.shape[1])
        n = (self.x - self.mean) * self.scale
        return torch.baddbmm(found.transpose(0, 1), along.permute(2, 1, 0), n.transpose(0, 1), alpha=-1)


@dataclass(frozen=True, eq=False)
class LayerRun:
    """One layer of some runs, at a window's positions.

    Attributes:
        before, between: the streams before its heads and before its MLP.
        q, k, v: of its heads.
        done: what these move, and what :func:`interp.circuits.windows.attend` says besides.
        hidden: the MLP's neurons.
        asked: where queries stand and the MLP is run; at every position by default.
    """

    before: Normed
    between: Normed
    q: Float[Tensor, "row head query d_qk"]
    k: Float[Tensor, "row head pos d_qk"]
    v: Float[Tensor, "row head pos d_head"]
    done: tuple[Float[Tensor, "row head query d_head"], Float[Tensor, "row head query"]]
    hidden: Float[Tensor, "row query d_mlp"]
    asked: Int[Tensor, " query"] | None


@dataclass(frozen=True, eq=False)
class LayerGradients:
    """The metric's gradients in one layer of some runs.

    Attributes:
        run: the layer.
        mlp: at what the MLP alone reads, before its LayerNorm.
        z: at what each head moves.
        q, k, v: at each head's queries, keys and values.
    """

    run: LayerRun
    mlp: Float[Tensor, "row query d_model"]
    z: Float[Tensor, "row head query d_head"]
    q: Float[Tensor, "row head query d_qk"]
    k: Float[Tensor, "row head pos d_qk"]
    v: Float[Tensor, "row head pos d_head"]


def run_window(
    weights: Weights, streams: Streams, window: Window, early: Sequence[Early]
) -> Iterator[LayerRun]:
    """The runs of some streams that stand before layer 0, layer by layer.

    Args:
        early: keys and values before the window, of every layer.
    """
    for layer, own in enumerate(weights.layers):
        block = own.block
        asked = window.asked if layer == len(weights.layers) - 1 else None
        x, before = Normed.of(block.ln1, streams)
        q, k, v = queries_keys_values(weights, layer, x)
        if asked is not None:
            q, streams = q[:, :, asked], streams[:, asked]
        done = attend(q, k, v, early[layer], block.attn.scale, asked)
        streams = own.o.added(streams, done[0].transpose(1, 2).flatten(2))
        x, between = Normed.of(block.ln2, streams)
        hidden = own.w_in(x, block.mlp.b_in, relu=True)
        yield LayerRun(before, between, q, k, v, done, hidden, asked)
        if asked is None:
            streams = own.w_out.added(streams, hidden).add_(block.mlp.b_out)


def gradients(
    weights: Weights,
    runs: Sequence[LayerRun],
    early: Sequence[Early],
    directions: Float[Tensor, "cell d_model"],
) -> Iterator[LayerGradients]:
    """The metric's gradients in some runs, the last layer first.

    A reader's input is a copy of the stream for that reader alone: its gradient does not count what others
    read.

    Args:
        directions: the gradient at the stream after the last layer.
    """
    n_rows = len(runs[-1].hidden)
    gradient = directions.expand(n_rows, -1, -1)
    for layer in reversed(range(len(runs))):
        run, own = runs[layer], weights.layers[layer]
        attn, mlp = own.block.attn, own.block.mlp
        at_hidden = product(gradient, mlp.W_out.T).masked_fill_(run.hidden == 0, 0)
        at_mlp = run.between.back(product(at_hidden, mlp.W_in.T))
        gradient = gradient + at_mlp
        z = by_head(product(gradient, own.o.W.T), weights.cfg.n_heads)
        q, k, v = attend_back(z, run.q, run.k, run.v, early[layer], run.done, attn.scale, run.asked)
        yield LayerGradients(run, at_mlp, z, q, k, v)
        flat = [one.transpose(1, 2).flatten(2) for one in (q, k, v)]
        at_x = product(flat[1], own.k.W.T) + product(flat[2], own.v.W.T)
        at_q = product(flat[0], own.q.W.T)
        if run.asked is None:
            gradient = gradient + run.before.back(at_x.add_(at_q))
        else:
            at_x.index_add_(1, run.asked, at_q)
            gradient = run.before.back(at_x).index_add_(1, run.asked, gradient)
