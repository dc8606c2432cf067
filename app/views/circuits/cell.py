"""The logit lens and direct logit attribution, at a cell of the answer."""

from collections.abc import Callable
from functools import partial

import numpy as np
from jaxtyping import Bool

from app.state.scene import Scene, first_changed
from app.state.session import change, choose, chosen, of_this_model
from app.views.circuits.choices import PAGE
from app.views.shared import puzzle_panels
from app.widgets import lens_film, puzzle_strip, terms
from app.widgets.charts import attribution
from app.widgets.export_menu import button
from app.widgets.puzzle_strip import Look
from interp.analyses.activation_patching import Cells
from interp.analyses.direct_attribution import AttributionOf
from interp.analyses.logit_lens import LensOf
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.grids import CELLS


def cell_of(scene: Scene) -> int:
    """The cell of the answer that is looked at; the first that changes where the scene's is not one of the
    answer."""
    cell = scene.answer_cell
    return first_changed(scene.puzzle) - 3 * CELLS if cell is None else cell


def look_at(cell: int) -> None:
    """Choose a cell of the answer; for callbacks."""
    change(cell=3 * CELLS + cell, view="from")


def show_puzzle(
    scene: Scene,
    backend: Backend,
    on_cell: Callable[[int], None] = look_at,
    cells: Cells | None = None,
    marked: Bool[np.ndarray, "4 10 10"] | None = None,
) -> None:
    """Draw the puzzle and the answer in the run that is looked into: a click chooses the cell.

    Args:
        cells: that is chosen, where it is another than the scene's; of several none is ringed.
        marked: the cells that differ from the counterfactual's.
    """
    chosen = cell_of(scene) if cells is None else cells
    run = backend.ask(scene.model, PredictionOf(scene.puzzle, scene.ablation))
    title = "Ablated" if scene.ablation else "Model"
    answer = puzzle_panels.answer(title, scene.puzzle, run, "teacher-forced", opens="gap")
    puzzle_strip.show(
        [*puzzle_panels.grids(scene.puzzle, marked), answer],
        key="circuits-strip",
        look=Look(scene.palette, scene.digits),
        cell=chosen if isinstance(chosen, int) else None,
        on_cell=on_cell,
    )


def show_lens(scene: Scene, backend: Backend) -> None:
    """Draw the film of the logit lens."""
    lens_film.show(
        backend.ask(scene.model, LensOf(scene.puzzle, scene.ablation)),
        key="film",
        look=Look(scene.palette, scene.digits),
        ablation=scene.ablation,
        cell=cell_of(scene),
        on_cell=look_at,
        tools=partial(button.show, "lens", "the logit lens"),
    )


def show_attribution(scene: Scene, backend: Backend) -> None:
    """Draw every component's push at the cell."""
    own = chosen(PAGE)
    attribution.show(
        backend.ask(scene.model, AttributionOf(scene.puzzle, scene.ablation)),
        key="dla",
        cell=cell_of(scene),
        part=own["part"] or None,
        tokens=(own["toward"], own["over"]),
        on_part=of_this_model(lambda part: choose(PAGE, part=part)),
        on_cell=of_this_model(look_at),
        on_tokens=lambda tokens: choose(PAGE, toward=tokens[0], over=tokens[1]),
    )
    terms.caption(
        "Click a bar or a tile to see what that component pushes at all cells; click a cell to look at it."
    )
