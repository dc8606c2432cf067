"""What each attention layer is worth: the loss with that layer off, on a log axis; click a bar to switch it off."""

from typing import Any

import streamlit as st

from app.scene import SAMPLES, Scene, change, now
from interp.ablation import Component, Term
from interp.backend import Backend
from interp.figures import sweep_chart
from interp.predict import METRICS
from interp.puzzles import Puzzle
from interp.sweep import SweepRow, components_of

_METRIC, _SAMPLE, _CHART = "chart-metric", "chart-sample", "chart"


def show_controls(scene: Scene) -> None:
    """Draw the choice of the loss's cut and of the puzzles."""
    st.session_state[_METRIC], st.session_state[_SAMPLE] = scene.metric, scene.sample
    with st.container(horizontal=True, gap="small"):
        st.segmented_control(
            "Loss on",
            list(METRICS),
            key=_METRIC,
            required=True,
            on_change=_choose,
            help=_help(),
            label_visibility="collapsed",
        )
        st.segmented_control(
            "Puzzles",
            SAMPLES,
            format_func=lambda n: "this puzzle" if n == 1 else f"{n} of this task",
            key=_SAMPLE,
            required=True,
            on_change=_choose,
            label_visibility="collapsed",
        )


def _help() -> str:
    return "\n\n".join(f"**{name}**: {meaning}" for name, meaning in METRICS.items())


def _choose() -> None:
    change(metric=st.session_state[_METRIC], sample=st.session_state[_SAMPLE])


def show(scene: Scene, backend: Backend) -> None:
    """Compute the sweep, with a progress bar where it takes time, and draw it."""
    layers = components_of(backend.model(scene.model).cfg, ["attn"])
    puzzles = _puzzles(scene, backend)
    clean, rows = _sweep(scene, backend, puzzles, layers)
    off = [f"L{part.layer}" for part in layers if part in scene.ablation.components]
    figure = sweep_chart(rows, clean, scene.metric, [f"L{part.layer}" for part in layers], hatched=off)
    figure.update_xaxes(title="attention layer switched off")
    # A new chart for each ablation: in an old one a bar stays selected, and a second click on it would only deselect it.
    key = f"{_CHART}-{scene.model}-{scene.metric}-{scene.sample}-{scene.ablation.text}"
    st.plotly_chart(
        figure,
        key=key,
        on_select=lambda: _click(key, layers),
        selection_mode="points",
        config={"displaylogo": False},
    )
    worst = max(rows, key=lambda row: row.loss.mean(scene.metric))
    assert worst.component is not None
    ratio = worst.loss.mean(scene.metric) / max(clean.loss.mean(scene.metric), 1e-12)
    st.caption(
        f"Dotted line: nothing off, {clean.loss.mean(scene.metric):.2e}. "
        f"Layer {worst.component.layer} costs most: {ratio:,.0f} times that. "
        f"{int(clean.solved.sum())} of {len(puzzles)} solved with nothing off, {int(worst.solved.sum())} without it. "
        "Click a bar to switch that layer off or on."
    )


def _puzzles(scene: Scene, backend: Backend) -> list[Puzzle]:
    if scene.sample == 1:
        return [scene.puzzle]
    return list(backend.bank().filter(task=scene.puzzle.task, structure=scene.structure).limit(scene.sample))


def _sweep(
    scene: Scene, backend: Backend, puzzles: list[Puzzle], layers: list[Component]
) -> tuple[SweepRow, list[SweepRow]]:
    bar = st.progress(0.0, text="Switching off each attention layer in turn") if scene.sample > 1 else None
    for state in backend.sweep(scene.model, puzzles, layers):
        if bar is not None:
            bar.progress(
                state.fraction, text=f"Switching off each attention layer in turn: {state.fraction:.0%}"
            )
    if bar is not None:
        bar.empty()
    clean, *rows = state.rows
    return clean, rows


def _click(key: str, layers: list[Component]) -> None:
    selection: Any = st.session_state[key]
    points = selection["selection"]["points"]
    if not points:
        return
    part = layers[points[0]["point_index"]]
    ablation = now().ablation
    change(ablation=ablation.without(part) if part in ablation.components else ablation.with_term(Term(part)))
