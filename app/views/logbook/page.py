"""The logbook, live: each experiment of the original notebook on the model at hand, beside what was
published."""

import streamlit as st

from app.state.backend import backend as shared_backend
from app.state.link import Choice
from app.state.session import current_scene, show_notices
from app.views.logbook import answers as log_answers
from app.views.logbook import cache as log_cache
from app.views.logbook import heads as log_heads
from app.views.logbook import losses as log_losses
from app.views.shared import header
from interp.analyses.notebook import THRESHOLDS
from interp.analyses.published import same_sizes
from interp.errors import PuzzlescopeError, brief
from interp.model import Config


def _threshold(text: str, cfg: Config) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise PuzzlescopeError(f"A threshold is a number between 0 and 1, got '{brief(text)}'.")
    return value


CHOICES = {
    log_heads.name_of(lookback): Choice(default, _threshold) for lookback, default in THRESHOLDS.items()
}


def page() -> None:
    backend = shared_backend()
    scene = current_scene(backend, log_heads.PAGE, CHOICES)
    header.show(scene, backend, "Logbook", ABOUT)
    header.show_off(scene, backend)
    show_notices()
    st.markdown(INTRODUCTION)
    if not same_sizes(backend.model(scene.model).cfg):
        st.caption(OTHER_SIZES)
    log_losses.show(1, scene, backend)
    log_answers.show_marker(2, scene, backend)
    log_heads.show_detectors(3, scene, backend)
    log_heads.show_pattern(4, scene, backend)
    log_answers.show_copy(5, scene, backend)
    log_answers.show_one_by_one(6, scene, backend)
    log_cache.show(7, scene, backend)


ABOUT = "Each experiment of the original notebook, on the model at hand, beside the published figures."
INTRODUCTION = (
    "Puzzlescope began as a notebook, *Attention & Induction Heads*, about one of the published culture"
    " models."
    " Here are its experiments in the order of discovery, computed now on the model chosen above; what is"
    " switched off"
    " there stays off in all of them."
)
OTHER_SIZES = (
    "The published figures are of a model with 12 layers and 37 M parameters, so conclusions can be compared"
    " here, not"
    " numbers. Start the dashboard with PUZZLESCOPE_MODEL=hub:tommyp111/culture-gpt/gpt_000.pth, or the path"
    " of a"
    " downloaded checkpoint, to repeat the notebook on its own model: the deviations are then computed."
)

page()
