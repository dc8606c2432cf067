"""The puzzle and the model's answers to it, side by side, and how they are shown."""

import streamlit as st

from app.state.scene import Scene
from app.state.session import change
from app.views.shared import puzzle_panels
from app.widgets import loss_readout, narration, puzzle_strip
from app.widgets.controls import choice
from app.widgets.export_menu import button
from app.widgets.palette import PALETTES
from app.widgets.puzzle_strip import Look, Panel
from interp.analyses.narration import narrate
from interp.engine.answers import Decoding, Prediction
from interp.errors import brief
from interp.grids import CELLS
from interp.model import Config

ANSWERS: dict[Decoding, str] = {"greedy": "greedy", "teacher-forced": "teacher-forced"}
ANSWER_HELP = (
    "Greedy: the model draws by itself; each cell follows from the cells that it drew before. Teacher-forced:"
    " each cell given the true cells before it, as the loss is measured; one mistake does not lead to the"
    " next."
)
PALETTE_NAMES = {"soft": "soft", "original": "original", "safe": "colour-blind-safe"}
assert set(PALETTE_NAMES) == set(PALETTES)
LONGEST_TITLE = 26
"""Letters of what is ablated above its answer."""


def show(scene: Scene, cfg: Config, clean: Prediction, ablated: Prediction | None) -> None:
    """Draw the strip, what became of the answer in a sentence, the losses, and how it is shown."""
    sentence = narrate(scene.puzzle, scene.ablation, clean, ablated, decoding=scene.answer, cfg=cfg)
    puzzle_strip.show(
        _panels(scene, clean, ablated),
        key="strip",
        look=Look(scene.palette, scene.digits),
        cell=scene.answer_cell,
        filename=f"puzzle-{scene.puzzle.id}",
        summary=sentence,
        on_cell=lambda cell: change(cell=3 * CELLS + cell, view="from"),
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="answer-line"):
        with st.container(width="stretch"):
            narration.show(sentence)
        _switches(scene)
    loss_readout.show(clean, ablated)


def _panels(scene: Scene, clean: Prediction, ablated: Prediction | None) -> list[Panel]:
    model = puzzle_panels.answer("Model", scene.puzzle, clean, scene.answer, opens="gap")
    panels = [*puzzle_panels.grids(scene.puzzle), model]
    if ablated is None:
        return [*panels, Panel("Ablated", None, note="ablate a component below")]
    title = f"Ablated: {brief(scene.ablation.text, LONGEST_TITLE)}"
    off = puzzle_panels.answer(title, scene.puzzle, ablated, scene.answer, compared=model.cells)
    return [*panels, off]


def _switches(scene: Scene) -> None:
    choice.segmented(
        "Answer",
        ANSWERS,
        scene.answer,
        key="answer",
        on_change=lambda answer: change(answer=answer),
        help=ANSWER_HELP,
    )
    button.show("answer", "the answer")
    with st.popover("View", key="view", icon=":material/palette:"):
        choice.select(
            "Colours",
            PALETTE_NAMES,
            scene.palette,
            key="palette",
            on_change=lambda palette: change(palette=palette),
        )
        choice.toggle("Digits", scene.digits, key="digits", on_change=lambda digits: change(digits=digits))
