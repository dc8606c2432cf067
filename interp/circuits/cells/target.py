"""What is explained at a cell: the lead of one colour over another, or over all."""

import re
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from interp.errors import PuzzlescopeError, brief
from interp.grids import N_COLORS, SIZE
from interp.pairs import Pair
from interp.tokens import cell_name, token_name

RUNNER_UP, CENTRED = "runner-up", "centred"


@dataclass(frozen=True)
class CellTarget:
    """A sum of logits at one cell: that of a colour less that of another, or less the mean of all colours.

    Attributes:
        toward: the colour; left out, the token that the model predicts.
        over: the other one; left out, the likeliest of the other tokens.
        centred: compared with the mean of the eleven colours in place of another one.

    Raises:
        PuzzlescopeError: if there is no such colour, or both are the same.
    """

    toward: int | None = None
    over: int | None = None
    centred: bool = False

    def __post_init__(self) -> None:
        for token in (self.toward, self.over):
            if token is not None and not 0 <= token < N_COLORS:
                raise PuzzlescopeError(
                    f"A target names colours by their numbers, 0 to {N_COLORS - 1}, got {token}."
                )
        if self.toward is not None and self.toward == self.over:
            raise PuzzlescopeError("A colour has no lead over itself: choose two different colours.")
        if self.centred and self.over is not None:
            raise PuzzlescopeError("A target is centred or compared with one colour, not both.")

    @classmethod
    def parse(cls, text: str) -> "CellTarget":
        """Of a text: ``runner-up`` for the predicted token less the likeliest other, ``centred`` for it less
        the mean colour, or colours by their numbers: ``3-0``, or one of them left out, as ``3-`` and ``-0``;
        ``3-centred``.

        Raises:
            PuzzlescopeError: if it reads otherwise, or as for the class.
        """
        match = re.fullmatch(rf"(\d{{1,2}})?-(\d{{1,2}}|{CENTRED})?", text, re.ASCII)
        if text in (RUNNER_UP, CENTRED):
            return cls(centred=text == CENTRED)
        if match is None or text == "-":
            raise PuzzlescopeError(
                f"Expected a target as {RUNNER_UP}, {CENTRED} or two colours such as 3-0, got"
                f" '{brief(text)}'."
            )
        toward, over = match.groups()
        if over == CENTRED:
            return cls(int(toward) if toward else None, centred=True)
        return cls(int(toward) if toward else None, int(over) if over else None)

    @property
    def text(self) -> str:
        """What :meth:`parse` reads."""
        toward = "" if self.toward is None else str(self.toward)
        if self.centred:
            return f"{toward}-{CENTRED}" if toward else CENTRED
        over = "" if self.over is None else str(self.over)
        return f"{toward}-{over}" if toward or over else RUNNER_UP

    def tokens(self, logits: Float[Tensor, " vocab"]) -> tuple[int, int | None]:
        """The two tokens in a run with these logits at the cell; ``None`` for the mean of all colours."""
        order = [int(token) for token in logits.argsort(descending=True, stable=True)]
        toward = next(token for token in order if token != self.over) if self.toward is None else self.toward
        if self.centred:
            return toward, None
        return toward, next(token for token in order if token != toward) if self.over is None else self.over

    def weights(self, logits: Float[Tensor, " vocab"]) -> Float[Tensor, " vocab"]:
        """What each logit counts in a run with these logits at the cell."""
        toward, over = self.tokens(logits)
        found = torch.zeros_like(logits)
        if over is None:
            found[:N_COLORS] = -1 / N_COLORS
        else:
            found[over] = -1
        found[toward] += 1
        return found


RUNNER = CellTarget()
"""What the model predicts, over the runner-up: what is explained unless something else is asked for."""


def words_of(toward: int, over: int | None) -> str:
    """What is compared, as ``red over blank``."""
    return f"{token_name(toward)} over {'the mean colour' if over is None else token_name(over)}"


def over_pair(pair: Pair, cell: int) -> CellTarget:
    """The right colour at a cell of a pair's base over that of its counterfactual.

    Raises:
        PuzzlescopeError: if the two answers are the same there.
    """
    own, other = (int(end.grids[3].flat[cell]) for end in (pair.base, pair.counterfactual))
    if own == other:
        raise PuzzlescopeError(
            f"The answers of this puzzle's pair are both {token_name(own)} at {cell_name(cell)}: choose a"
            " cell in which they differ, or another target."
        )
    return CellTarget(own, other)


def parse_cell(text: str) -> int:
    """The number of a cell of the answer, 0..99, from its row and column, as ``7,2`` or ``r7c2``.

    >>> parse_cell("7,2"), parse_cell("r10c10")
    (61, 99)

    Raises:
        PuzzlescopeError: if it reads otherwise, or lies outside the grid.
    """
    match = re.fullmatch(r"r?(\d{1,2})(?:\s*,\s*|c)(\d{1,2})", text.strip(), re.ASCII)
    row, column = (int(one) for one in match.groups()) if match else (0, 0)
    if not (1 <= row <= SIZE and 1 <= column <= SIZE):
        raise PuzzlescopeError(
            f"Expected a cell of the answer as ROW,COLUMN, both 1 to {SIZE}, such as 7,2; got"
            f" '{brief(text)}'."
        )
    return SIZE * (row - 1) + column - 1
