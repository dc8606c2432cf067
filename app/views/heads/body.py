"""What every head does: the table and all heads by two measures, the chosen head's spectrum and maps.

Each half is a fragment, which runs again by itself while what it shows is under way; the rest of the page
stays as it is.
"""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import streamlit as st

from app.live import fragment, studies, sweeps
from app.live.watching import Seen, watched
from app.state.scene import Scene, samples_for
from app.state.session import change, choose, chosen, look_at_head, of_this_model
from app.views.heads.choices import PAGE
from app.widgets import head_offsets, terms
from app.widgets.charts import head_scatter, head_spectrum, head_table
from app.widgets.charts.head_scatter import COST
from app.widgets.controls import choice, measure_and_sample
from app.widgets.export_menu import button
from app.widgets.workbench_link import workbench_link
from interp.ablation import Component
from interp.analyses.head_roles import ROLES, HeadRole, RoleKey, Roles
from interp.analyses.head_study import HeadStudy, Over
from interp.backend import Backend
from interp.engine.measures import Measure
from interp.figures.heads import FROM

UNITS: dict[Measure, str] = {"wrong": "cells broken, of 100", "answers": "answers lost, as a share"}
"""What a cost is measured in, where it is no loss."""
GROUPS = (studies.GROUP, *sweeps.GROUPS)
"""What fills up here: where the heads look, and what they cost."""


def show(scene: Scene, backend: Backend) -> None:
    """Draw it all."""
    # Of one visitor's work the latest comes first: the study.
    studies.head_sweep(scene, backend)
    studies.head_study(scene, backend)
    _controls(scene, chosen(PAGE)["over"])
    left, right = st.columns([20, 13], gap="medium")
    with left:
        _all_heads(scene, backend)
    with right:
        _one_head(scene, backend)


def _all_heads(scene: Scene, backend: Backend) -> None:
    """The table and the scatter, with what the heads cost."""
    choices = chosen(PAGE)

    def under_way() -> bool:
        sweep, study = studies.head_sweep(scene, backend), studies.head_study(scene, backend)
        return sweep.under_way or study.progress is not None

    def draw_all_heads() -> None:
        sweep, seen = studies.head_sweep(scene, backend), studies.head_study(scene, backend)
        study = _study(scene, backend, seen)
        measures = measures_of(study, choices["over"], studies.costs(scene, sweep.states[0]))
        positions = dict.fromkeys(measures[COST], np.nan) | {
            _name(*head): one for head, one in studies.positions(scene, sweep.states[0]).items()
        }
        done = not sweep.under_way and seen.progress is None
        _progress(scene, backend, seen, study, sweep)
        roles = Roles.of(study).by_component
        _table(
            scene, study, measures, positions, _listed(scene, study, roles, measures[COST], choices["role"])
        )
        _scatter(scene, study, choices, measures, positions, done=done)

    fragment.show(draw_all_heads, scene=scene, page=PAGE, under_way=under_way, groups=GROUPS, alone=True)


def _one_head(scene: Scene, backend: Backend) -> None:
    """The chosen head: its spectrum and its maps."""

    def under_way() -> bool:
        return studies.head_study(scene, backend).progress is not None

    def draw_one_head() -> None:
        study = _study(scene, backend, studies.head_study(scene, backend))
        _head(scene, backend, study, chosen(PAGE)["over"])

    fragment.show(
        draw_one_head, scene=scene, page=PAGE, under_way=under_way, groups=[studies.GROUP], alone=True
    )


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
    return Component(layer, "head", head).text


def _choose_head(name: str, study: HeadStudy) -> None:
    for layer, head in np.ndindex(study.off.shape):
        if _name(layer, head) == name:
            look_at_head(layer, head)


# ---- over what, and how far it is --------------------------------------------------------------------------


def _controls(scene: Scene, over: Over) -> None:
    with st.container(horizontal=True, gap="small", key="heads-controls"):
        measure_and_sample.show_sample(
            scene.sample,
            samples_for(scene.puzzle),
            key="heads-sample",
            on_change=lambda sample: change(sample=sample),
        )
        choice.segmented(
            "From which positions",
            FROM,
            over,
            key="heads-over",
            on_change=lambda over: choose(PAGE, over=over),
            help="Attention is a mean over the 100 positions that predict the answer's cells, or over all"
            " 405 positions of a puzzle; an offset is measured where that many positions come before.",
        )
        measure_and_sample.show_measure(
            scene.measure, key="heads-measure", on_change=lambda measure: change(measure=measure)
        )


def _filter(role: RoleKey | Literal[""]) -> None:
    choice.select(
        "Role",
        {"": "all roles"} | {role.key: f"{role.glyph} {role.name}" for role in ROLES.values()},
        role,
        key="heads-role",
        on_change=lambda role: choose(PAGE, role=role),
        label_visibility="collapsed",
        width=165,
    )


def _progress(
    scene: Scene, backend: Backend, seen: Seen[HeadStudy], study: HeadStudy, sweep: sweeps.Measured
) -> None:
    """A line of one height, whatever it says."""
    over = "this puzzle" if study.n == 1 else f"{study.known} of {study.n} puzzles"
    how = sweeps.sweep_method(scene).words
    top = " added to the current ablation" if scene.ablation else ""
    share = "" if sweep.progress is None else f", {sweep.progress:.0%}"
    looking = "Looking over" if seen.progress is not None else "Over"
    under_way = seen.progress is not None or sweep.under_way
    stopped = not under_way and (seen.stopped or sweep.stopped)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", height=40, border=False):
        _filter(chosen(PAGE)["role"])
        st.caption(
            f"{looking} {over}. Cost: each head {how} in turn{top}{share}.{' Stopped.' if stopped else ''}",
            width="content",
        )
        if under_way and st.button("Stop", key="heads-stop", type="tertiary"):
            watched().stop(studies.GROUP)
            studies.stop_costs(scene, backend)
            st.rerun()
        if stopped and st.button("Measure the rest", key="heads-again", type="tertiary"):
            watched().forget(studies.GROUP)
            studies.measure_costs(scene, backend)
            st.rerun()


# ---- all heads ---------------------------------------------------------------------------------------------


def _listed(
    scene: Scene,
    study: HeadStudy,
    roles: Mapping[Component, HeadRole],
    costs: Mapping[str, float],
    only: RoleKey | Literal[""],
) -> dict[str, str]:
    """The heads of the table, by name with the words of their role: the costliest first, once all costs are
    known. Of one role only, but for the head that is chosen, which stays in sight."""
    heads = [Component(layer, "head", head) for layer, head in np.ndindex(study.off.shape)]
    known = {head: roles[head].role for head in heads if head in roles}
    shown = [
        head
        for head in heads
        if not only or head == scene.shown_head or (head in known and known[head].key == only)
    ]
    if not np.isnan([costs[head.text] for head in heads]).any():
        shown.sort(key=lambda head: -costs[head.text])
    return {head.text: f"{known[head].glyph} {known[head].name}" if head in known else "" for head in shown}


def _table(
    scene: Scene,
    study: HeadStudy,
    measures: dict[str, dict[str, float]],
    positions: dict[str, float],
    roles: Mapping[str, str],
) -> None:
    off = {_name(*head): bool(study.off[head]) for head in np.ndindex(study.off.shape)}
    head_table.show(
        measures,
        off,
        scene.shown_head.text,
        roles=roles,
        positions=positions,
        key=f"heads-table-{scene.model}",
        on_choice=of_this_model(lambda name: _choose_head(name, study)),
    )
    terms.caption(
        f"One row per head, one column per detector: the share of its attention, 0 to 1. The cost is in"
        f" {UNITS.get(scene.measure, 'nats more of loss')}. Point at a column's name for what it means; click"
        " it to sort; click a row to see the head. Further right: two and three grids back. ✕: ablated."
    )


def _scatter(
    scene: Scene,
    study: HeadStudy,
    choices: Mapping[str, Any],
    measures: dict[str, dict[str, float]],
    positions: dict[str, float],
    *,
    done: bool,
) -> None:
    st.header("Head scatter", anchor=False)
    axes, name = (choices["x"], choices["y"]), scene.shown_head.text
    head_scatter.show(
        measures,
        axes,
        name,
        measure=scene.measure,
        positions=positions,
        n=study.n,
        done=done,
        key="heads-scatter",
        on_axes=lambda x, y: choose(PAGE, x=x, y=y),
        on_click=of_this_model(lambda name: _choose_head(name, study)),
    )


# ---- one head ----------------------------------------------------------------------------------------------


def _head(scene: Scene, backend: Backend, study: HeadStudy, over: Over) -> None:
    head_spectrum.show(study, scene.layer, scene.head, over, key="heads-spectrum")
    roles = [one.role for one in Roles.of(study).heads if one.layer == scene.layer]
    head_offsets.show(
        study,
        scene.layer,
        scene.head,
        names=grids_of(scene, backend),
        tags=[f"{role.glyph} {role.name}" for role in roles],
        key=scene.key("heads-offsets"),
        on_choice=of_this_model(lambda head: look_at_head(head=head)),
    )
    text = f"See {scene.shown_head.text} on this puzzle, in the workbench →"
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.html(workbench_link(text, scene.link_to(scene.puzzle, scene.ablation)), width="content")
        button.show("maps", f"the maps of {scene.shown_head.text}")


def grids_of(scene: Scene, backend: Backend) -> tuple[str, ...]:
    """The names of the four grids, if they stand in one order in all puzzles."""
    orders = {puzzle.structure for puzzle in sweeps.puzzles_of(scene, backend)}
    return tuple(orders.pop().name.split(" ")) if len(orders) == 1 else head_offsets.PLACES
