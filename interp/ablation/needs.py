"""What must be known before puzzles can be run with a method: frozen values, each its own cache key.

A method names its needs (:meth:`interp.ablation.Method.needs`); whoever computes them gives all together as
one :class:`interp.ablation.ReferenceMeans`: the backend, which keeps what is worth keeping, or
:func:`means_by` for one's own programs.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from interp.ablation.constants import constants_of
from interp.ablation.means import ReferenceMeans, bank_means, bank_patterns
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle, PuzzleSet
from interp.resumable import Steps
from interp.tokens import Structure


@dataclass(frozen=True)
class Need(ABC):
    """Attributes:
    kept: whether it takes long enough to be kept.
    """

    kept: ClassVar[bool] = True

    @abstractmethod
    def steps(self, model: PuzzleGPT, bank: PuzzleSet) -> Steps[None, ReferenceMeans]:
        """Compute it.

        Args:
            bank: the puzzle bank.

        Raises:
            PuzzlescopeError: if it cannot be had.
        """


@dataclass(frozen=True)
class MeansOver(Need):
    """The mean outputs in puzzles of this order of the grids."""

    structure: Structure

    def steps(self, model: PuzzleGPT, bank: PuzzleSet) -> Steps[None, ReferenceMeans]:
        return bank_means.steps(model, bank, [self.structure])


@dataclass(frozen=True)
class PatternsOver(Need):
    """The mean attention patterns in puzzles of this order of the grids."""

    structure: Structure

    def steps(self, model: PuzzleGPT, bank: PuzzleSet) -> Steps[None, ReferenceMeans]:
        return bank_patterns.steps(model, bank, [self.structure])


@dataclass(frozen=True)
class TrainedConstants(Need):
    """The constants that lie beside the model's weights."""

    kept = False

    def steps(self, model: PuzzleGPT, bank: PuzzleSet) -> Steps[None, ReferenceMeans]:
        yield from ()  # it is done in one step
        return ReferenceMeans(model.checkpoint_id, constants=constants_of(model))


def structures_of(puzzles: Iterable[Puzzle]) -> tuple[Structure, ...]:
    """The orders of the grids among these puzzles."""
    return tuple(dict.fromkeys(puzzle.structure for puzzle in puzzles))
