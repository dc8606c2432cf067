"""What methods put in the place of what a model computes, chosen for the rows of a batch.

A method that replaces an output has a value for it at every position: a mean, a constant, or what the
component writes in another run. Which it is differs from row to row, by the puzzle's order of the grids or by
the puzzle itself; :class:`RowOutputs` says which row is given which.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Outputs:
    """An output for every component at every position of a puzzle, start token included."""

    z: Float[Tensor, "layer 405 head d_head"]
    attn_out: Float[Tensor, "layer 405 d_model"]
    mlp_out: Float[Tensor, "layer 405 d_model"]

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        return self.z.nbytes + self.attn_out.nbytes + self.mlp_out.nbytes

    def like(self, weight: Tensor) -> "Outputs":
        """The same in a weight's precision and on its device."""
        z, attn_out, mlp_out = (one.to(weight) for one in (self.z, self.attn_out, self.mlp_out))
        return replace(self, z=z, attn_out=attn_out, mlp_out=mlp_out)


@dataclass(frozen=True, eq=False)
class RowOutputs:
    """What one method puts in place of outputs in the rows of a batch.

    Attributes:
        parts: the different values among them.
        which: number of each row's among these.
    """

    parts: tuple[Outputs, ...]
    which: Int[Tensor, " row"]

    def __getitem__(self, rows: Int[Tensor, " chosen"]) -> "RowOutputs":
        """Those of some of the rows."""
        return RowOutputs(self.parts, self.which[rows])

    def times(self, n: int) -> "RowOutputs":
        """Those of ``n`` such batches, one after the other."""
        return RowOutputs(self.parts, self.which.repeat(n))

    def z(self, layer: int, here: slice) -> Float[Tensor, "row pos head d_head"]:
        """What the heads of a layer write instead at these positions. One row for all, if all have the
        same."""
        return self._chosen([part.z[layer, here] for part in self.parts])

    def attn_out(self, layer: int, here: slice) -> Float[Tensor, "row pos d_model"]:
        """The same of the attention as a whole."""
        return self._chosen([part.attn_out[layer, here] for part in self.parts])

    def mlp_out(self, layer: int, here: slice) -> Float[Tensor, "row pos d_model"]:
        """The same of the MLP."""
        return self._chosen([part.mlp_out[layer, here] for part in self.parts])

    def _chosen(self, values: list[Tensor]) -> Tensor:
        return values[0][None] if len(values) == 1 else torch.stack(values)[self.which]


@dataclass(frozen=True, eq=False)
class RowPatterns:
    """The mean attention patterns for the rows of a batch, each by the structure of its puzzle.

    Attributes:
        parts: those of the structures among them.
        which: number of each row's among these.
    """

    parts: tuple[Float[Tensor, "layer head 405 405"], ...]
    which: Int[Tensor, " row"]

    def __getitem__(self, rows: Int[Tensor, " chosen"]) -> "RowPatterns":
        """Those of some of the rows."""
        return RowPatterns(self.parts, self.which[rows])

    def times(self, n: int) -> "RowPatterns":
        """Those of ``n`` such batches, one after the other."""
        return RowPatterns(self.parts, self.which.repeat(n))

    def of_head(self, layer: int, head: int, start: int, end: int) -> Float[Tensor, "row query key"]:
        """Where a head looks on average from the positions ``start`` to ``end``, at those before ``end``. One
        row for all, if all have the same."""
        found = [part[layer, head, start:end, :end] for part in self.parts]
        return found[0][None] if len(found) == 1 else torch.stack(found)[self.which]


@dataclass(frozen=True, eq=False)
class RowMeans:
    """What methods put in place in the rows of a batch.

    Attributes:
        outputs: of each method that fills outputs in, what it fills in.
        patterns: the mean patterns, if a method needs them.
    """

    outputs: Mapping[Hashable, RowOutputs] = field(default_factory=dict)
    patterns: RowPatterns | None = None

    def __getitem__(self, rows: Int[Tensor, " chosen"]) -> "RowMeans":
        """Those of some of the rows."""
        patterns = None if self.patterns is None else self.patterns[rows]
        return RowMeans({method: own[rows] for method, own in self.outputs.items()}, patterns)

    def times(self, n: int) -> "RowMeans":
        """Those of ``n`` such batches, one after the other."""
        patterns = None if self.patterns is None else self.patterns.times(n)
        return RowMeans({method: own.times(n) for method, own in self.outputs.items()}, patterns)
