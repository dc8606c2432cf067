"""A component that writes the constant that costs least."""

from collections.abc import Iterable
from dataclasses import dataclass

from jaxtyping import Int
from torch import Tensor

from interp.ablation.means import ReferenceMeans
from interp.ablation.methods.method import FillingMethod
from interp.ablation.needs import MeansOver, Need, TrainedConstants, structures_of
from interp.ablation.rows import RowOutputs
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle


@dataclass(frozen=True)
class Optimal(FillingMethod):
    """The component writes the constant that costs least, trained beforehand
    (:mod:`interp.ablation.constants`)."""

    name = "optimal"
    label = "optimal"
    splits = False
    help = (
        "It writes the constant that was found to cost least: zero, its mean in this order of the grids, or a"
        " trained value."
    )
    badge = "★"
    done = "put at its optimal constant"

    def over(self, order: str) -> str:
        return "Constants: trained beforehand to cost least over puzzles of all tasks and orders."

    def clause(self, what: str) -> str:
        return f"with {what} at the optimal constant"

    def needs(self, puzzles: Iterable[Puzzle]) -> tuple[Need, ...]:
        return (TrainedConstants(), *map(MeansOver, structures_of(puzzles)))

    def outputs(
        self, means: ReferenceMeans, model: PuzzleGPT, prompt: Int[Tensor, "row pos"]
    ) -> RowOutputs | None:
        return means.constant_rows(model, prompt)
