"""The workbench: pick a puzzle, ablate components, see what changes."""

import streamlit as st

from app.views import frame
from app.views.shared import attention
from app.views.workbench import answer, board, export
from app.views.workbench.choices import CHOICES, PAGE
from interp.analyses.prediction import PredictionOf

ABOUT = (
    "A small GPT sees one example of a rule, X → f(X), and a new grid; it must draw the answer cell by cell."
    " Take it apart and see what breaks."
)

scene, backend, room = frame.opened(PAGE, CHOICES, "Puzzlescope", ABOUT, has_board=True)
clean = backend.ask(scene.model, PredictionOf(scene.puzzle))
ablated = backend.ask(scene.model, PredictionOf(scene.puzzle, scene.ablation)) if scene.ablation else None
answer.show(scene, backend.model(scene.model).cfg, clean, ablated)
with room:
    export.show(scene, backend, clean, ablated)
parts, heads = st.columns([10, 11], gap="medium")
with parts:
    board.show(scene, backend)
with heads:
    attention.show(scene, backend)
