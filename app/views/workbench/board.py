"""The ablation effects: the board and the charts, filling up while they are measured.

All of it is one fragment, which runs again by itself while a sweep is under way; the rest of the page stays
as it is.
"""

from functools import partial

import streamlit as st

from app.live import experiments as trials
from app.live import fragment, sweeps
from app.live.watching import watched
from app.state.heads import marks_of, roles_of
from app.state.scene import SAMPLES, Base, BoardView, Chart, Scene
from app.state.session import can_redo, can_undo, change, now, of_this_model, redo, undo
from app.views.shared.switching import switch
from app.views.workbench import experiments, picture
from app.views.workbench.choices import PAGE
from app.widgets import ablation_board
from app.widgets.ablation_board import (
    Board,
    Redo,
    SetMethod,
    StopSweep,
    Tile,
    Undo,
    Wish,
    ablation_after,
    tile_of,
)
from app.widgets.charts import flip_list, head_map, layer_chart, task_chart
from app.widgets.controls import choice, measure_and_sample
from interp.ablation import Component, Term
from interp.analyses.ablation_sweep import STRETCH, SweepRow, SweepState, costliest_in_words, flipped
from interp.backend import Backend
from interp.engine.measures import Measure
from interp.errors import PuzzlescopeError
from interp.figures.sweep import Kind
from interp.model import Config
from interp.puzzles import Puzzle

BASES: dict[Base, str] = {"clean": "one at a time", "off": "added to current ablation"}
VIEWS: dict[BoardView, str] = {"tiles": "tiles", "picture": "picture"}
CHARTS: dict[Chart, str] = {
    "attention": "attention",
    "mlps": "MLPs",
    "heads": "heads",
    "tasks": "tasks × layers",
}
_ERROR = "board-error"


def show(scene: Scene, backend: Backend) -> None:
    """Draw the board and, below it, the experiments and the chart that is open."""
    trials.begin(scene, backend)  # the board comes first: of one visitor's work the latest does

    def under_way() -> bool:
        measured = sweeps.board_sweep(scene, backend), sweeps.tasks_measured(scene)
        return any(one.progress is not None for one in measured) or trials.under_way(scene, backend)

    def draw_board() -> None:
        _draw(scene, backend)

    fragment.show(draw_board, scene=scene, page=PAGE, under_way=under_way)


def _draw(scene: Scene, backend: Backend) -> None:
    measured = sweeps.board_sweep(scene, backend)
    state = measured.states[0]
    rows = state.common() if state is not None else []
    _heading(scene)
    _board(scene, backend, measured, rows)
    experiments.show(scene, backend)
    _charts(scene, backend, rows)


def _heading(scene: Scene) -> None:
    """In one line what the board shows, how, by what, and over which puzzles."""
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="board-heading"):
        st.header("Ablation effects", anchor=False, width="content")
        choice.segmented(
            "Drawn as", VIEWS, scene.board, key="board-view", on_change=lambda view: change(board=view)
        )
        measure_and_sample.show_measure(
            scene.measure, key="measure", on_change=lambda measure: change(measure=measure)
        )
        measure_and_sample.show_sample(
            scene.sample, SAMPLES, key="sample", on_change=lambda sample: change(sample=sample)
        )


# ---- the board ---------------------------------------------------------------------------------------------


def _board(scene: Scene, backend: Backend, measured: sweeps.Measured, rows: list[SweepRow]) -> None:
    cfg = backend.model(scene.model).cfg
    look = measured.first_look.common() if measured.first_look is not None else []
    known = rows if any(len(row.right) for row in rows[1:]) else look
    board = Board(
        cfg=cfg,
        ablation=scene.ablation,
        tiles=_tiles(look, scene.measure, approximate=True) | _tiles(rows, scene.measure, approximate=False),
        measure=scene.measure,
        n_puzzles=len(known[0].right) if known else scene.sample,
        headline=costliest_in_words(rows, scene.measure) if measured.progress is None else "",
        status=_status(scene, measured, rows),
        progress=measured.progress,
        can_undo=can_undo(),
        can_redo=can_redo(),
        method=scene.method,
        error=st.session_state.get(_ERROR, ""),
        has_tiles=scene.board == "tiles",
        marks=marks_of(roles_of(backend, scene.model)),
    )
    grant = of_this_model(partial(_grant, cfg))
    if scene.board == "picture":
        picture.show(scene, backend, board, on_wish=grant)
    ablation_board.show(board, key=scene.key("board"), on_wish=grant)
    if measured.stopped and st.button("Measure the rest", icon=":material/play_arrow:", key="board-again"):
        watched().forget(sweeps.BOARD)
        st.rerun()


def _tiles(rows: list[SweepRow], measure: Measure, *, approximate: bool) -> dict[Component, Tile]:
    """The tiles of those rows that know as much as the run they are compared with."""
    return {
        row.component: tile_of(row, rows[0], measure, approximate=approximate)
        for row in rows[1:]
        if row.component is not None and len(row.right)
    }


def _status(scene: Scene, measured: sweeps.Measured, rows: list[SweepRow]) -> str:
    how = sweeps.sweep_method(scene).words
    what = f"Each component {how} in turn, {BASES[scene.base]}"
    known, n = (
        (len(rows[0].solved) if rows else 0),
        measured.states[0].n if measured.states[0] else scene.sample,
    )
    over = "this puzzle" if n == 1 else f"{known} of {n} puzzles"
    if measured.stopped:
        return f"{what}: stopped at {over}."
    if measured.progress is None:
        return f"{what}, over {'this puzzle' if n == 1 else f'{n} puzzles of this task'}."
    if n == 1:
        return (
            f"{what}: a first look (off for {STRETCH} cells of the answer); exact values are coming,"
            f" {measured.progress:.0%}."
        )
    return f"{what}: {over} so far, {measured.progress:.0%}."


def _grant(cfg: Config, wish: Wish) -> None:
    """Do what the board asks for."""
    st.session_state.pop(_ERROR, None)
    match wish:
        case Undo():
            undo()
        case Redo():
            redo()
        case SetMethod(method):
            change(method=method)
        case StopSweep():
            watched().stop(sweeps.BOARD)
        case _:
            try:
                change(ablation=ablation_after(now().ablation, wish, cfg))
            except PuzzlescopeError as error:
                unchanged = " The ablation is unchanged." if now().ablation else ""
                st.session_state[_ERROR] = f"{error}{unchanged}"


# ---- the charts --------------------------------------------------------------------------------------------


def _charts(scene: Scene, backend: Backend, rows: list[SweepRow]) -> None:
    with st.container(horizontal=True, gap="small"):
        choice.segmented(
            "Chart", CHARTS, scene.chart, key="board-chart", on_change=lambda chart: change(chart=chart)
        )
        choice.segmented(
            "Measured", BASES, scene.base, key="board-base", on_change=lambda base: change(base=base)
        )
    if scene.chart == "tasks":
        _tasks(scene, backend)
        return
    clean, off = (rows[0] if rows else None), list(scene.ablation.components)
    measured = f"{scene.measure}-{scene.sample}-{scene.base}-{scene.ablation.text}"
    key = f"{scene.chart}-{scene.model}-{scene.puzzle.id}-{measured}"
    click = of_this_model(switch)
    if scene.chart == "heads":
        head_map.show(rows[1:], clean, scene.measure, off, key=key, on_click=click)
    else:
        kind: Kind = "attn" if scene.chart == "attention" else "mlp"
        layer_chart.show(rows[1:], clean, scene.measure, kind, off, key=key, on_click=click)


def _tasks(scene: Scene, backend: Backend) -> None:
    n = sweeps.per_task(scene)
    states = sweeps.task_sweeps(scene)
    if states is None:
        st.caption(
            f"Each attention layer ablated in turn, over {n} puzzles of every task. That takes a while; it"
            " can be stopped."
        )
        if st.button("Measure all tasks", icon=":material/play_arrow:", key="tasks-begin"):
            sweeps.begin_tasks(scene, backend)
            st.rerun()
        return
    measured = sweeps.tasks_measured(scene)
    if measured.progress is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            left = watched().left("tasks", measured.progress)
            st.progress(measured.progress, text=f"{n} puzzles of every task: {measured.progress:.0%}{left}")
            if st.button("Stop", key="tasks-stop"):
                watched().stop("tasks")
                st.rerun()
    known = {task: state for task, state in states.items() if state is not None}
    key = f"tasks-{scene.model}-{scene.measure}-{n}-{scene.base}-{scene.flips}-{scene.ablation.text}"
    off = list(scene.ablation.components)
    task_chart.show(
        known,
        scene.measure,
        off,
        scene.flips,
        key=key,
        on_click=of_this_model(_list_flips),
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
