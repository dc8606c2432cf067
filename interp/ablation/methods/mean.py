"""A component that writes what it writes on average."""

from collections.abc import Iterable
from dataclasses import dataclass

from jaxtyping import Int
from torch import Tensor

from interp.ablation.means import REFERENCE_PUZZLES, ReferenceMeans
from interp.ablation.methods.method import FillingMethod
from interp.ablation.needs import MeansOver, Need, structures_of
from interp.ablation.rows import RowOutputs
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle


@dataclass(frozen=True)
class Mean(FillingMethod):
    """The component writes its mean output at each position, over reference puzzles in the same order of the
    grids (:mod:`interp.ablation.means`)."""

    name = "mean"
    label = "mean"
    help = (
        f"It writes its mean output at each position, over {REFERENCE_PUZZLES} puzzles of the bank in this"
        " puzzle's order of the grids, tasks in turn."
    )
    badge = "x̄"
    done = "put at its mean"

    def over(self, order: str) -> str:
        return f"Means: over {REFERENCE_PUZZLES} puzzles of all tasks {order}."

    def clause(self, what: str) -> str:
        return f"with {what} at the mean"

    def needs(self, puzzles: Iterable[Puzzle]) -> tuple[Need, ...]:
        return tuple(map(MeansOver, structures_of(puzzles)))

    def outputs(
        self, means: ReferenceMeans, model: PuzzleGPT, prompt: Int[Tensor, "row pos"]
    ) -> RowOutputs | None:
        return means.mean_rows(model, prompt)
