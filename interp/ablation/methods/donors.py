"""Outputs from another run: of another puzzle of the same kind, or of the pair's other end.

Both are one mechanism. A donor is a puzzle in the same order of the grids, so that positions mean the same,
and the component writes at each position what it writes there in the donor's run, which is of the whole
puzzle with its true answer. Chan et al. (2022, "Causal scrubbing") and others call the first resample
ablation; the second is what activation patching from a counterfactual run does.
"""

import zlib
from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int
from torch import Tensor

from interp.ablation.means import ReferenceMeans
from interp.ablation.methods.method import FillingMethod, Method, NumberedMethod, Parameter
from interp.ablation.needs import Need
from interp.ablation.rows import RowOutputs
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.pairs import Kind, pair_for
from interp.puzzles import Puzzle, PuzzleSet
from interp.resumable import Steps
from interp.tokens import ANSWER_START

MOST_SEEDS = 999
ENDS: tuple[Kind, ...] = ("rule", "task", "input")
"""The kinds of pairs whose other run is taken: the first that a puzzle has."""


@dataclass(frozen=True)
class DonorMethod(FillingMethod):
    """A method that takes outputs from another run."""

    @abstractmethod
    def donor(self, puzzle: Puzzle, bank: PuzzleSet) -> Puzzle:
        """The puzzle whose run it takes them from.

        Raises:
            PuzzlescopeError: if there is none.
        """

    def needs(self, puzzles: Iterable[Puzzle]) -> tuple[Need, ...]:
        return (Donors(self, tuple(puzzles)),)

    def outputs(
        self, means: ReferenceMeans, model: PuzzleGPT, prompt: Int[Tensor, "row pos"]
    ) -> RowOutputs | None:
        return means.donor_rows(model, prompt, self)


@dataclass(frozen=True)
class Donors(Need):
    """Which run a method takes outputs from, for each of these puzzles."""

    method: DonorMethod
    puzzles: tuple[Puzzle, ...]
    kept = False

    def steps(self, model: PuzzleGPT, bank: PuzzleSet) -> Steps[None, ReferenceMeans]:
        donors: dict[bytes, bytes] = {}
        for puzzle in self.puzzles:
            donors[puzzle.cells[: ANSWER_START - 1]] = self.method.donor(puzzle, bank).cells
            yield None
        return ReferenceMeans(model.checkpoint_id, donors={self.method: donors})


@dataclass(frozen=True)
class Resample(NumberedMethod, DonorMethod):
    """The component writes what it writes in another puzzle of the same task and order of the grids, which
    ``number`` draws from the bank: other numbers draw other puzzles, until all have been drawn. If the bank
    has no other puzzle of the task, one of any task is taken."""

    name = "resample"
    label = "resample"
    help = (
        "It writes what it writes in another puzzle of the bank of the same task and order of the grids; the"
        " number draws which."
    )
    badge = "⇄{}"
    done = "resampled (draw {})"
    parameter = Parameter("Which draw of another puzzle", "as draw", least=0, most=MOST_SEEDS, usual=0)
    draws = True

    @classmethod
    def form(cls) -> str:
        return f"{cls.name}[=N]"

    @classmethod
    def parse(cls, text: str, where: str) -> Method | None:
        return super().parse(f"{text}={cls.parameter.usual}" if text == cls.name else text, where)

    def over(self, order: str) -> str:
        return f"Outputs of another puzzle of the same task {order}: draw {self.number}."

    def clause(self, what: str) -> str:
        return f"with {what} resampled (draw {self.number})"

    def donor(self, puzzle: Puzzle, bank: PuzzleSet) -> Puzzle:
        alike = bank.filter(task=puzzle.task, structure=puzzle.structure)
        others = [one for one in alike if one.cells != puzzle.cells] or [
            one for one in bank.filter(structure=puzzle.structure) if one.cells != puzzle.cells
        ]
        if not others:
            raise PuzzlescopeError(
                f"The bank has no other puzzle in the order {puzzle.structure.name} to resample from: choose"
                " another method."
            )
        # The same on every machine, and another order of them all for each puzzle.
        order = np.random.default_rng(zlib.crc32(puzzle.cells)).permutation(len(others))
        return others[order[self.number % len(others)]]


@dataclass(frozen=True)
class PairEnd(DonorMethod):
    """The component writes what it writes in the run of the puzzle's counterfactual, in which only the rule
    differs (:func:`interp.pairs.pair_for`); of a puzzle whose rule cannot be another, the task or the input
    (:data:`ENDS`)."""

    name = "pair"
    label = "pair"
    help = (
        "It writes what it writes in the pair's other run: the same third grid after the example of another"
        " rule (of another task, or with another third grid, where the rule cannot change)."
    )
    badge = "⇋"
    done = "as in the pair's other run"

    def over(self, order: str) -> str:
        return "Outputs of the pair's other run: the same third grid after another rule."

    def clause(self, what: str) -> str:
        return f"with {what} as in the pair's other run"

    def donor(self, puzzle: Puzzle, bank: PuzzleSet) -> Puzzle:
        first: PuzzlescopeError | None = None
        for kind in ENDS:
            try:
                return pair_for(puzzle, kind).counterfactual
            except PuzzlescopeError as error:
                first = first or error
        assert first is not None
        raise first
