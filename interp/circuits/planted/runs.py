"""Runs of a planted circuit (:mod:`interp.model.planted`), some of whose edges may be cut.

Every reader is given a sum of its own: a constant in the place of all edges that are not of the planted
circuit, and of each of its edges what the writer writes, or what a cut edge reads. Only writers that somebody
reads are computed. It is slower than what :mod:`interp.circuits.runs` and its like do for a model in which
all read the same stream, and says of a planted circuit what they say of such a model.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from interp.circuits.graph import Graph
from interp.engine.forward import embed, unembed
from interp.grids import CELLS
from interp.model import Block, PuzzleGPT
from interp.model.planted import Means

Writes = Float[Tensor, "writer pos d_model"]

ROWS = 8
"""Runs in one pass."""


class PlantedPass:
    """One pass of some rows, all layers. What is the same in all rows, as far up as nothing is cut, is
    computed for one.

    Args:
        tokens: of the rows' prompts, or of the one prompt of all.
        embedded: what the embedding writes; left out, that of the tokens.
        kept: which edges are not cut, for each row; left out, none is.
        other: what a cut edge reads; needed if any may be cut.
        recording: whether gradients at what readers read will be asked for.
        means: of these tokens, where they are known already.

    Attributes:
        inputs: what each reader reads, by its number, before its LayerNorm; of readers of what nobody hears,
            nothing.
        written: what each writer writes, by its number, if somebody reads it.
        z: what each head hands on, before W_O, and the values it moves (for its number).
        logits: that predict the answer's cells.
    """

    def __init__(
        self,
        model: PuzzleGPT,
        tokens: Int[Tensor, "#row pos"],
        *,
        embedded: Float[Tensor, "row pos d_model"] | None = None,
        kept: Bool[np.ndarray, "row reader writer"] | None = None,
        other: Float[Tensor, "#row writer pos d_model"] | None = None,
        recording: bool = False,
        means: Means | None = None,
    ):
        assert (kept is None) == (other is None)
        self._model, self._graph = model, Graph(model.cfg)
        self._means, self._recording = means or Means(model, tokens), recording
        self._planted: Bool[np.ndarray, "reader writer"] = self._means.kept.cpu().numpy()
        self._heard = [bool(own.any()) for own in self._planted.T]
        self._kept, self._other = kept, other
        self._changes: dict[int, Tensor] = {}
        self.inputs: dict[int, Tensor] = {}
        self.written: dict[int, Tensor] = {}
        self._note(0, embed(model, tokens) if embedded is None else embedded)
        for layer, block in enumerate(model.blocks):
            assert isinstance(block, Block)
            self._heads(layer, block)
            self._mlp(layer, block)
        (read,) = self._given([len(self._graph.readers) - 1])
        logits = unembed(model, read[:, -CELLS:])
        rows = max(len(one) for one in (logits, tokens, kept, embedded) if one is not None)
        self.logits: Float[Tensor, "row 100 vocab"] = logits.expand(rows, -1, -1)

    def _heads(self, layer: int, block: Block) -> None:
        first, inputs = self._graph.head(layer, 0), self._graph.inputs(layer).start
        chosen = [h for h in range(self._model.cfg.n_heads) if self._heard[first + h]]
        if not chosen:
            return
        attn = block.attn
        read = self._given([inputs + 3 * h + number for h in chosen for number in range(3)])
        normal = [block.ln1.plain(one) for one in read]
        for place, h in enumerate(chosen):
            q, k, v = (
                one @ W[h]
                for one, W in zip(
                    normal[3 * place : 3 * place + 3], (attn.W_Q, attn.W_K, attn.W_V), strict=True
                )
            )
            rows = max(len(q), len(k), len(v))
            q, k, v = (own.expand(rows, -1, -1)[:, None] for own in (q, k, v))
            z = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=attn.scale)
            self._note(first + h, z[:, 0] @ attn.W_O[h])

    def _mlp(self, layer: int, block: Block) -> None:
        writer = self._graph.mlp(layer)
        if self._heard[writer]:
            (read,) = self._given([self._graph.mlp_input(layer)])
            hidden = torch.relu(block.ln2.plain(read) @ block.mlp.W_in + block.mlp.b_in)
            self._note(writer, hidden @ block.mlp.W_out + block.mlp.b_out)

    def _note(self, writer: int, written: Float[Tensor, "row pos d_model"]) -> None:
        if self._heard[writer]:
            self.written[writer] = written
            if self._other is not None:
                self._changes[writer] = written - self._other[:, writer]

    def _given(self, readers: list[int]) -> list[Float[Tensor, "row pos d_model"]]:
        """What readers of one layer read."""
        below = self._graph.below[readers[0]]
        instead = self._means.instead(readers, below)[self._means.which]
        for place, reader in enumerate(readers):
            read = instead[:, place]
            for writer in np.flatnonzero(self._planted[reader]).tolist():
                read = read + self._carried(reader, writer)
            if self._recording and not read.requires_grad:
                read.requires_grad_()
            self.inputs[reader] = read
        return [self.inputs[reader] for reader in readers]

    def _carried(self, reader: int, writer: int) -> Float[Tensor, "row pos d_model"]:
        """What an edge of the planted circuit carries."""
        if self._other is None or self._kept is None:
            return self.written[writer]
        kept = self._kept[:, reader, writer]
        if kept.all():
            return self.written[writer]
        if not kept.any():
            return self._other[:, writer]
        factor = torch.tensor(kept).to(self._other)[:, None, None]
        return self._other[:, writer] + factor * self._changes[writer]


def kept_edges(model: PuzzleGPT) -> Bool[np.ndarray, "reader writer"]:
    """The edges of a model: of the circuit that is planted in it, or else all."""
    if model.planted is None:
        return Graph(model.cfg).possible
    found: Bool[np.ndarray, "reader writer"] = (model.planted.kept > 0.5).cpu().numpy()
    return found


def planted_writes(
    model: PuzzleGPT, tokens: Int[Tensor, " pos"]
) -> tuple[Float[Tensor, "writer pos d_model"], Float[Tensor, "100 vocab"]]:
    """What the writers of a planted circuit write in the run of one prompt, 0 where nobody reads it; and the
    logits that predict the answer's cells."""
    one = PlantedPass(model, tokens[None])
    first = next(iter(one.written.values()))
    found = first.new_zeros(len(Graph(model.cfg).writers), *first.shape[1:])
    for writer, written in one.written.items():
        found[writer] = written[0]
    return found, one.logits[0]


class PlantedRuns:
    """Runs of a planted circuit on some prompts, each cut down to some of its edges.

    Args:
        bases: the tokens of the prompts.
        other: what cut edges read, of each prompt.
    """

    def __init__(self, model: PuzzleGPT, bases: Int[np.ndarray, "pair pos"], other: Sequence[Writes]):
        self._model, self._other = model, list(other)
        self._tokens = torch.from_numpy(bases).to(model.device)
        self._means: dict[int, Means] = {}  # by the marker that tells the order of the grids

    @torch.inference_mode()
    def each(self, masks: Bool[np.ndarray, "run reader writer"], pair: int) -> Float[Tensor, "run 100 vocab"]:
        """The logits that predict the answer's cells, of one prompt, cut down to each of some circuits."""
        tokens, other, found = self._tokens[pair][None], self._other[pair][None], list[Tensor]()
        marker = int(tokens[0, 1])
        if marker not in self._means:
            self._means[marker] = Means(self._model, tokens)
        for kept in (masks[first : first + ROWS] for first in range(0, len(masks), ROWS)):
            one = PlantedPass(self._model, tokens, kept=kept, other=other, means=self._means[marker])
            found.append(one.logits)
        return torch.cat(found)
