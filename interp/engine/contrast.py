"""The metric of a pair: how far a run is from one end's answer to the other's.

For the cells in which the two answers differ: the logit of one's own right colour less that of the other's
right colour, averaged. Own and other are those of the puzzle whose answer is drawn, so the metric is positive
where a run answers the base, negative where it answers the counterfactual, and nothing that helps both alike
moves it. (Heimersheim and Nanda, 2024, "How to use and interpret activation patching", section 4; Zhang and
Nanda, 2024, "Towards Best Practices of Activation Patching", on why a difference of logits and no
probability.)

Both runs are teacher-forced with the same answer (*equal prefixes*): they differ in what was given, not in
what has been drawn so far. All the same a later cell sees the cells before it, which tell of the answer; the
first cell of contrast sees nothing that does, and can be taken alone.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from interp.errors import PuzzlescopeError
from interp.grids import CELLS
from interp.pairs import Pair


@dataclass(frozen=True, eq=False)  # arrays have no truth value to compare by
class Contrast:
    """The cells in which two answers differ, with both colours.

    Attributes:
        cells: of the answer, 0 to 99, in the order in which they are drawn.
        own: the right colours there.
        other: the other end's.
    """

    cells: Int[np.ndarray, " cell"]
    own: Int[np.ndarray, " cell"]
    other: Int[np.ndarray, " cell"]

    @classmethod
    def of(cls, pair: Pair, *, first_only: bool = False) -> "Contrast":
        """That of a pair, seen from its base.

        Args:
            first_only: only the first cell in which the answers differ.

        Raises:
            PuzzlescopeError: if they differ in none, as in pairs of noise.
        """
        return cls.between(pair.base.grids[3], pair.counterfactual.grids[3], first_only=first_only)

    @classmethod
    def between(
        cls,
        own: UInt8[np.ndarray, "10 10"],
        other: UInt8[np.ndarray, "10 10"],
        *,
        first_only: bool = False,
    ) -> "Contrast":
        """That of two answers.

        Raises:
            PuzzlescopeError: if they are the same.
        """
        cells = np.flatnonzero(own != other)
        if not len(cells):
            raise PuzzlescopeError(
                "Expected two puzzles with different answers, got two with the same: there is no contrast to"
                " measure. Choose a pair of another kind."
            )
        cells = cells[:1] if first_only else cells
        colors = (grid.ravel()[cells].astype(np.int64) for grid in (own, other))
        return cls(cells, *colors)

    def of_logits(self, logits: Float[Tensor, "*batch 100 15"]) -> Float[Tensor, "*batch"]:
        """The metric of runs whose logits predict the answer's 100 cells."""
        cells, own, other = (
            torch.as_tensor(one, device=logits.device) for one in (self.cells, self.own, self.other)
        )
        return (logits[..., cells, own] - logits[..., cells, other]).mean(-1)


def equal_prefixes(pair: Pair) -> UInt8[np.ndarray, "2 404"]:
    """The tokens of both ends, base first, with the base's answer in both: what the two runs are given."""
    tokens = np.stack([pair.base.tokens, pair.counterfactual.tokens])
    tokens[1, -CELLS:] = tokens[0, -CELLS:]
    return tokens
