"""The workbench: pick a puzzle, switch parts of the model off, see what changes."""

import streamlit as st

from app.state.backend import backend as shared_backend
from app.state.session import current_scene, show_notices
from app.views.shared import attention as looking
from app.views.shared import header
from app.views.workbench import answer
from app.views.workbench import board as worth
from app.views.workbench import export as share
from interp.analyses.prediction import PredictionOf


def page() -> None:
    backend = shared_backend()
    scene = current_scene(backend)
    room_for_share = header.show(scene, backend, "Puzzlescope", ABOUT)
    show_notices()
    clean = backend.ask(scene.model, PredictionOf(scene.puzzle))
    ablated = backend.ask(scene.model, PredictionOf(scene.puzzle, scene.ablation)) if scene.ablation else None
    answer.show(scene, clean, ablated)
    with room_for_share:
        share.show(scene, backend, clean, ablated)
    st.divider()
    parts, heads = st.columns([10, 11], gap="medium")
    with parts:
        worth.show(scene, backend)
    with heads:
        looking.show(scene, backend)


ABOUT = (
    "A small GPT sees one example of a rule, X → f(X), and a new grid; it must draw the answer cell by cell."
    " Take it apart and see what breaks."
)

page()
