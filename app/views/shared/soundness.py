"""A model whose answers are not finite numbers, as after a training that diverged: that is said once, at the
top of a page."""

import numpy as np
import streamlit as st

from app.state.scene import LONGEST_OFF, Scene
from app.widgets.text import escape_markdown
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.engine.answers import Prediction
from interp.errors import brief


def show(scene: Scene, backend: Backend) -> None:
    """Say so if the answers to the puzzle on screen are not finite, in the clean run or with what is off."""
    sentence = warning(backend.ask(scene.model, PredictionOf(scene.puzzle)))
    if not sentence and scene.ablation:
        found = backend.ask(scene.model, PredictionOf(scene.puzzle, scene.ablation))
        sentence = warning(found, f"With {brief(scene.ablation.text, LONGEST_OFF)} ablated, this")
    if sentence:
        st.warning(escape_markdown(sentence), icon=":material/warning:")


def warning(prediction: Prediction, whose: str = "This") -> str:
    """A sentence about a prediction whose numbers are not finite; nothing if they all are."""
    losses = np.concatenate([prediction.loss.marker, prediction.loss.cells.ravel()])
    bad = int((~np.isfinite(losses)).sum())
    if not bad and np.isfinite(prediction.probabilities).all():
        return ""
    counted = f"{bad} of the {len(losses)} losses on the answer are" if bad else "some of its chances are"
    return (
        f"{whose} model's answers are not finite numbers: on this puzzle {counted} infinite or not a number."
        " Its weights have grown beyond what can be computed with, as in a training that diverged. What"
        " follows from them is left empty."
    )
