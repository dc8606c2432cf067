"""A circuit planted in a model: most connections between its components carry a constant.

The stream before every LayerNorm is a sum of what components write. In a planted model each reader (queries,
keys and values of a head, an MLP, the logits) is given a sum of its own: what a writer writes where the edge
between them is kept, and in the place of all others what they write on average in the model that it was made
of, over puzzles in the same order of the grids. Such a model *is* the circuit of the edges that are kept, so
that it is known what a search should find.

Writers and readers are numbered as in :mod:`interp.circuits.graph`: the embedding, then layer by layer the
heads and the MLP; layer by layer each head's queries, keys and values, then the MLP, at last the logits.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from interp.errors import PuzzlescopeError
from interp.model.config import Config
from interp.tokens import MARKERS, START, STRUCTURES

KIND = "planted circuit"
"""How a config.json calls such a model."""
BUFFERS = "planted."
"""What the names of its tensors begin with."""


class Planted(nn.Module):
    """Which edges are kept, and what is read in the place of the others. All of it is in the model's state
    dict, and thus in its file and its id.

    Attributes:
        kept: 1 where an edge is kept, else 0, ``[reader, writer]``.
        markers: the first marker of the orders of the grids that it has means of.
        tokens: of each of these, how often each token stands at each position.
        z: what each head hands on there on average, before W_O.
        mlp_out: the same of the MLPs.
    """

    kept: Float[Tensor, "reader writer"]
    markers: Float[Tensor, " structure"]
    tokens: Float[Tensor, "structure pos vocab"]
    z: Float[Tensor, "structure layer pos head d_head"]
    mlp_out: Float[Tensor, "structure layer pos d_model"]

    def __init__(self, cfg: Config, n_structures: int):
        super().__init__()
        for name, shape in planted_shapes(cfg, n_structures).items():
            self.register_buffer(name, torch.zeros(shape, dtype=torch.float32))

    def structures(self, tokens: Int[Tensor, "batch pos"]) -> list[int]:
        """Which of its orders of the grids each row is in, by the marker that its first grid has.

        Raises:
            PuzzlescopeError: if one is in none.
        """
        known = [round(marker) for marker in self.markers.tolist()]
        starts = tokens[:, :2].tolist()
        for start in starts:
            if len(start) < 2 or start[0] != START or start[1] not in MARKERS:
                raise PuzzlescopeError(
                    "A planted circuit reads means by the order of the grids: expected tokens that begin"
                    f" with {START} and a marker ({MARKERS[0]} to {MARKERS[-1]}), got {start}."
                )
            if start[1] not in known:
                names = {structure.markers[0]: structure.name for structure in STRUCTURES}
                raise PuzzlescopeError(
                    "This planted circuit has means of puzzles in the order"
                    f" {' and '.join(names[marker] for marker in known)}, and this one is"
                    f" {names[start[1]]}: ask about others, or plant it with means of that order too."
                )
        return [known.index(start[1]) for start in starts]


def planted_shapes(cfg: Config, n_structures: int) -> dict[str, tuple[int, ...]]:
    """The shape of each of its tensors in a model of these sizes."""
    n, layers, heads = n_structures, cfg.n_layers, cfg.n_heads
    return {
        "kept": (layers * (3 * heads + 1) + 1, layers * (heads + 1) + 1),
        "markers": (n,),
        "tokens": (n, cfg.n_ctx, cfg.d_vocab),
        "z": (n, layers, cfg.n_ctx, heads, cfg.d_head),
        "mlp_out": (n, layers, cfg.n_ctx, cfg.d_model),
    }


class Means:
    """What every writer writes on average at the first positions, for each order of the grids among some
    rows.

    Args:
        model: with a circuit planted in it.
        tokens: of the rows, start token included.
    """

    def __init__(self, model: Any, tokens: Int[Tensor, "batch pos"]):
        own: Planted = model.planted
        rows = own.structures(tokens)
        self.kept = own.kept > 0.5
        self.known = sorted(set(rows))
        self.which = torch.tensor([self.known.index(row) for row in rows], device=tokens.device)
        self._model, self._own, self._n = model, own, tokens.shape[1]
        self._kept = [row.nonzero()[:, 0].tolist() for row in self.kept.cpu()]
        self._found: dict[int, Tensor] = {}
        self._sums: dict[int, Tensor] = {}

    def of_writer(self, writer: int) -> Float[Tensor, "structure pos d_model"]:
        """What one writer writes."""
        if writer not in self._found:
            self._found[writer] = self._mean(writer)
        return self._found[writer]

    def instead(self, readers: Sequence[int], below: int) -> Float[Tensor, "structure reader pos d_model"]:
        """What readers are given in the place of all writers whose edges into them are not kept.

        Args:
            below: how many writers they come after.
        """
        found = self._sum(below)[:, None].repeat(1, len(readers), 1, 1)
        for place, reader in enumerate(readers):
            for writer in self._kept[reader]:
                found[:, place] -= self.of_writer(writer)
        return found

    def _sum(self, below: int) -> Float[Tensor, "structure pos d_model"]:
        """What the first writers write together: the embedding, and all of some layers, or of the last of
        them only the heads."""
        if below not in self._sums:
            layer, part = divmod(below - 1, self._own.z.shape[3] + 1)
            if below == 1:
                self._sums[below] = self.of_writer(0)
            elif part == 0:
                self._sums[below] = self._sum(below - 1) + self.of_writer(below - 1)
            else:
                W_O: Tensor = self._model.blocks[layer].attn.W_O
                z = self._own.z[self.known, layer, : self._n].flatten(2)
                self._sums[below] = self._sum(below - part) + z @ W_O.flatten(0, 1)
        return self._sums[below]

    def _mean(self, writer: int) -> Float[Tensor, "structure pos d_model"]:
        model, own, n = self._model, self._own, self._n
        if writer == 0:
            embedded: Tensor = own.tokens[self.known, :n] @ model.W_E + model.W_pos[:n]
            return embedded
        layer, part = divmod(writer - 1, own.z.shape[3] + 1)
        if part == own.z.shape[3]:
            return own.mlp_out[self.known, layer, :n]
        W_O: Tensor = model.blocks[layer].attn.W_O
        return own.z[self.known, layer, :n, part] @ W_O[part]


class Reads:
    """One pass of a planted model: what has been written so far, and what each reader is given of it.

    What a hook has changed in the stream, which is the sum of all that was written, is changed as much in
    what every later reader reads.

    Args:
        embedded: what the embedding writes.
    """

    def __init__(
        self,
        model: Any,
        tokens: Int[Tensor, "batch pos"],
        embedded: Float[Tensor, "batch pos d_model"],
    ):
        self.means = Means(model, tokens)
        self._kept: list[list[bool]] = self.means.kept.tolist()
        self._heard: list[bool] = self.means.kept.any(0).tolist()
        self._heads: int = model.planted.z.shape[3]
        self._written: dict[int, Tensor] = {0: embedded}
        self._count, self._total = 1, embedded

    def heads(
        self, layer: int, stream: Float[Tensor, "batch pos d_model"]
    ) -> tuple[Float[Tensor, "batch pos head d_model"], ...]:
        """What the heads of a layer read as queries, as keys and as values."""
        first = layer * (3 * self._heads + 1)
        readers = range(first, first + 3 * self._heads)
        found = self._given(readers, stream)
        return tuple(found[:, :, number::3] for number in range(3))

    def mlp(
        self, layer: int, stream: Float[Tensor, "batch pos d_model"]
    ) -> Float[Tensor, "batch pos d_model"]:
        """What the MLP of a layer reads."""
        return self._given([(layer + 1) * (3 * self._heads + 1) - 1], stream)[:, :, 0]

    def logits(self, stream: Float[Tensor, "batch pos d_model"]) -> Float[Tensor, "batch pos d_model"]:
        """What the logits are made of."""
        return self._given([len(self._kept) - 1], stream)[:, :, 0]

    def add_heads(
        self, result: Float[Tensor, "batch pos head d_model"], total: Float[Tensor, "batch pos d_model"]
    ) -> None:
        """Note what the heads of a layer have written, and the sum of it."""
        for head in range(self._heads):
            self._note(result[:, :, head])
        self._total = self._total + total

    def add_mlp(self, out: Float[Tensor, "batch pos d_model"]) -> None:
        """Note what an MLP has written."""
        self._note(out)
        self._total = self._total + out

    def _note(self, written: Tensor) -> None:
        if self._heard[self._count]:
            self._written[self._count] = written
        self._count += 1

    def _given(
        self, readers: Sequence[int], stream: Float[Tensor, "batch pos d_model"]
    ) -> Float[Tensor, "batch pos reader d_model"]:
        moved = (stream - self._total)[:, :, None]  # by hooks
        instead = self.means.instead(readers, self._count)[self.means.which].transpose(1, 2)
        parts = []
        for place, reader in enumerate(readers):
            kept = [own for writer, own in self._written.items() if self._kept[reader][writer]]
            parts.append(sum(kept, instead[:, :, place]))
        return torch.stack(parts, 2) + moved
