"""Activation patching between the two ends of a pair that differs in one thing (:mod:`interp.pairs`).

Both runs are given one answer, the base's, cell by cell; so all in which they differ is what the pair differs
in. Between the same two runs a patch can go either way. *Noising*: an activation of the counterfactual's run
is put into the base's; where that breaks the base's answer, it was needed. *Denoising*: an activation of the
base's run is put into the counterfactual's; where that brings the base's answer back, it is enough. Neither
follows from the other: of two parts that do the same, none is needed and each is enough. (Heimersheim and
Nanda, 2024, "How to use and interpret activation patching", section 2.)

*Metric.* The mean, over the cells at which the right answers of the two ends differ, of the logit of the
target's colour less that of the source's (:mod:`interp.engine.contrast`). All positions patched give exactly
the other run, effect 1; none patched the run as it was, effect 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from interp.ablation import NO_ABLATION, Ablation, Need, ReferenceMeans
from interp.analyses.ablation_sweep import ROWS
from interp.analyses.activation_patching import (
    EFFECT_LINES,
    Cells,
    Detail,
    PatchState,
    activation_patching,
    cell_lines,
)
from interp.analyses.activation_patching import Kind as Patched
from interp.analyses.question import Question, means_over
from interp.export.programs import puzzle_program
from interp.model import PuzzleGPT
from interp.pairs import Pair
from interp.puzzles import Puzzle, puzzle_name
from interp.resumable import Steps, resumable

Direction = Literal["noising", "denoising"]
"""Which way activations are copied between the two runs."""

DIRECTIONS: Mapping[Direction, str] = {
    "noising": "The counterfactual's activations are put into this puzzle's run: what breaks the answer was"
    " needed for it.",
    "denoising": "This puzzle's activations are put into the counterfactual's run: what brings the answer"
    " back is enough for it.",
}
"""What each of them tells."""
assert set(DIRECTIONS) == set(get_args(Direction))


def ends_of(pair: Pair, direction: Direction) -> tuple[Puzzle, Puzzle]:
    """The puzzle whose run is patched, and that whose run it is patched from."""
    if direction == "noising":
        return pair.base, pair.counterfactual
    return pair.counterfactual, pair.base


@resumable
def patch_pair(
    model: PuzzleGPT,
    pair: Pair,
    kind: Patched = "resid_pre",
    direction: Direction = "noising",
    *,
    detail: Detail = "grids",
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
    rows: int = ROWS,
) -> Steps[PatchState, PatchState]:
    """Patch every activation of a kind between the ends of a pair.

    Args:
        direction: noising patches the base's run, denoising the counterfactual's.
        detail, ablation, means, rows: as in :func:`activation_patching`.

    Yields:
        The state once, at the start: it fills up. Then ``None``. Its ``contrast_cells`` are those to measure
        at; there are none if both ends have one answer, as with noise.

    Raises:
        PuzzlescopeError: if the grids of the two ends stand in different orders: positions do not align.
    """
    target, source = ends_of(pair, direction)
    return (
        yield from activation_patching.steps(
            model,
            target.tokens,
            source.tokens,
            kind,
            prefix="target" if direction == "noising" else "source",
            detail=detail,
            ablation=ablation,
            means=means,
            rows=rows,
        )
    )


@dataclass(frozen=True)
class PairPatching(Question[PatchState]):
    """Activation patching between the ends of a pair (see :func:`patch_pair`). The state fills up."""

    pair: Pair
    kind: Patched = "resid_pre"
    direction: Direction = "noising"
    detail: Detail = "grids"
    ablation: Ablation = NO_ABLATION

    @property
    def means_over(self) -> tuple[Need, ...]:
        return means_over([self.pair.base, self.pair.counterfactual], self.ablation)

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[PatchState, PatchState]:
        return patch_pair.steps(
            model,
            self.pair,
            self.kind,
            self.direction,
            detail=self.detail,
            ablation=self.ablation,
            means=means,
        )

    def program(self, model: str, *, cell: Cells | None = None, seed: int = 0) -> str:
        """The effect of every patch, over the contrast cells or at others.

        Args:
            cell: of the answer, 0..99, or several; left out, the contrast cells.
            seed: with which the pair was made (:func:`interp.pairs.pair_for`).
        """
        options = [f"kind={self.kind!r}"]
        options += [f"direction={self.direction!r}"] if self.direction != "noising" else []
        options += [f"detail={self.detail!r}"] if self.detail != "grids" else []
        options += ["ablation=off"] if self.ablation else []
        options += ["means=means"] if self.ablation.needs_means else []
        given = f"{self.pair.kind!r}" + (f", seed={seed:d}" if seed else "")
        where = ["cell = state.contrast_cells"] if cell is None else cell_lines(cell)
        return puzzle_program(
            model,
            puzzle_name(self.pair.base),
            self.ablation,
            [
                f"state = patch_pair(model, pair, {', '.join(options)})",
                *where,
                *EFFECT_LINES,
            ],
            setup=[f"pair = pair_for(puzzle, {given})"],
        )
