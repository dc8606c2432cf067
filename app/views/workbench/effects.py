"""The ablation effects as charts, filling up while they are measured: a fragment of its own, so that it can
stand where there is room."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from app.live import fragment, methods, sweeps, synergies
from app.live.watching import watched
from app.state.scene import Chart, Scene
from app.state.session import change, of_this_model
from app.views.shared.switching import switch
from app.views.workbench.asked import methods as by_method
from app.views.workbench.asked import pairs
from app.views.workbench.choices import BASES, PAGE
from app.widgets.charts import flip_list, head_map, layer_chart, task_chart
from app.widgets.controls import choice
from app.widgets.controls.progress import show_progress
from interp.ablation import Component, Term
from interp.analyses.ablation_sweep import SweepRow, SweepState, flipped
from interp.analyses.by_method.draws import Spread, spreads
from interp.backend import Backend
from interp.figures.sweep import Kind
from interp.puzzles import Puzzle

CHARTS: dict[Chart, str] = {
    "attention": "attention",
    "mlps": "MLPs",
    "heads": "heads",
    "pairs": "pairs of heads",
    "methods": "methods",
    "tasks": "tasks × layers",
}
_KINDS: dict[Chart, Kind] = {"attention": "attn", "mlps": "mlp"}
BASES_HELP = (
    "What each component is ablated from: the whole model, or what is left of it. What matters more given"
    " what is off than from the whole model does the work of what is off."
)


FIRST_LOOK = "A first look; exact values follow if you stay."
COMING = "A first look; exact values are coming."
STOPPED = "Partly a first look: measuring was stopped."


def show(scene: Scene, backend: Backend) -> None:
    """Draw the choice of a chart, and the chart."""
    drawn: list[str | None] = []  # what is told below the chart: only for that is it drawn anew

    def under_way() -> bool:
        pairs_seen = synergies.pairs(scene, backend) if scene.chart == "pairs" else None
        ranked = methods.compared(scene, backend) if scene.chart == "methods" else None
        filling = sweeps.filling(scene, backend), sweeps.tasks_measured(scene).progress is not None
        drawing = methods.under_way(scene, backend)
        asked_for = [seen for seen in (pairs_seen, ranked) if seen is not None]
        return any(filling) or drawing or any(seen.progress is not None for seen in asked_for)

    def draw_chart() -> None:
        drawn[:] = [_draw(scene, backend)]

    def news() -> fragment.Told | None:
        if scene.chart in ("tasks", "pairs", "methods"):
            return None
        measured = sweeps.board_sweep(scene, backend)
        told = _told(measured)
        return None if told is None or [told] != drawn else _news(scene, backend, measured)

    fragment.show(
        draw_chart,
        scene=scene,
        page=PAGE,
        under_way=under_way,
        groups=(*sweeps.GROUPS, sweeps.TASKS_GROUP, synergies.GROUP, *methods.GROUPS),
        news=news,
        alone=True,
    )


def _draw(scene: Scene, backend: Backend) -> str | None:
    """Draw it, and return what is told below the chart in place of what it shows."""
    with st.container(horizontal=True, gap="small"):
        choice.segmented(
            "Chart", CHARTS, scene.chart, key="effects-chart", on_change=lambda chart: change(chart=chart)
        )
        choice.segmented(
            "Measured",
            BASES,
            scene.base,
            key="effects-base",
            on_change=lambda base: change(base=base),
            help=BASES_HELP,
        )
    if scene.chart == "tasks":
        _tasks(scene, backend)
        return None
    if scene.chart == "pairs":
        pairs.show(scene, backend)
        return None
    if scene.chart == "methods":
        by_method.show(scene, backend)
        return None
    measured = sweeps.board_sweep(scene, backend)
    rows, _ = sweeps.rows_of(measured)
    shown = rows[1:], (rows[0] if rows else None), scene.measure
    off, options, told = list(scene.ablation.components), _options(scene, backend), _told(measured)
    click = of_this_model(switch)
    if scene.chart == "heads":
        head_map.show(*shown, off, on_click=click, told=told, **options)
    else:
        spread = _spread(scene, backend, rows)
        kind = _KINDS[scene.chart]
        layer_chart.show(*shown, kind, off, on_click=click, told=told, spread=spread, **options)
    return told if rows else None


def _news(scene: Scene, backend: Backend, measured: sweeps.Measured) -> fragment.Told:
    """The chart alone."""
    rows, _ = sweeps.rows_of(measured)
    shown = rows[1:], (rows[0] if rows else None), scene.measure
    off, options = list(scene.ablation.components), _options(scene, backend)
    if scene.chart == "heads":
        return {options["key"]: head_map.news(*shown, off, **options)}
    spread = _spread(scene, backend, rows)
    return {options["key"]: layer_chart.news(*shown, _KINDS[scene.chart], off, spread=spread, **options)}


def _spread(scene: Scene, backend: Backend, rows: list[SweepRow]) -> Mapping[Component, Spread]:
    """What components cost over several draws, where the method draws."""
    return spreads([rows, *methods.draws(scene, backend)], scene.measure)


def _options(scene: Scene, backend: Backend) -> dict[str, Any]:
    """What a chart of components is drawn with: its key, on top of what it is, and the second sweep in it,
    which is of the pinned ablation, or else the other of the two effects."""
    options = {"key": f"effects-{scene.chart}", "given": sweeps.is_given(scene)}
    pinned = sweeps.pinned_rows(scene, backend)
    if pinned:
        return options | {"beneath": pinned}
    other = BASES[sweeps.other_base(scene).base]
    return options | {"beneath": sweeps.other_rows(scene, backend), "second": other}


def _told(measured: sweeps.Measured) -> str | None:
    """What stands below a chart as long as what it shows is not to be summed up."""
    _, approximate = sweeps.rows_of(measured)
    if measured.waits:
        return FIRST_LOOK
    if measured.progress is not None:
        return COMING if approximate else ""
    return STOPPED if approximate else None


def _tasks(scene: Scene, backend: Backend) -> None:
    n = sweeps.per_task(scene)
    states = sweeps.task_sweeps(scene)
    if states is None:
        st.caption(
            f"Each attention layer ablated in turn, over {n} puzzles of every task. That takes a while; it"
            " can be stopped."
        )
        st.button(
            "Measure all tasks",
            icon=":material/play_arrow:",
            key="tasks-begin",
            on_click=partial(sweeps.begin_tasks, scene, backend),
        )
        return
    measured = sweeps.tasks_measured(scene)
    show_progress(
        measured.progress,
        measured.stopped,
        f"{n} puzzles of every task",
        left=watched().left(sweeps.TASKS_GROUP, measured.progress),
        key="tasks",
        on_stop=partial(watched().stop, sweeps.TASKS_GROUP),
        on_again=partial(sweeps.begin_tasks, scene, backend),
        rest="Measure again",
    )
    known = {task: state for task, state in states.items() if state is not None}
    off = list(scene.ablation.components)
    task_chart.show(
        known,
        scene.measure,
        off,
        scene.flips,
        key="effects-tasks",
        on_click=of_this_model(_list_flips),
        given=sweeps.is_given(scene),
    )
    if scene.flips is not None and scene.flips[0] in known:
        _flips(scene, backend, known, scene.flips)


def _list_flips(task: str, layer: Component) -> None:
    change(flips=(task, layer))


def _flips(
    scene: Scene, backend: Backend, states: dict[str, SweepState], chosen: tuple[str, Component]
) -> None:
    task, part = chosen
    task_chart.show_choice(states, chosen, on_change=_list_flips)
    puzzles = sweeps.puzzles_of_task(scene, backend, task)
    broken, mended = flipped(states[task], states[task].components.index(part) + 1, puzzles)
    flip_list.show(broken, mended, partial(_query, scene, part))


def _query(scene: Scene, part: Component, puzzle: Puzzle) -> str:
    """The link that opens a puzzle with this component off."""
    return scene.link_to(puzzle, sweeps.sweep_base(scene).with_term(Term(part, sweeps.sweep_method(scene))))
