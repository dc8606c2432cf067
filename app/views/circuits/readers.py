"""Composition and path ablation side by side, and whether the two agree."""

from math import inf, isfinite

import streamlit as st

from app.live import fragment, sweeps
from app.live.watching import Seen, look_in, watched
from app.state.heads import roles_of
from app.state.scene import Scene, samples_for
from app.state.session import change, choose, chosen, of_this_model
from app.views.circuits.choices import PAGE
from app.widgets import terms
from app.widgets.charts import composition, path_effects
from app.widgets.controls import measure_and_sample
from interp.ablation import Component, components_of
from interp.analyses.ablation_sweep import Sweep, cost
from interp.analyses.composition import CompositionScores
from interp.analyses.path_ablation import PathAblation, PathState
from interp.analyses.readers import Reader
from interp.backend import Backend
from interp.engine.measures import MEASURES, Measure
from interp.figures.scale import in_words

GROUP = "paths"

INTRODUCTION = (
    "**Which later components use what {source} writes?** {why} Two answers. By weights: which of them listen"
    " to it. By effect: which of them the answer needs it to reach. Click a reader to ask the same of it."
)


def show(scene: Scene, backend: Backend) -> None:
    """Draw both views; that by effect fills up while it is measured."""
    terms.markdown(introduction(scene, backend))

    def under_way() -> bool:
        return look(scene, backend).progress is not None

    def draw_readers() -> None:
        _draw(scene, backend)

    fragment.show(draw_readers, scene=scene, page=PAGE, under_way=under_way, groups=[GROUP], alone=True)


def source_of(scene: Scene, backend: Backend) -> Component:
    """The component whose readers are looked for: the costliest attention layer, unless another is chosen."""
    source: Component | None = chosen(PAGE)["source"]
    return costliest(scene, backend)[0] if source is None else source


def costliest(scene: Scene, backend: Backend) -> tuple[Component, float]:
    """The attention layer that costs most to ablate besides what is ablated, and what it costs: nats more of
    loss on this puzzle's final grid. Some tenths of a second the first time."""
    layers = tuple(components_of(backend.model(scene.model).cfg, ["attn"]))
    sweep = Sweep((scene.puzzle,), layers, scene.ablation, sweeps.sweep_method(scene))
    clean, *rows = backend.ask(scene.model, sweep).common()
    costs = {row.component: cost(row, clean, "final") for row in rows if row.component is not None}
    known = {layer: found if isfinite(found) else -inf for layer, found in costs.items()}
    dearest = max(known, key=lambda layer: known[layer])
    return dearest, known[dearest]


def introduction(scene: Scene, backend: Backend) -> str:
    """The question, of the component at hand, with what is known of it."""
    source = source_of(scene, backend)
    role = roles_of(backend, scene.model).by_component.get(source)
    why = "" if role is None else f"Its role: {role.words.replace(': ', ', ')}."
    if chosen(PAGE)["source"] is None:
        told = in_words(costliest(scene, backend)[1], "final").removeprefix("costs ")
        why = f"It is the attention layer that costs this puzzle's answer most when ablated, {told}."
    return INTRODUCTION.format(source=source.text, why=why)


def measure_of(scene: Scene) -> Measure:
    """By what a path's effect is measured: a single path hardly ever breaks a cell, so in place of the cells
    it is the loss on the final grid."""
    return "final" if scene.measure == "wrong" else scene.measure


def look(scene: Scene, backend: Backend) -> Seen[PathState]:
    """How far the path ablation is: of the chosen source, over the scene's puzzles, added to current
    ablation."""
    source, puzzles, method = (
        source_of(scene, backend),
        sweeps.puzzles_of(scene, backend),
        sweeps.sweep_method(scene),
    )
    question = PathAblation(tuple(puzzles), source, scene.ablation, method)
    return look_in(GROUP, (scene.model, question), lambda: backend.watch(scene.model, question))


def _draw(scene: Scene, backend: Backend) -> None:
    own, seen, cfg = chosen(PAGE), look(scene, backend), backend.model(scene.model).cfg
    source, follow = source_of(scene, backend), of_this_model(_follow)
    off = list(scene.ablation.components)
    key = "readers"
    _controls(scene, backend, source)
    scores = backend.ask(scene.model, CompositionScores())
    weights, effects = st.columns(2, gap="medium")
    with weights:
        composition.show(
            scores,
            source,
            own["input"],
            cfg,
            off,
            key=key,
            on_reader=follow,
            on_input=lambda name: choose(PAGE, input=name),
        )
    with effects:
        path_effects.show(
            seen.state,
            source,
            cfg,
            measure_of(scene),
            off,
            progress=seen.progress,
            stopped=seen.stopped,
            key=f"{key}-paths",
            on_reader=follow,
            on_stop=lambda: watched().stop(GROUP),
            on_again=lambda: watched().forget(GROUP),
        )
    if seen.state is not None:
        path_effects.show_agreement(
            scores,
            seen.state,
            measure_of(scene),
            key=f"{key}-agreement",
            on_reader=follow,
        )


def _controls(scene: Scene, backend: Backend, source: Component) -> None:
    cfg = backend.model(scene.model).cfg
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        composition.show_source(
            source,
            cfg,
            key=scene.key("circuits-source"),
            on_change=of_this_model(lambda part: choose(PAGE, source=part)),
        )
        measure_and_sample.show_sample(
            scene.sample,
            samples_for(scene.puzzle),
            key="circuits-sample",
            on_change=lambda sample: change(sample=sample),
        )
        measure_and_sample.show_measure(
            measure_of(scene),
            key="circuits-measure",
            on_change=lambda measure: change(measure=measure),
            measures=[measure for measure in MEASURES if measure != "wrong"],
        )


def _follow(reader: Reader) -> None:
    """Ask who reads this reader, if it writes."""
    if reader.component is not None:
        choose(PAGE, source=reader.component)
