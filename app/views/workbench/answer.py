"""The puzzle and the model's answers to it, side by side, and how they are shown."""

import numpy as np
import streamlit as st
from jaxtyping import Float, Int

from app.state.scene import Scene
from app.state.session import change
from app.widgets import loss_readout, puzzle_strip
from app.widgets.controls import echoes
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
        cells = changes(_drawn(clean, scene)[0], _drawn(ablated, scene)[0], scene.puzzle.grids[3].ravel())
    loss_readout.show(clean, ablated, cells)
    _switches(scene)


def _drawn(
    prediction: Prediction, scene: Scene
) -> tuple[Int[np.ndarray, " 100"], Float[np.ndarray, "100 15"]]:
    if scene.answer == "greedy":
        return prediction.greedy[0], prediction.greedy_probabilities[0]
    return prediction.teacher_forced[0], prediction.probabilities[0]


def _panels(scene: Scene, clean: Prediction, ablated: Prediction | None) -> list[Panel]:
    names = scene.puzzle.structure.name.split(" ")
    grids = scene.puzzle.grids.reshape(4, -1)
    truth = grids[3]
    model, chances = _drawn(clean, scene)
    panels = [
        Panel(names[0], grids[0]),
        Panel(names[1], grids[1], opens="→"),
        Panel(names[2], grids[2], opens="gap"),
        Panel(f"{names[3]}, truth", truth, opens="→", answer=True),
        Panel("Model", model, truth, chances, opens="gap"),
    ]
    if ablated is None:
        return [*panels, Panel("Parts off", None, note="switch a part off below")]
    cells, chances = _drawn(ablated, scene)
    return [*panels, Panel("Parts off", cells, truth, chances, compared=model)]


def _switches(scene: Scene) -> None:
    for name in ("answer", "palette", "digits"):
        echoes.show(name, getattr(scene, name))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.segmented_control(
            "Answer",
            list(ANSWERS),
            key="answer",
            required=True,
            label_visibility="collapsed",
            on_change=echoes.hears("answer", lambda: change(answer=st.session_state["answer"])),
        )
        st.caption(ANSWERS[scene.answer], width="stretch")
        st.selectbox(
            "Colours",
            list(PALETTES),
            key="palette",
            format_func=PALETTE_NAMES.__getitem__,
            label_visibility="collapsed",
            width=170,
            on_change=echoes.hears("palette", lambda: change(palette=st.session_state["palette"])),
        )
        st.toggle(
            "Digits",
            key="digits",
            on_change=echoes.hears("digits", lambda: change(digits=st.session_state["digits"])),
        )
