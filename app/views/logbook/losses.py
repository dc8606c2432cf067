"""The notebook's first experiment: the loss with each attention layer ablated, over 64 puzzles."""

import numpy as np
import pandas as pd
import streamlit as st

from app.live import fragment
from app.live.watching import Seen, look_in, watched
from app.state.scene import Scene
from app.state.session import notify, of_this_model
from app.views.logbook import experiment
from app.views.logbook.choices import PAGE
from app.views.logbook.contents import TAGS, Section, Verdict, verdict_of
from app.views.shared.switching import switch
from app.widgets.charts import layer_chart
from app.widgets.controls.progress import show_progress
from interp.ablation import REFERENCE_PUZZLES, Component, Term, components_of
from interp.analyses.ablation_sweep import Sweep, SweepRow, SweepState
from interp.analyses.notebook import published
from interp.backend import Backend
from interp.errors import PuzzlescopeError
from interp.export.programs import Sample
from interp.numbers import NOT_FINITE, short, times
from interp.puzzles import PuzzleSet

_GROUP, _PUBLIC = "logbook-losses", "logbook-public"
QUESTION = (
    "Which attention layers does the model need? Each is zeroed in turn, and the loss on the last grid is"
    f" measured over {REFERENCE_PUZZLES} puzzles of all tasks. Most cells are merely copied; what a layer"
    " does for the few that change hardly shows in this mean."
)


def show(section: Section, scene: Scene, backend: Backend) -> Verdict:
    """Draw the section; the chart fills up while it is measured."""
    experiment.heading(section, QUESTION)

    def under_way() -> bool:
        return _look(scene, backend).progress is not None

    def draw_losses() -> None:
        _draw(scene, backend)

    fragment.show(draw_losses, scene=scene, page=PAGE, under_way=under_way, groups=[_GROUP])
    found = _found(_look(scene, backend))
    return "pending" if found is None else verdict_of([found])


def _look(scene: Scene, backend: Backend) -> Seen[SweepState]:
    asked = question(scene, backend)
    return look_in(_GROUP, (scene.model, asked), lambda: backend.watch(scene.model, asked))


def question(scene: Scene, backend: Backend) -> Sweep:
    """What is measured: each attention layer zeroed in turn, over the puzzles of the section."""
    layers = components_of(backend.model(scene.model).cfg, ["attn"])
    return Sweep(tuple(_puzzles(backend)), tuple(layers), scene.ablation)


def _puzzles(backend: Backend) -> PuzzleSet:
    """Those of the bank, or, if this visitor has asked for them, the notebook's own."""
    if st.session_state.get(_PUBLIC):
        return backend.public_puzzles()
    return backend.bank().limit(REFERENCE_PUZZLES)


def _found(seen: Seen[SweepState]) -> published.Finding | None:
    """What came out, once all is measured."""
    if seen.state is None or not seen.state.complete:
        return None
    clean, *ablated = (row.loss.mean("final") for row in seen.state.common())
    return published.layers_finding(clean, ablated)


def _draw(scene: Scene, backend: Backend) -> None:
    seen = _look(scene, backend)
    rows = seen.state.common() if seen.state is not None else []
    here, beside = experiment.columns()
    with here:
        _chart(scene, rows, seen)
    with beside:
        experiment.published(
            f"{short(published.PUBLISHED_CLEAN)} nats in the clean run;"
            f" **{short(published.PUBLISHED_LAYERS[0])}** with layer 0's attention ablated; between"
            f" {short(min(published.PUBLISHED_LAYERS[1:]))} and {short(max(published.PUBLISHED_LAYERS[1:]))}"
            f" with any other's. Layer 0 dominates: it costs {times(published.published_multiple())} × the"
            " next."
        )
        _conclude(scene, backend, rows, seen)


def _chart(scene: Scene, rows: list[SweepRow], seen: Seen[SweepState]) -> None:
    clean, off = (rows[0] if rows else None), list(scene.ablation.components)
    click = of_this_model(switch)
    layer_chart.show(rows[1:], clean, "final", "attn", off, key="log-layers", on_click=click, told="")
    show_progress(
        seen.progress,
        seen.stopped,
        "Measuring",
        key="log",
        on_stop=lambda: watched().stop(_GROUP),
        on_again=lambda: watched().forget(_GROUP),
    )


def _conclude(scene: Scene, backend: Backend, rows: list[SweepRow], seen: Seen[SweepState]) -> None:
    cfg = backend.model(scene.model).cfg
    found = _found(seen)
    if found is None:
        st.markdown(f"{TAGS['pending']} Verdict when the measurement is complete.")
        return
    losses = [row.loss.mean("final") for row in rows]
    experiment.finding(found)
    dearest = rows[1 + int(np.argmax(losses[1:]))].component
    assert dearest is not None
    experiment.go_on(
        scene.link_to(scene.puzzle, scene.ablation.with_term(Term(dearest))),
        question(scene, backend).program(scene.model, sample=Sample(limit=REFERENCE_PUZZLES)),
        key="log-losses",
    )
    if published.same_sizes(cfg) and not scene.ablation:
        _deviations(losses, backend)


def _deviations(losses: list[float], backend: Backend) -> None:
    """The published figures beside ours, and by how much they differ."""
    figures = [published.PUBLISHED_CLEAN, *published.PUBLISHED_LAYERS]
    names = ["nothing", *(Component(layer, "attn").text for layer in range(len(published.PUBLISHED_LAYERS)))]
    table = pd.DataFrame({"off": names, "published": figures, "here": losses})
    table["deviation, %"] = [100 * published.deviation(a, b) for a, b in zip(losses, figures, strict=True)]
    finite = table.replace([np.inf, -np.inf], np.nan)
    st.dataframe(
        finite.style.format(
            {"published": "{:.2e}", "here": "{:.2e}", "deviation, %": "{:+.0f}"}, na_rep=NOT_FINITE
        ),
        hide_index=True,
    )
    which = "the notebook's own 64 puzzles" if st.session_state.get(_PUBLIC) else "64 puzzles of the bank"
    st.caption(f"Measured over {which}.")
    if not st.session_state.get(_PUBLIC):
        st.button(
            "Use the notebook's own puzzles",
            help="The first 64 of the public data set; asks the Hugging Face hub for them.",
            on_click=_ask_hub,
            args=(backend,),
        )


def _ask_hub(backend: Backend) -> None:
    try:
        backend.public_puzzles()
    except PuzzlescopeError as error:
        notify(str(error))
    else:
        st.session_state[_PUBLIC] = True
