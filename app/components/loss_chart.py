"""What each attention layer is worth on the workbench: the sweep, computed for the scene, and its chart."""

from typing import get_args

import streamlit as st

from app.components import chart_controls, layer_chart
from app.scene import SAMPLES, Scene, change, now
from interp.ablation import Component, Term
from interp.backend import Backend
from interp.predict import Metric
from interp.puzzles import Puzzle
from interp.sweep import SweepState, components_of

_METRIC, _SAMPLE, _CHART = "chart-metric", "chart-sample", "chart"


def show_controls(scene: Scene) -> None:
    """Draw the choice of the loss's cut and of the puzzles."""
    with st.container(horizontal=True, gap="small"):
        chart_controls.show_measure(
            scene.metric,
            key=_METRIC,
            measures=get_args(Metric),
            on_change=lambda chosen: change(metric=chosen),
        )
        chart_controls.show_sample(
            scene.sample, SAMPLES, key=_SAMPLE, on_change=lambda chosen: change(sample=chosen)
        )


def show(scene: Scene, backend: Backend) -> None:
    """Compute the sweep, with a progress bar where it takes time, and draw it."""
    layers = components_of(backend.model(scene.model).cfg, ["attn"])
    clean, *rows = _sweep(scene, backend, _puzzles(scene, backend), layers).rows
    layer_chart.show(
        rows,
        clean,
        scene.metric,
        "attn",
        scene.ablation.components,
        key=f"{_CHART}-{scene.model}-{scene.metric}-{scene.sample}-{scene.ablation.text}",
        on_click=_toggle,
    )


def _puzzles(scene: Scene, backend: Backend) -> list[Puzzle]:
    if scene.sample == 1:
        return [scene.puzzle]
    return list(backend.bank().filter(task=scene.puzzle.task, structure=scene.structure).limit(scene.sample))


def _sweep(scene: Scene, backend: Backend, puzzles: list[Puzzle], layers: list[Component]) -> SweepState:
    bar = st.progress(0.0, text="Switching off each attention layer in turn") if scene.sample > 1 else None
    for state in backend.sweep(scene.model, puzzles, layers):
        if bar is not None:
            bar.progress(
                state.fraction, text=f"Switching off each attention layer in turn: {state.fraction:.0%}"
            )
    if bar is not None:
        bar.empty()
    return state


def _toggle(part: Component) -> None:
    ablation = now().ablation
    change(ablation=ablation.without(part) if part in ablation.components else ablation.with_term(Term(part)))
