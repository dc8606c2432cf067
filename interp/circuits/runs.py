"""Runs of a model cut down to a circuit: edges outside read something else.

The residual stream before every LayerNorm is a sum of writes, so what a reader reads can be put together for
it alone: what all its writers write in the other run, and for each edge of the circuit what its writer writes
now less that. With all edges this is the clean run, with none the run that edges outside read.

A writer all of whose own edges are cut is computed from what the cut edges read; where these are a run of the
model (the pair's other one), it writes what it wrote there, and is not computed again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from interp.circuits.gradients import normalized
from interp.circuits.graph import Graph
from interp.circuits.writes import Fill, fill_of, prompts, reference
from interp.engine.contrast import Contrast
from interp.engine.forward import Weights, embed, unembed
from interp.grids import CELLS
from interp.pairs import Pair
from interp.puzzles import PuzzleSet
from interp.resumable import Steps

Masks = Bool[np.ndarray, "run reader writer"]


@dataclass(frozen=True)
class Ends:
    """What the whole model and the circuit of no edge make of some pairs.

    Attributes:
        whole: the metric with no edge cut, in logits, mean over the pairs.
        empty: with every edge cut.
        right: of each pair, whether the whole model answers its base right.
    """

    whole: float
    empty: float
    right: tuple[bool, ...]


class CircuitRuns:
    """Runs of some pairs' bases in which only a circuit's edges are of that run.

    All that the writers write is kept for each pair: 23 MB for the default model.

    Args:
        pairs: of which the base is run; the prompts as :func:`interp.circuits.writes.prompts` has them.
        fill, bank: what edges outside read (:func:`interp.circuits.writes.fill_of`).
        first_only: the metric is taken at the first contrast cell only.
        answers: the cells of the answer that the runs are given; left out, the bases' own.
        other: what edges outside read, of every pair, where that is known already.

    Attributes:
        pairs: as given.
        answers: the right colours of the bases' answers.
        ends: of these pairs, once somebody has worked them out (:func:`interp.circuits.finder.ends_of`).
    """

    def __init__(
        self,
        weights: Weights,
        pairs: Sequence[Pair],
        fill: Fill = "pair",
        bank: PuzzleSet | None = None,
        *,
        first_only: bool = False,
        answers: Int[np.ndarray, "pair 100"] | None = None,
        other: Float[Tensor, "pair writer pos d_model"] | None = None,
    ):
        self.weights, self.graph, self.pairs = weights, Graph(weights.cfg), tuple(pairs)
        self.answers: Int[np.ndarray, "pair 100"] = np.stack(
            [pair.base.grids[3].ravel().astype(np.int64) for pair in pairs]
        )
        self.ends: Ends | None = None
        self._fill, self._a_run = fill, fill in ("pair", "resample")
        self._contrasts = [Contrast.of(pair, first_only=first_only) for pair in pairs]
        own = [None] * len(pairs) if answers is None else answers
        tokens = [prompts(pair, answer)[0] for pair, answer in zip(pairs, own, strict=True)]
        embedded = torch.from_numpy(np.stack(tokens)).to(weights.model.device)
        self._embedded = embed(weights.model, embedded)
        if other is None:
            each = zip(pairs, own, strict=True)
            other = torch.stack([fill_of(weights, pair, fill, bank, answer=one) for pair, one in each])
        self._other = other

    @classmethod
    def begun(
        cls, weights: Weights, pairs: Sequence[Pair], fill: Fill = "pair", bank: PuzzleSet | None = None
    ) -> Steps[None, "CircuitRuns"]:
        """The same as steps, with a pause after every run that is needed first. A mean over the same puzzles
        is taken once."""
        found: dict[Any, Tensor] = {}
        keys = []
        for number, pair in enumerate(pairs):
            keys.append(reference(pair, bank) if fill == "mean" and bank is not None else number)
            if keys[-1] not in found:
                found[keys[-1]] = yield from fill_of.steps(weights, pair, fill, bank)
        return cls(weights, pairs, fill, bank, other=torch.stack([found[key] for key in keys]))

    def given(self, pair: int, answer: Int[np.ndarray, " 100"]) -> "CircuitRuns":
        """The runs of one of the pairs alone, given other cells of the answer. The pair's other run is given
        the same, so that it still differs in what was asked only."""
        known = None if self._fill == "pair" else self._other[pair : pair + 1]
        return CircuitRuns(
            self.weights, self.pairs[pair : pair + 1], self._fill, answers=answer[None], other=known
        )

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
