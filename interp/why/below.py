"""What lies below a layer in one run: the stream that its heads read, and who wrote it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from jaxtyping import Float, Int
from torch import Tensor

from interp.engine.forward import Gates, LayerGates, Weights, embed
from interp.engine.halves import run_halves
from interp.model import LAYER_NORM_EPS


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

    @cached_property
    def scale(self) -> Float[Tensor, " pos"]:
        """Of the layer's LayerNorm: what it divides by."""
        return (self.stream.var(-1, correction=0) + LAYER_NORM_EPS).sqrt()


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
