"""The run of a model that has a gate at every edge, differentiable in the gates.

What a reader reads is the sum over its writers of ``gate * what it writes now + (1 - gate) * what is read in
its place``. With gates of 0 and 1 that is the run of a circuit (:class:`interp.circuits.runs.CircuitRuns`,
which takes no other gates and is much quicker).
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from interp.circuits.graph import Graph
from interp.circuits.windows import normalized
from interp.engine.forward import embed, unembed
from interp.grids import CELLS
from interp.model import Block, PuzzleGPT

Gated = Float[Tensor, "reader writer"]


def gated_logits(
    model: PuzzleGPT,
    tokens: Int[Tensor, "row pos"],
    others: Float[Tensor, "row writer pos d_model"],
    gates: Gated,
) -> Float[Tensor, "row 100 vocab"]:
    """The logits of the answer's cells, of several prompts that have the same gates.

    Args:
        tokens: the prompts (:func:`interp.circuits.writes.prompts`).
        others: what is read where a gate is shut, of each.
    """
    graph, stream = Graph(model.cfg), _Stream(others, gates)
    stream.write(embed(model, tokens)[:, None])
    for layer, block in enumerate(model.blocks):
        assert isinstance(block, Block)
        heads = graph.inputs(layer)
        stream.write(_heads(block, stream.read(heads)))
        stream.write(_mlp(block, stream.read(slice(heads.stop, heads.stop + 1))))
    return unembed(model, stream.read(slice(-1, None), last=CELLS)[:, 0])


class _Stream:
    """What has been written so far, as each reader reads it."""

    def __init__(self, others: Float[Tensor, "row writer pos d_model"], gates: Gated):
        self._others, self._gates = others, gates
        self._sums = others.new_zeros(len(others), *others.shape[2:])
        self._changes: list[Tensor] = []
        self._written = 0

    def write(self, outputs: Float[Tensor, "row own pos d_model"]) -> None:
        """What the next writers write."""
        own = self._others[:, self._written : self._written + outputs.shape[1]]
        self._sums = self._sums + own.sum(1)
        self._changes.append(outputs - own)
        self._written += outputs.shape[1]

    def read(self, readers: slice, last: int | None = None) -> Float[Tensor, "row reader place d_model"]:
        """What some readers read of it.

        Args:
            last: at the last so many positions only.
        """
        places = slice(None if last is None else -last, None)
        changes = torch.cat([one[:, :, places] for one in self._changes], 1)
        gates = self._gates[readers, : self._written]
        read = (gates @ changes.flatten(2)).unflatten(2, changes.shape[2:])
        return self._sums[:, None, places] + read


def _heads(
    block: Block, inputs: Float[Tensor, "row reader pos d_model"]
) -> Float[Tensor, "row head pos d_model"]:
    """What each head writes, of its three inputs each."""
    attn = block.attn
    read = normalized(block.ln1, inputs).unflatten(1, (attn.cfg.n_heads, -1))
    q, k, v = (
        torch.einsum("rhpd,hde->rhpe", read[:, :, own], W)
        for own, W in enumerate((attn.W_Q, attn.W_K, attn.W_V))
    )
    z = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=attn.scale)
    return torch.einsum("rhpe,hed->rhpd", z, attn.W_O)


def _mlp(block: Block, read: Float[Tensor, "row 1 pos d_model"]) -> Float[Tensor, "row 1 pos d_model"]:
    mlp = block.mlp
    hidden = F.relu(normalized(block.ln2, read) @ mlp.W_in + mlp.b_in)
    return hidden @ mlp.W_out + mlp.b_out
