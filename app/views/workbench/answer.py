"""The puzzle and the model's answers to it, side by side, and how they are shown."""

import streamlit as st

from app.state.scene import Scene
from app.state.session import change
from app.views.shared import puzzle_panels
from app.widgets import loss_readout, puzzle_strip
from app.widgets.controls import choice
from app.widgets.palette import PALETTES
from app.widgets.puzzle_strip import Look, Panel, changes
from interp.engine.answers import Decoding, Prediction
from interp.grids import CELLS

ANSWERS: dict[Decoding, str] = {
    "greedy": "Greedy: the model draws by itself; each cell follows from the cells that it drew before.",
    "teacher-forced": "Teacher-forced: each cell given the true cells before it, as the loss is measured;"
    " one mistake does not lead to the next.",
}
PALETTE_NAMES = {"soft": "soft", "original": "original", "safe": "colour-blind-safe"}
assert set(PALETTE_NAMES) == set(PALETTES)


def show(scene: Scene, clean: Prediction, ablated: Prediction | None) -> None:
    """Draw the strip, the losses, and the switches of what the strip shows."""
    puzzle_strip.show(
        _panels(scene, clean, ablated),
        key="strip",
        look=Look(scene.palette, scene.digits),
        cell=scene.answer_cell,
        filename=f"puzzle-{scene.puzzle.id}",
        on_cell=lambda cell: change(cell=3 * CELLS + cell, view="from"),
    )
    cells = None
    if ablated is not None:
        before, after = (puzzle_panels.decoded(run, scene.answer)[0] for run in (clean, ablated))
        cells = changes(before, after, scene.puzzle.grids[3].ravel())
    loss_readout.show(clean, ablated, cells)
    _switches(scene)


def _panels(scene: Scene, clean: Prediction, ablated: Prediction | None) -> list[Panel]:
    model = puzzle_panels.answer("Model", scene.puzzle, clean, scene.answer, opens="gap")
    panels = [*puzzle_panels.grids(scene.puzzle), model]
    if ablated is None:
        return [*panels, Panel("Ablated", None, note="ablate a component below")]
    off = puzzle_panels.answer("Ablated", scene.puzzle, ablated, scene.answer, compared=model.cells)
    return [*panels, off]


def _switches(scene: Scene) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        choice.segmented(
            "Answer",
            list(ANSWERS),
            scene.answer,
            key="answer",
            on_change=lambda answer: change(answer=answer),
        )
        st.caption(ANSWERS[scene.answer], width="stretch")
        choice.select(
            "Colours",
            PALETTE_NAMES,
            scene.palette,
            key="palette",
            on_change=lambda palette: change(palette=palette),
            label_visibility="collapsed",
            width=170,
        )
        choice.toggle("Digits", scene.digits, key="digits", on_change=lambda digits: change(digits=digits))
