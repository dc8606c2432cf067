"""The workbench: pick a puzzle, ablate components, see what changes."""

import streamlit as st

from app.views import frame
from app.views.shared import attention
from app.views.workbench import alone, answer, board, compare, desk, effects, export, pair, tour
from app.views.workbench.choices import CHOICES, PAGE
from app.widgets import skip_links
from app.widgets.skip_links import Target

ABOUT = (
    "A small GPT sees one example of a rule, X → f(X), and a new grid; it must draw the answer cell by cell."
    " Take it apart and see what breaks."
)

WAYS = (
    Target("the answer", "a", "strip", within=".panel:not(.blank)"),
    Target("the ablation board", "b", "board"),
    Target("the attention of the heads", "h", "grid-attention"),
)

skip_links.show(WAYS)
scene, backend, bar = frame.opened(
    PAGE, CHOICES, "Puzzlescope", ABOUT, sentence=tour.SENTENCE, last=tour.invite, has_board=True
)
alone.show(scene)
answers = answer.ask(scene, backend)
rooms = answer.show(scene, backend, answers)
desk.show(scene, backend, answers.now)
pair.show(scene, backend)
with bar():
    export.show(scene, backend, answers)
parts, heads = st.columns([10, 11], gap="medium")
with parts:
    board.show(scene, backend)
with heads:
    with st.container(key="attention", gap="xsmall"):
        attention.show(scene, backend)
    with st.container(key="effects", gap="xsmall"):
        effects.show(scene, backend)
if rooms is not None:
    compare.show_other(scene, backend, rooms)
tour.show(scene, backend, answers.clean, answers.ablated)
