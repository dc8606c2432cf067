"""What every writer puts into the queries and the keys of heads, in one run: its *position* and its *content*
part, the LayerNorm's scale held."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from interp.circuits.graph import Graph
from interp.engine.forward import Gates, LayerGates, Weights, embed
from interp.engine.halves import run_halves
from interp.model import LAYER_NORM_EPS, Block, Config
from interp.why.usual import Usual

TOKEN, PLACE, BIAS = "token", "position", "bias"
"""Writers that are no component of the model: the embedding of the token, that of the position, constants."""


def writers_before(cfg: Config, layer: int) -> tuple[str, ...]:
    """Who writes what the heads of a layer read.

    >>> writers_before(Config(n_layers=2, n_heads=2), 1)
    ('token', 'position', 'L0.H0', 'L0.H1', 'L0.mlp', 'bias')
    """
    graph = Graph(cfg)
    return (TOKEN, PLACE, *graph.writers[1 : graph.head(layer, 0)], BIAS)


@dataclass(frozen=True, eq=False)
class Below:
    """What a layer's heads read in the run of one row of tokens, and from whom.

    Attributes:
        layer: whose heads.
        tokens: of the row, start token included.
        stream: before the layer.
        z: what the heads of every lower layer hand on, before W_O.
        mlp_out: what every lower MLP writes.
    """

    layer: int
    tokens: Int[Tensor, " pos"]
    stream: Float[Tensor, "pos d_model"]
    z: tuple[Float[Tensor, "pos head d_head"], ...]
    mlp_out: tuple[Float[Tensor, "pos d_model"], ...]


def run_up_to(weights: Weights, tokens: Int[Tensor, " pos"], last: int) -> Iterator[Below]:
    """The run of one row, layer by layer up to ``last``: what the heads of each read."""
    gates = Gates(tuple(LayerGates() for _ in range(weights.cfg.n_layers)))
    resid = embed(weights.model, tokens[None])
    z: tuple[Tensor, ...] = ()
    mlp_out: tuple[Tensor, ...] = ()
    for layer in range(last + 1):
        yield Below(layer, tokens, resid[0], z, mlp_out)
        if layer < last:
            halves = run_halves(weights, layer, resid, gates)
            assert halves.z is not None
            z, mlp_out = (*z, halves.z[0]), (*mlp_out, halves.mlp_out[0])
            resid = halves.post


class Projection:
    """One side of some heads of a layer: the matrix by which it reads the stream.

    Args:
        heads: of the layer.
        side: ``q`` or ``k``; the factor of the scores is in ``q``.
        dtype: to compute in.
    """

    def __init__(
        self,
        weights: Weights,
        layer: int,
        heads: tuple[int, ...],
        side: str,
        dtype: torch.dtype | None = None,
    ):
        self.weights, self.layer, self.heads = weights, layer, heads
        self.dtype = dtype or weights.model.W_E.dtype
        block = weights.layers[layer].block
        self.norm = block.ln1
        attn = block.attn
        W = (attn.W_Q * attn.scale if side == "q" else attn.W_K)[list(heads)].to(self.dtype)
        flat = W.transpose(0, 1).flatten(1)  # d_model, head x d_qk
        scaled = flat * self.norm.w.to(self.dtype)[:, None]
        self.W = scaled - scaled.mean(0)
        self.constant = self.norm.b.to(self.dtype) @ flat

    def of(
        self, below: Below, usual: Usual, places: Int[Tensor, " place"]
    ) -> Float[Tensor, "writer 2 place head d_qk"]:
        """What every writer puts in at these positions. Together they are what the head computes.

        Args:
            usual: the means of this row's order.
        """
        found = self._unscaled(below, usual, places)
        stream = below.stream[places].to(self.dtype)
        found /= (stream.var(-1, correction=0) + LAYER_NORM_EPS).sqrt()[:, None]
        found[-1, 0] += self.constant
        return found.unflatten(-1, (len(self.heads), -1))

    def _unscaled(
        self, below: Below, usual: Usual, places: Int[Tensor, " place"]
    ) -> Float[Tensor, "writer 2 place width"]:
        """The same before the division by the LayerNorm's scale, without its constants."""
        cfg, model = self.weights.cfg, self.weights.model
        writers = len(writers_before(cfg, self.layer))
        found = self.W.new_zeros(writers, 2, len(places), self.W.shape[1])
        embedded = model.W_E.to(self.dtype) @ self.W
        found[0, 0] = usual.tokens[places].to(self.dtype) @ embedded
        found[0, 1] = embedded[below.tokens[places]] - found[0, 0]
        found[1, 0] = model.pos_embed.W_pos[places].to(self.dtype) @ self.W
        for layer in range(self.layer):
            block = self.weights.layers[layer].block
            first = 2 + layer * (cfg.n_heads + 1)
            heads = slice(first, first + cfg.n_heads)
            self._put(found[heads], self._heads(block, below.z[layer], usual.z[layer], places))
            b_out = block.mlp.b_out.to(self.dtype)
            mean = usual.mlp_out[layer][places].to(self.dtype)
            own = below.mlp_out[layer][places].to(self.dtype)
            found[first + cfg.n_heads, 0] = (mean - b_out) @ self.W
            found[first + cfg.n_heads, 1] = (own - mean) @ self.W
            found[-1, 0] += b_out @ self.W
        return found

    def _heads(
        self,
        block: Block,
        z: Float[Tensor, "pos head d_head"],
        mean: Float[Tensor, "pos head d_head"],
        places: Int[Tensor, " place"],
    ) -> tuple[Tensor, Tensor]:
        """What a lower layer's heads put in: by the few numbers that each hands on, not by all of d_model."""
        through = block.attn.W_O.to(self.dtype) @ self.W  # head, d_head, width
        usual = mean[places].to(self.dtype).transpose(0, 1)
        rest = z[places].to(self.dtype).transpose(0, 1) - usual
        return usual @ through, rest @ through

    @staticmethod
    def _put(found: Float[Tensor, "head 2 place width"], parts: tuple[Tensor, Tensor]) -> None:
        found[:, 0], found[:, 1] = parts
