"""Experiments to try on this model and puzzle; their answers fill in below the board."""

import numpy as np
import streamlit as st

from app.live import fragment
from app.live.experiments import Tried, tried
from app.state.scene import Scene
from app.state.session import change, now, of_this_model
from app.widgets import experiments
from app.widgets.experiments import Card
from app.widgets.palette import PALETTES
from interp.ablation import parse_ablation
from interp.analyses.experiments import notebook_experiments
from interp.analyses.narration import Outcome
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.engine.answers import Prediction
from interp.grids import CELLS


def show(scene: Scene, backend: Backend) -> None:
    """Draw the cards."""
    st.header("Experiments", anchor=False)
    experiments.show(
        _cards(scene, backend),
        _notebook(scene, backend),
        scene.ablation.text,
        key=_key(scene),
        colors=PALETTES[scene.palette],
        on_choose=of_this_model(lambda text: _ablate(text, backend)),
    )


def news(scene: Scene, backend: Backend) -> fragment.Told:
    """What is new of them."""
    return {_key(scene): experiments.news(_cards(scene, backend), key=_key(scene))}


def _cards(scene: Scene, backend: Backend) -> list[Card]:
    clean = backend.ask(scene.model, PredictionOf(scene.puzzle))
    return [card(scene, one, clean) for one in tried(scene, backend)]


def _key(scene: Scene) -> str:
    return scene.key("experiments")


def card(scene: Scene, one: Tried, clean: Prediction) -> Card:
    """An experiment with what came of it, in the answer that is shown: greedy or teacher-forced."""
    found, run = one.experiment, one.answer
    if run is None:
        return Card(found.ablation.text, found.name, found.look_for)
    cells = (run.greedy if scene.answer == "greedy" else run.teacher_forced)[0]
    outcome = Outcome.of(scene.puzzle, clean, run, scene.answer)
    told = outcome.in_short
    if outcome.copies:
        third = scene.puzzle.structure.name.split()[2]
        told = f"{outcome.broken} break; equals {third} in {outcome.like_third} of {CELLS}"
    wrong = np.flatnonzero(cells != scene.puzzle.grids[3].ravel()).tolist()
    return Card(found.ablation.text, found.name, found.look_for, told, cells, wrong)


def _notebook(scene: Scene, backend: Backend) -> list[Card]:
    cfg = backend.model(scene.model).cfg
    return [Card(one.ablation.text, one.name, one.look_for) for one in notebook_experiments(cfg)]


def _ablate(text: str, backend: Backend) -> None:
    change(ablation=parse_ablation(text, backend.model(now().model).cfg))
