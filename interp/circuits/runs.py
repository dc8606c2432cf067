"""Runs of a model cut down to a circuit: edges outside read something else.

The residual stream before every LayerNorm is a sum of writes, so what a reader reads can be put together for
it alone: what all its writers write in the other run, and for each edge of the circuit what its writer writes
now less that. With all edges this is the clean run, with none the run that edges outside read.

A writer all of whose own edges are cut is computed from what the cut edges read; where these are a run of the
model (the pair's other one), it writes what it wrote there, and is not computed again.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from interp.circuits.graph import Graph
from interp.circuits.windows import normalized
from interp.circuits.writes import Fill, fill_of, prompts
from interp.engine.contrast import Contrast
from interp.engine.forward import Weights, embed, unembed
from interp.grids import CELLS
from interp.pairs import Pair
from interp.puzzles import PuzzleSet

Masks = Bool[np.ndarray, "run reader writer"]


class CircuitRuns:
    """Runs of some pairs' bases in which only a circuit's edges are of that run.

    All that the writers write is kept for each pair: 23 MB for the default model.

    Args:
        pairs: of which the base is run; the prompts as :func:`interp.circuits.writes.prompts` has them.
        fill, bank: what edges outside read (:func:`interp.circuits.writes.fill_of`).
        first_only: the metric is taken at the first contrast cell only.
    """

    def __init__(
        self,
        weights: Weights,
        pairs: Sequence[Pair],
        fill: Fill = "pair",
        bank: PuzzleSet | None = None,
        *,
        first_only: bool = False,
    ):
        self.weights, self.graph = weights, Graph(weights.cfg)
        self._a_run = fill in ("pair", "resample")
        self._contrasts = [Contrast.of(pair, first_only=first_only) for pair in pairs]
        tokens = torch.from_numpy(np.stack([prompts(pair)[0] for pair in pairs]))
        self._embedded = embed(weights.model, tokens.to(weights.model.device))
        self._other = torch.stack([fill_of(weights, pair, fill, bank) for pair in pairs])

    def __len__(self) -> int:
        return len(self._contrasts)

    def metrics(self, mask: Bool[np.ndarray, "reader writer"]) -> Float[np.ndarray, " pair"]:
        """The difference of logits of every pair (:class:`interp.engine.contrast.Contrast`), cut down to one
        circuit."""
        return self.of_logits(self.logits(mask), range(len(self)))

    def of_logits(
        self, logits: Float[Tensor, "run 100 vocab"], pairs: Sequence[int]
    ) -> Float[np.ndarray, " run"]:
        """The difference of logits of runs, each of one of the pairs."""
        return np.array(
            [float(self._contrasts[k].of_logits(own)) for k, own in zip(pairs, logits, strict=True)]
        )

    @torch.inference_mode()
    def logits(self, mask: Bool[np.ndarray, "reader writer"]) -> Float[Tensor, "pair 100 vocab"]:
        """Of every pair's base, cut down to one circuit."""
        return self._run(np.broadcast_to(mask, (len(self), *mask.shape)), list(range(len(self))))

    @torch.inference_mode()
    def each(self, masks: Masks, pair: int) -> Float[Tensor, "run 100 vocab"]:
        """Of one pair's base, cut down to each of some circuits, in one pass. Its activations take 45 MB a
        run at the default model's sizes."""
        return self._run(masks, [pair] * len(masks))

    def _run(self, masks: Masks, pairs: list[int]) -> Float[Tensor, "run 100 vocab"]:
        one = _Pass(self, masks, self._embedded[pairs], self._other, pairs)
        for layer in range(self.weights.cfg.n_layers):
            one.heads(layer)
            one.mlp(layer)
        return one.logits()


class _Pass:
    """One pass of some rows, each of a pair and cut down to a circuit of its own."""

    def __init__(
        self,
        runs: CircuitRuns,
        masks: Masks,
        embedded: Float[Tensor, "run pos d_model"],
        other: Float[Tensor, "pair writer pos d_model"],
        pairs: list[int],
    ):
        self.weights, self.graph, self._a_run = runs.weights, runs.graph, runs._a_run
        self._kept = torch.from_numpy(np.array(masks)).to(embedded.device)
        self._read_by_any: np.ndarray = np.asarray(masks.any((0, 1)))
        self._other, self._pairs = other, pairs
        self._base = other[pairs, 0]  # what cut edges read of all writers so far, together
        self._live: list[int] = []  # writers that may write something else than cut edges read
        shape = (len(masks), int(self._read_by_any.sum()), *embedded.shape[1:])
        self._changes = embedded.new_empty(shape)
        self._note(0, embedded)

    def heads(self, layer: int) -> None:
        """Run the heads of a layer that are computed at all."""
        attn, norm = self.weights.layers[layer].block.attn, self.weights.layers[layer].block.ln1
        first, inputs = self.graph.head(layer, 0), self.graph.inputs(layer)
        chosen = [
            h for h in range(self.weights.cfg.n_heads) if self._computed(first + h, inputs.start + 3 * h, 3)
        ]
        if chosen:
            q, k, v = (
                torch.einsum(
                    "rhpm,hmd->rhpd",
                    normalized(norm, self._reading([inputs.start + 3 * h + number for h in chosen])),
                    W[chosen],
                )
                for number, W in enumerate((attn.W_Q, attn.W_K, attn.W_V))
            )
            z = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=attn.scale)
            for place, h in enumerate(chosen):
                self._note(first + h, z[:, place] @ attn.W_O[h])
        own = slice(first, first + self.weights.cfg.n_heads)
        self._base = self._base + self._other[:, own].sum(1)[self._pairs]

    def mlp(self, layer: int) -> None:
        """Run the MLP of a layer, if it is computed."""
        block, writer, reader = (
            self.weights.layers[layer].block,
            self.graph.mlp(layer),
            self.graph.mlp_input(layer),
        )
        if self._computed(writer, reader, 1):
            read = normalized(block.ln2, self._reading([reader])[:, 0])
            hidden = torch.relu(read @ block.mlp.W_in + block.mlp.b_in)
            self._note(writer, hidden @ block.mlp.W_out + block.mlp.b_out)
        self._base = self._base + self._other[self._pairs, writer]

    def logits(self) -> Float[Tensor, "run 100 vocab"]:
        return unembed(self.weights.model, self._reading([len(self.graph.readers) - 1], last=CELLS)[:, 0])

    def _computed(self, writer: int, reader: int, inputs: int) -> bool:
        """Whether a writer is read in some row, and may write something else than cut edges read.

        Args:
            reader: the first of its inputs.
            inputs: how many it has.
        """
        if not self._read_by_any[writer]:
            return False
        return not self._a_run or bool(self._kept[:, reader : reader + inputs][:, :, self._live].any())

    def _reading(
        self, readers: list[int], last: int | None = None
    ) -> Float[Tensor, "run reader pos d_model"]:
        """What these readers of one layer read: before their LayerNorm."""
        base = self._base[:, None]
        changes = self._changes[:, : len(self._live)]
        if last is not None:
            base, changes = base[:, :, -last:], changes[:, :, -last:]
        kept = self._kept[:, readers][:, :, self._live].to(changes.dtype)
        added = torch.bmm(kept, changes.flatten(2)).unflatten(2, changes.shape[2:])
        return added.add_(base)

    def _note(self, writer: int, written: Float[Tensor, "run pos d_model"]) -> None:
        """Keep what a writer writes now, less what cut edges read of it."""
        if self._read_by_any[writer]:
            self._changes[:, len(self._live)] = written - self._other[self._pairs, writer]
            self._live.append(writer)
