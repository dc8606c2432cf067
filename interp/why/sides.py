"""What every writer puts into the queries and the keys of heads, in one run: its *position* and its *content*
part, the LayerNorm's scale held."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor
from torch.nn.functional import one_hot

from interp.circuits.graph import Graph
from interp.engine.forward import Weights
from interp.model import Config
from interp.why.below import Below
from interp.why.usual import Usual

TOKEN, PLACE, BIAS = "token", "position", "bias"
"""Writers that are no component of the model: the embedding of the token, that of the position, constants."""

Places = slice | Int[Tensor, " place"]
"""Positions, one by one, or a run of them, of which no copy is made."""


def writers_before(cfg: Config, layer: int) -> tuple[str, ...]:
    """Who writes what the heads of a layer read.

    >>> writers_before(Config(n_layers=2, n_heads=2), 1)
    ('token', 'position', 'L0.H0', 'L0.H1', 'L0.mlp', 'bias')
    """
    graph = Graph(cfg)
    return (TOKEN, PLACE, *graph.writers[1 : graph.head(layer, 0)], BIAS)


class Projection:
    """One side of some heads of a layer: the matrices by which they read the stream.

    Of keys, sums over positions are wanted, one for every query. What lower heads hand on is summed first, in
    its few numbers, and turned into keys after that: queries are a quarter of all positions, and the keys of
    every writer at every position, tens of megabytes a layer, are never made.

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
        self.weights, self.layer = weights, layer
        self.dtype = dtype or weights.model.W_E.dtype
        model, block = weights.model, weights.layers[layer].block
        attn = block.attn
        W = (attn.W_Q * attn.scale if side == "q" else attn.W_K)[list(heads)].to(self.dtype)
        scaled = W * block.ln1.w.to(self.dtype)[:, None]
        self.W: Float[Tensor, "head d_model d_qk"] = scaled - scaled.mean(1, keepdim=True)
        self.constant: Float[Tensor, "head d_qk"] = block.ln1.b.to(self.dtype) @ W
        self.embedded: Float[Tensor, "head vocab d_qk"] = model.W_E.to(self.dtype) @ self.W
        self.placed: Float[Tensor, "head pos d_qk"] = model.pos_embed.W_pos.to(self.dtype) @ self.W
        blocks = [own.block for own in weights.layers[:layer]]
        # From what each head of a lower layer hands on.
        self.through: list[Float[Tensor, "head lower d_head d_qk"]] = [
            own.attn.W_O.to(self.dtype) @ self.W[:, None] for own in blocks
        ]
        self.b_out = [own.mlp.b_out.to(self.dtype) for own in blocks]

    def of(
        self,
        below: Below,
        usual: Usual,
        places: Places,
        sums: Float[Tensor, "head row place"] | None = None,
    ) -> Float[Tensor, "head writer 2 row d_qk"]:
        """What every writer puts in at these positions. Together they are what the heads compute.

        Args:
            usual: the means of this row's order.
            sums: for every head, the sums over these positions that are wanted instead of each of them.
        """
        own = _Taken(below.scale[places].to(self.dtype), sums)
        writers = len(writers_before(self.weights.cfg, self.layer))
        found = self.W.new_empty(len(self.W), writers, 2, own.rows, self.W.shape[2])
        stands = one_hot(below.tokens, usual.tokens.shape[1])
        for part, tokens in enumerate(self._parts(stands, usual.tokens, places)):
            found[:, 0, part] = own.of(tokens) @ self.embedded
        found[:, 1, 0] = own.of_each(self.placed[:, places])
        found[:, 1, 1], found[:, -1, 1] = 0, 0  # the same in every puzzle
        for layer in range(self.layer):
            self._put(found, own, below, usual, layer, places)
        constants = sum(self.b_out, self.W.new_zeros(self.W.shape[1])) @ self.W
        found[:, -1, 0] = own.of_each(constants[:, None].expand(-1, len(own.scale), -1))
        found[:, -1, 0] += own.counts * self.constant[:, None]
        return found

    def _put(
        self,
        found: Float[Tensor, "head writer 2 row d_qk"],
        own: "_Taken",
        below: Below,
        usual: Usual,
        layer: int,
        places: Places,
    ) -> None:
        """What a lower layer's heads and MLP put in."""
        n_heads, (n, width) = self.weights.cfg.n_heads, (len(self.W), self.W.shape[2])
        mlp = 2 + layer * (n_heads + 1) + n_heads
        for part, z in enumerate(self._parts(below.z[layer], usual.z[layer], places)):
            handed = own.of(z).unflatten(-1, (n_heads, -1)).transpose(1, 2)
            found[:, mlp - n_heads : mlp, part] = handed @ self.through[layer]
        flat = self.W.transpose(0, 1).flatten(1)
        for part, out in enumerate(self._parts(below.mlp_out[layer], usual.mlp_out[layer], places)):
            written = out if part else out - self.b_out[layer]
            found[:, mlp, part] = own.of_each((written @ flat).unflatten(-1, (n, width)).transpose(0, 1))

    def _parts(
        self, own: Shaped[Tensor, "405 ..."], mean: Float[Tensor, "405 ..."], places: Places
    ) -> tuple[Float[Tensor, "place width"], Float[Tensor, "place width"]]:
        """The mean at these positions, and the rest."""
        usual = mean[places].to(self.dtype).flatten(1)
        return usual, own[places].to(self.dtype).flatten(1) - usual


@dataclass(frozen=True, eq=False)
class _Taken:
    """Values at some positions, over the LayerNorm's scale: of each of them, or sums over them.

    Attributes:
        scale: there.
        sums: for every head; ``None`` for each position by itself.
    """

    scale: Float[Tensor, " place"]
    sums: Float[Tensor, "head row place"] | None

    @property
    def rows(self) -> int:
        return len(self.scale) if self.sums is None else self.sums.shape[1]

    @cached_property
    def counts(self) -> Float[Tensor, "*head row 1"]:
        """What a value that is 1 everywhere, whatever the scale, comes to."""
        return torch.ones_like(self.scale)[:, None] if self.sums is None else self.sums.sum(-1)[..., None]

    @cached_property
    def _scaled(self) -> Float[Tensor, "head row place"]:
        assert self.sums is not None
        return self.sums / self.scale

    def of(self, values: Float[Tensor, "place width"]) -> Float[Tensor, "*head row width"]:
        """Of values that are the same for every head."""
        if self.sums is None:
            return (values / self.scale[:, None])[None]
        return (self._scaled.flatten(0, 1) @ values).unflatten(0, (len(self._scaled), -1))

    def of_each(self, values: Float[Tensor, "head place width"]) -> Float[Tensor, "head row width"]:
        """Of values of every head."""
        return values / self.scale[:, None] if self.sums is None else self._scaled @ values
