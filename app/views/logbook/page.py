"""The logbook, live: each experiment of the original notebook on the model at hand, beside what was
published."""

import streamlit as st

from app.views import frame
from app.views.logbook import answers, cache, export, heads, losses
from app.views.logbook.choices import CHOICES, PAGE
from interp.analyses.published import same_sizes

ABOUT = "Each experiment of the original notebook, on the model at hand, beside the published figures."
INTRODUCTION = (
    "Puzzlescope began as a notebook, *Attention & Induction Heads*, about one of the published culture"
    " models. Here are its experiments in the order of discovery, computed now on the model chosen above;"
    " what is ablated there is ablated in all of them."
)
OTHER_SIZES = (
    "The published figures are of a model with 12 layers and 37 M parameters, so conclusions can be"
    " compared here, not numbers. Start the dashboard with"
    " PUZZLESCOPE_MODEL=hub:tommyp111/culture-gpt/gpt_000.pth, or the path of a downloaded checkpoint, to"
    " repeat the notebook on its own model: the deviations are then computed."
)

scene, backend, room = frame.opened(PAGE, CHOICES, "Logbook", ABOUT, INTRODUCTION)
with room:
    export.show(scene, backend)
if not same_sizes(backend.model(scene.model).cfg):
    st.caption(OTHER_SIZES)
losses.show(1, scene, backend)
answers.show_marker(2, scene, backend)
heads.show_detectors(3, scene, backend)
heads.show_pattern(4, scene, backend)
answers.show_copy(5, scene, backend)
answers.show_one_by_one(6, scene, backend)
cache.show(7, scene, backend)
