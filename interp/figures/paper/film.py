"""The logit lens on paper: a grid a stage."""

from collections.abc import Sequence

from interp.analyses.logit_lens import LogitLens
from interp.figures.paper.grids import Grid, Strip

ACROSS = 7
"""Stages in a line of a page; in a column half as many."""


def film(lens: LogitLens, palette: Sequence[str] | None = None, *, digits: bool = False) -> Strip:
    """What the model would answer after every stage, cells that are wrong outlined; then the truth.
    Beside a stage's name stands how many cells are right.

    Args:
        palette, digits: as :class:`interp.figures.paper.grids.Strip` has them.
    """
    stages = zip(lens.stages, lens.tokens, lens.right.sum(1).tolist(), strict=True)
    grids = [Grid(stage, cells, lens.truth, note=str(right)) for stage, cells, right in stages]
    return Strip([*grids, Grid("truth", lens.truth, opens="gap")], palette, digits, ACROSS)
