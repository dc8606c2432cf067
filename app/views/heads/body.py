"""What every head does: the table and all heads by two measures, the chosen head's spectrum and maps.

Each half is a fragment, which runs again by itself while what it shows is under way; the rest of the page
stays as it is.
"""

from html import escape

import numpy as np
import streamlit as st

from app.live import studies, sweeps
from app.live.watching import LOOK_IN, Seen, watched
from app.state.link import one_of
from app.state.scene import SAMPLES, Scene
from app.state.session import change, choose, chosen, now, of_this_model
from app.widgets import head_offsets
from app.widgets.charts import head_scatter, head_spectrum, head_table
from app.widgets.charts.head_scatter import COST, TITLES
from app.widgets.controls import echoes
from app.widgets.controls import measure_and_sample as chart_controls
from interp.analyses.head_study import OVER, HeadStudy, Over
from interp.backend import Backend
from interp.figures.heads import FROM

PAGE = "heads"
CHOICES = {
    "over": one_of(tuple(OVER), "answer"),
    "x": one_of(tuple(TITLES), "next_one_grid_back"),
    "y": one_of(tuple(TITLES), COST),
}
GROUPS = (studies.GROUP, sweeps.BOARD)
"""What fills up here: where the heads look, and what they cost."""


def show(scene: Scene, backend: Backend) -> None:
    """Draw it all."""
    choices = dict(chosen(PAGE))
    # Of one visitor's work the latest comes first: the study.
    worth, study = studies.head_sweep(scene, backend), studies.head_study(scene, backend)
    looking = study.progress is not None
    busy = looking or worth.progress is not None
    _controls(scene, choices["over"])
    left, right = st.columns([14, 11], gap="medium")
    with left:
        st.fragment(_all, run_every=LOOK_IN if busy else None)(scene, choices, backend, busy)
    with right:
        st.fragment(_one, run_every=LOOK_IN if looking else None)(scene, choices, backend, looking)


def _all(scene: Scene, choices: dict, backend: Backend, busy: bool) -> None:  # type: ignore[type-arg]
    """All heads: the table and the scatter, with what they cost."""
    _up_to_date(scene, choices)
    worth, seen = studies.head_sweep(scene, backend), studies.head_study(scene, backend)
    study = _study(scene, backend, seen)
    measures = measures_of(study, choices["over"], studies.costs(scene, worth.states[0]))
    positions = dict.fromkeys(measures[COST], np.nan) | {
        _name(*head): one for head, one in studies.positions(scene, worth.states[0]).items()
    }
    _progress(scene, seen, study, worth)
    _table(scene, study, measures, positions)
    _scatter(scene, choices, measures, positions, done=not busy)
    if busy != (worth.progress is not None or seen.progress is not None):
        st.rerun()  # begin, or cease, to look in


def _one(scene: Scene, choices: dict, backend: Backend, looking: bool) -> None:  # type: ignore[type-arg]
    """The chosen head: its spectrum and its maps."""
    _up_to_date(scene, choices)
    seen = studies.head_study(scene, backend)
    _head(scene, backend, _study(scene, backend, seen), choices["over"])
    if looking != (seen.progress is not None):
        st.rerun()


def _up_to_date(scene: Scene, choices: dict) -> None:  # type: ignore[type-arg]
    if now() != scene or chosen(PAGE) != choices:
        st.rerun()  # something was clicked here: it concerns the link and the other half


def _study(scene: Scene, backend: Backend, seen: Seen[HeadStudy]) -> HeadStudy:
    """What is known, or a study that knows nothing yet."""
    return seen.state or HeadStudy(backend.model(scene.model).cfg, scene.sample, scene.ablation)


def measures_of(study: HeadStudy, over: Over, costs: studies.Heads) -> dict[str, dict[str, float]]:
    """The detectors and the cost by their names, each of every head by its name; nan where it is not
    known."""
    heads = list(np.ndindex(study.off.shape))
    found = {
        name: {_name(*head): float(scores[head]) for head in heads}
        for name, scores in study.detectors(over).items()
    }
    return {**found, COST: {_name(*head): costs.get(head, np.nan) for head in heads}}


def _name(layer: int, head: int) -> str:
    return f"L{layer}.H{head}"


def _choose_head(name: str) -> None:
    layer, head = name.removeprefix("L").split(".H")
    change(layer=int(layer), head=int(head))


# ---- over what, and how far it is --------------------------------------------------------------------------


def _controls(scene: Scene, over: Over) -> None:
    with st.container(horizontal=True, gap="small"):
        chart_controls.show_sample(
            scene.sample, SAMPLES, key="heads-sample", on_change=lambda sample: change(sample=sample)
        )
        echoes.show("heads-over", over)
        st.segmented_control(
            "From which positions",
            list(FROM),
            format_func=FROM.__getitem__,
            key="heads-over",
            required=True,
            on_change=echoes.hears("heads-over", lambda: choose(PAGE, over=st.session_state["heads-over"])),
            label_visibility="collapsed",
            help="Attention is a mean over the 100 positions that predict the answer's cells, or over all"
            " 405 positions"
            " of a puzzle; a distance is measured where there are so many positions before.",
        )
        chart_controls.show_measure(
            scene.measure, key="heads-measure", on_change=lambda measure: change(measure=measure)
        )


def _progress(scene: Scene, seen: Seen[HeadStudy], study: HeadStudy, worth: sweeps.Measured) -> None:
    """A line of one height, whatever it says."""
    over = "this puzzle" if study.n == 1 else f"{study.known} of {study.n} puzzles"
    how = sweeps.sweep_method(scene).words
    top = " on top of what is off" if scene.ablation else ""
    share = "" if worth.progress is None else f", {worth.progress:.0%}"
    looking = "Looking over" if seen.progress is not None else "Over"
    under_way = seen.progress is not None or worth.progress is not None
    stopped = not under_way and (seen.stopped or worth.stopped)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", height=40, border=False):
        st.caption(
            f"{looking} {over}. Cost: each head {how} in turn{top}{share}.{' Stopped.' if stopped else ''}",
            width="content",
        )
        if under_way and st.button("Stop", key="heads-stop", type="tertiary"):
            for group in GROUPS:
                watched().stop(group)
            st.rerun()
        if stopped and st.button("Measure the rest", key="heads-again", type="tertiary"):
            for group in GROUPS:
                watched().forget(group)
            st.rerun()


# ---- all heads ---------------------------------------------------------------------------------------------


def _table(
    scene: Scene, study: HeadStudy, measures: dict[str, dict[str, float]], positions: dict[str, float]
) -> None:
    off = {_name(*head): bool(study.off[head]) for head in np.ndindex(study.off.shape)}
    head_table.show(
        measures,
        off,
        _name(scene.layer, scene.head),
        positions=positions,
        key=f"heads-table-{scene.model}",
        on_choice=of_this_model(_choose_head),
    )
    unit = (
        "the share of answers lost" if scene.measure == "answers" else "a logarithm: 1 is ten times the loss"
    )
    st.caption(
        f"Attention at so many positions back, on the four markers, on the start token; the cost is {unit}."
        " Point at a column's name for what it means; click it to sort; click a row to see the head. ✕: off."
    )


def _scatter(
    scene: Scene,
    choices: dict,  # type: ignore[type-arg]
    measures: dict[str, dict[str, float]],
    positions: dict[str, float],
    *,
    done: bool,
) -> None:
    st.subheader("All heads by two measures", anchor=False)
    axes, name = (choices["x"], choices["y"]), _name(scene.layer, scene.head)
    head_scatter.show(
        measures,
        axes,
        name,
        measure=scene.measure,
        positions=positions,
        done=done,
        key=f"heads-scatter-{scene.model}-{scene.measure}-{scene.sample}-{scene.ablation.text}-{axes}-{name}",
        on_axes=lambda x, y: choose(PAGE, x=x, y=y),
        on_click=_choose_head,
    )


# ---- one head ----------------------------------------------------------------------------------------------


def _head(scene: Scene, backend: Backend, study: HeadStudy, over: Over) -> None:
    head_spectrum.show(study, scene.layer, scene.head, over, key="heads-spectrum")
    head_offsets.show(
        study,
        scene.layer,
        scene.head,
        names=_grids(scene, backend),
        key=scene.key("heads-offsets"),
        on_choice=of_this_model(lambda head: change(head=head)),
    )
    query = escape(scene.link_to(scene.puzzle, scene.ablation), quote=True)
    st.html(
        f'<a href="./?{query}" style="color: inherit">See {_name(scene.layer, scene.head)} on this puzzle, in'
        " the workbench →</a>"
    )


def _grids(scene: Scene, backend: Backend) -> tuple[str, ...]:
    """The names of the four grids, if they stand in one order in all puzzles."""
    orders = {puzzle.structure for puzzle in sweeps.puzzles_of(scene, backend)}
    return tuple(orders.pop().name.split(" ")) if len(orders) == 1 else head_offsets.PLACES
