"""A run held where it is: with attention patterns, the scales of LayerNorms and the gates of ReLUs as they
are in one run, the logits are linear in what every component writes.

So the gradient of a sum of logits is exact for any change, as far as these are held: there is nothing that
the linear model leaves out, and so no error nodes, which graphs over transcoders need (Ameisen et al., 2025,
"Circuit Tracing", section "Constructing an Attribution Graph"). What the model *would* do after a change is
another matter, for patterns, scales and gates then move: :mod:`interp.circuits.cells.effects` measures that.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from interp.circuits.cells.target import CellTarget
from interp.circuits.windows import normalized
from interp.circuits.writes import Recorded
from interp.engine.forward import Weights
from interp.model import LAYER_NORM_EPS, LayerNorm
from interp.resumable import Steps


@dataclass(frozen=True, eq=False)
class Held:
    """The held run of one prompt, up to the position at which the cell is predicted.

    Attributes:
        weights: of the model.
        run: the same not held, and what its components write at all positions.
        end: so many positions count, the one that predicts the cell last.
        toward, over: the tokens compared; ``None`` for the mean of all colours.
        of_logits: what each logit counts.
        value: the target.
        after: its gradient at the residual stream after every component: ``after[2 l]`` after the heads of
            layer l, ``after[2 l + 1]`` after its MLP.
        before: the same before layer 0.
        neurons: what each neuron of every layer adds to the target at each position.
    """

    weights: Weights
    run: Recorded
    end: int
    toward: int
    over: int | None
    of_logits: Float[Tensor, " vocab"]
    value: float
    after: tuple[Float[Tensor, "pos d_model"], ...]
    before: Float[Tensor, "pos d_model"]
    neurons: tuple[Float[Tensor, "pos d_mlp"], ...]

    def stream(self, layer: int, half: int) -> Float[Tensor, "pos d_model"]:
        """What the heads of a layer read (0), or its MLP (1)."""
        halves = self.run.layers[layer]
        return (halves.mid if half else halves.pre)[0, : self.end]


def held(weights: Weights, run: Recorded, cell: int, end: int, target: CellTarget) -> Steps[None, Held]:
    """Hold a run, and take the target's gradient through it, layer by layer from the logits down, with a
    pause after each.

    Args:
        cell: of the answer, 0..99.
        end: the position after the one that predicts it.
    """
    logits = run.logits[cell]
    counts, (toward, over) = target.weights(logits), target.tokens(logits)
    gradient = logits.new_zeros(end, weights.cfg.d_model)
    gradient[-1] = weights.model.unembed.W_U @ counts
    after: list[Tensor] = []
    neurons: list[Tensor] = []
    for layer in reversed(range(weights.cfg.n_layers)):
        halves = run.layers[layer]
        after.append(gradient)
        mlp = MlpBack(weights, layer, halves.mid[0, :end], gradient)
        neurons.append(mlp.hidden * mlp.at_hidden)
        gradient = gradient + mlp.at_stream(mlp.at_hidden)
        after.append(gradient)
        heads = HeadsBack(weights, layer, halves.pre[0, :end], gradient)
        read = torch.zeros_like(gradient)
        for head, W_V in enumerate(heads.attn.W_V):
            read += (heads.pattern(head).T @ heads.at_z(head)) @ W_V.T
        gradient = gradient + norm_back(heads.norm, heads.stream, read)
        yield None
    value = float((logits.double() * counts.double()).sum())
    return Held(
        weights, run, end, toward, over, counts, value, tuple(after[::-1]), gradient, tuple(neurons[::-1])
    )


def norm_back(
    norm: LayerNorm, stream: Float[Tensor, "pos d_model"], gradient: Float[Tensor, "*row pos d_model"]
) -> Float[Tensor, "*row pos d_model"]:
    """A gradient at a LayerNorm's output taken back to its input, the scale held."""
    scale = (stream.var(-1, correction=0, keepdim=True) + LAYER_NORM_EPS).sqrt()
    found = gradient * (norm.w / scale)
    return found.sub_(found.mean(-1, keepdim=True))


class MlpBack:
    """A layer's MLP with its gates held.

    Args:
        stream: what it reads.
        gradient: the target's, at the stream after it.

    Attributes:
        hidden: its neurons, after the ReLU.
        at_hidden: the target's gradient at what each neuron reads, before the ReLU.
    """

    def __init__(
        self,
        weights: Weights,
        layer: int,
        stream: Float[Tensor, "pos d_model"],
        gradient: Float[Tensor, "pos d_model"],
    ):
        block = weights.layers[layer].block
        self.mlp, self.norm, self.stream, self.gradient = block.mlp, block.ln2, stream, gradient
        before = normalized(self.norm, stream) @ self.mlp.W_in + self.mlp.b_in
        self.hidden: Float[Tensor, "pos d_mlp"] = before.clamp(min=0)
        open_: Bool[Tensor, "pos d_mlp"] = before > 0
        self.at_hidden: Float[Tensor, "pos d_mlp"] = (gradient @ self.mlp.W_out.T) * open_

    def at_stream(self, at_hidden: Float[Tensor, "pos d_mlp"]) -> Float[Tensor, "pos d_model"]:
        """A gradient at the neurons taken back to the stream."""
        return norm_back(self.norm, self.stream, at_hidden @ self.mlp.W_in.T)

    def of_neuron(self, neuron: int) -> Float[Tensor, "pos d_model"]:
        """The same of one neuron alone."""
        read = self.at_hidden[:, neuron, None] * self.mlp.W_in[:, neuron]
        return norm_back(self.norm, self.stream, read)

    @property
    def constant(self) -> Float[Tensor, " d_mlp"]:
        """What the neurons read of no writer: the biases of the LayerNorm and their own."""
        found: Tensor = self.norm.b @ self.mlp.W_in + self.mlp.b_in
        return found


class HeadsBack:
    """A layer's heads with their patterns held (arguments as of :class:`MlpBack`)."""

    def __init__(
        self,
        weights: Weights,
        layer: int,
        stream: Float[Tensor, "pos d_model"],
        gradient: Float[Tensor, "pos d_model"],
    ):
        block = weights.layers[layer].block
        self.attn, self.norm, self.stream, self.gradient = block.attn, block.ln1, stream, gradient
        self._read = normalized(self.norm, stream)

    def pattern(self, head: int) -> Float[Tensor, "query key"]:
        """Where a head looks."""
        q, k = (self._read @ W[head] for W in (self.attn.W_Q, self.attn.W_K))
        scores = (q * self.attn.scale) @ k.T
        later = torch.ones(scores.shape, dtype=torch.bool, device=scores.device).triu(1)
        return scores.masked_fill_(later, -torch.inf).softmax(-1)

    def at_z(self, head: int) -> Float[Tensor, "pos d_head"]:
        """The target's gradient at what a head hands on, before W_O."""
        found: Tensor = self.gradient @ self.attn.W_O[head].T
        return found
