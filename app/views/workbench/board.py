"""The ablation effects: the board and the charts, filling up while they are measured.

All of it is one fragment, which runs again by itself while a sweep is under way; the rest of the page stays
as it is.
"""

from functools import partial

import streamlit as st

from app.live import fragment, sweeps
from app.live.watching import watched
from app.state.heads import copy_head
from app.state.scene import SAMPLES, Base, Chart, Scene
from app.state.session import can_redo, can_undo, change, now, of_this_model, redo, undo
from app.views.shared.switching import switch
from app.views.workbench.choices import PAGE
from app.widgets import ablation_board
from app.widgets.ablation_board import Board, Redo, SetMethod, StopSweep, Tile, Undo, Wish, ablation_after
from app.widgets.charts import flip_list, head_map, layer_chart, task_chart
from app.widgets.controls import choice, measure_and_sample
from app.widgets.export_menu import button
from app.widgets.loss_readout import has_cells
from interp.ablation import Component, Term
from interp.analyses.ablation_sweep import STRETCH, SweepRow, SweepState, flipped, same_puzzles
from interp.analyses.presets import Preset, presets
from interp.backend import Backend
from interp.engine.measures import Measure, metric_of
from interp.errors import PuzzlescopeError
from interp.figures.sweep import Kind
from interp.model import Config
from interp.puzzles import Puzzle

BASES: dict[Base, str] = {"clean": "relative to clean", "off": "added to current ablation"}
CHARTS: dict[Chart, str] = {
    "attention": "attention layers",
    "mlps": "MLPs",
    "heads": "heads",
    "tasks": "tasks × layers",
}
_ERROR = "board-error"


def show(scene: Scene, backend: Backend) -> None:
    """Draw the board and, below it, the chart that is open."""

    def under_way() -> bool:
        measured = sweeps.board_sweep(scene, backend), sweeps.tasks_measured(scene)
        return any(one.progress is not None for one in measured)

    def draw_board() -> None:
        _draw(scene, backend)

    fragment.show(draw_board, scene=scene, page=PAGE, under_way=under_way)


def _draw(scene: Scene, backend: Backend) -> None:
    measured = sweeps.board_sweep(scene, backend)
    state = measured.states[0]
    rows = state.common() if state is not None else []
    st.header("Ablation effects", anchor=False)
    _controls(scene)
    _board(scene, backend, measured, rows)
    _charts(scene, backend, rows)


def _controls(scene: Scene) -> None:
    with st.container(horizontal=True, gap="small"):
        measure_and_sample.show_measure(
            scene.measure, key="measure", on_change=lambda measure: change(measure=measure)
        )
        measure_and_sample.show_sample(
            scene.sample, SAMPLES, key="sample", on_change=lambda sample: change(sample=sample)
        )
        button.show("board", "the ablation board")


# ---- the board ---------------------------------------------------------------------------------------------


def _board(scene: Scene, backend: Backend, measured: sweeps.Measured, rows: list[SweepRow]) -> None:
    cfg = backend.model(scene.model).cfg
    offered = presets(cfg, copy_head(backend, scene.model, scene.puzzle).layer)
    clean = rows[0] if rows else None
    look = measured.first_look.common() if measured.first_look is not None else []
    clean = clean or (look[0] if look else None)
    board = Board(
        cfg=cfg,
        ablation=scene.ablation,
        tiles=_tiles(look, scene.measure, approximate=True) | _tiles(rows, scene.measure, approximate=False),
        clean=None if clean is None or scene.measure == "answers" else clean.loss.mean(scene.measure),
        metric=scene.measure,
        n_puzzles=scene.sample if clean is None else len(clean.solved),
        status=_status(scene, measured, rows),
        progress=measured.progress,
        can_undo=can_undo(),
        can_redo=can_redo(),
        presets=offered,
        method=scene.method,
        error=st.session_state.get(_ERROR, ""),
    )
    grant = of_this_model(partial(_grant, cfg, offered))
    ablation_board.show(board, key=scene.key("board"), on_wish=grant)
    if measured.stopped and st.button("Measure the rest", icon=":material/play_arrow:", key="board-again"):
        watched().forget(sweeps.BOARD)
        st.rerun()


def _tiles(rows: list[SweepRow], measure: Measure, *, approximate: bool) -> dict[Component, Tile]:
    """The tiles of those rows that know as much as the run they are compared with."""
    tiles = {}
    for row in rows[1:]:
        assert row.component is not None
        if len(row.solved):
            broken, mended = row.flips(same_puzzles(row, rows[0])[1])
            cut = metric_of(measure)
            loss = row.loss.mean(cut) if has_cells(row.loss, cut) else None
            tiles[row.component] = Tile(loss, len(broken), len(mended), approximate)
    return tiles


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


def _grant(cfg: Config, offered: list[Preset], wish: Wish) -> None:
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
                change(ablation=ablation_after(now().ablation, wish, cfg, offered))
            except PuzzlescopeError as error:
                st.session_state[_ERROR] = f"{error} The ablation is unchanged."


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
            st.progress(measured.progress, text=f"{n} puzzles of every task: {measured.progress:.0%}")
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
