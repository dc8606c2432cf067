"""The logbook, live: each experiment of the original notebook on the model at hand, beside what was
published."""

from collections.abc import Callable

import streamlit as st

from app.state.scene import Scene
from app.views import frame
from app.views.logbook import answers, cache, contents, export, heads, losses, readers, ways
from app.views.logbook.choices import CHOICES, PAGE, SIGHTS
from app.views.logbook.contents import Section, Verdict
from app.widgets import terms
from interp.analyses.notebook.published import same_sizes
from interp.backend import Backend

ABOUT = "Each experiment of the original notebook, on the model at hand, beside the published figures."
INTRODUCTION = "The experiments of the notebook that this began with, computed now on the model chosen above."
MORE = (
    "Puzzlescope began as a notebook, *Attention & Induction Heads*, about one of the published culture"
    " models. Here are its experiments in the order of discovery; what is ablated above is ablated in all of"
    " them."
)
OTHER_SIZES = (
    "The published figures are of a model with 12 layers and 37 M parameters, so conclusions can be"
    " compared here, not numbers. Start the dashboard with"
    " PUZZLESCOPE_MODEL=hub:tommyp111/culture-gpt/gpt_000.pth, or the path of a downloaded checkpoint, to"
    " repeat the notebook on its own model: the deviations are then computed."
)

EXPERIMENTS: dict[str, Callable[[Section, Scene, Backend], Verdict]] = {
    "Attention layers ablated, one at a time": losses.show,
    "Layer 0 ablated: an answer that is not a grid": answers.show_marker,
    "Heads by attention offset": heads.show_detectors,
    "The attention pattern of a head": heads.show_pattern,
    "One circuit that copies": answers.show_copy,
    "Each attention layer ablated, on one puzzle": answers.show_one_by_one,
    "The cache that was not at fault": cache.show,
    "Two ways to an induction head": ways.show,
    "Multiplying through the residual stream": readers.show,
}
assert {f"experiment-{k + 1}" for k in range(len(EXPERIMENTS))} == SIGHTS.keys()

scene, backend, bar = frame.opened(PAGE, CHOICES, "Logbook", ABOUT)
with bar():
    export.show(scene, backend)
terms.how_to_read(
    INTRODUCTION, MORE if same_sizes(backend.model(scene.model).cfg) else f"{MORE}\n\n{OTHER_SIZES}"
)
top = st.empty()
verdicts: dict[Section, Verdict] = {
    Section(number, title): "pending" for number, title in enumerate(EXPERIMENTS, start=1)
}
for section, show in zip(verdicts, EXPERIMENTS.values(), strict=True):
    with top:
        contents.show(verdicts, scene.ablation)
    with st.container(key=section.anchor, gap="xsmall"):
        verdicts[section] = show(section, scene, backend)
with top:
    contents.show(verdicts, scene.ablation)
