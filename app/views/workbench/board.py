"""The ablation effects: the board and the charts, filling up while they are measured.

All of it is one fragment, which runs again by itself while a sweep is under way; the rest of the page stays
as it is.
"""

from functools import partial

import streamlit as st

from app.live import experiments as trials
from app.live import fragment, sweeps
from app.state.heads import marks_of, roles_of
from app.state.scene import BoardView, Scene, samples_for
from app.state.session import can_redo, can_undo, change, now, of_this_model, redo, undo
from app.views.workbench import experiments, picture
from app.views.workbench.choices import BASES, PAGE
from app.widgets import ablation_board
from app.widgets.ablation_board import (
    ALONE,
    Board,
    Export,
    MeasureNow,
    Redo,
    SetMethod,
    StopSweep,
    Tile,
    Undo,
    Wish,
    ablation_after,
    tile_of,
)
from app.widgets.controls import choice, measure_and_sample
from app.widgets.export_menu import asking
from interp.ablation import Ablation, Component, Method, check_known
from interp.analyses.ablation_sweep import STRETCH, SweepRow, costliest_in_words
from interp.analyses.conditional import GIVEN, takes_over, two_effects
from interp.backend import Backend
from interp.engine.measures import Measure
from interp.errors import PuzzlescopeError

VIEWS: dict[BoardView, str] = {"tiles": "tiles", "picture": "picture"}
_ERROR = "board-error"


def show(scene: Scene, backend: Backend) -> None:
    """Draw the board and, below it, the experiments."""

    def under_way() -> bool:
        experiments_are = trials.under_way(scene, backend)
        # The board comes first: of one visitor's work the latest does.
        return sweeps.filling(scene, backend) or experiments_are

    def draw_board() -> None:
        _draw(scene, backend)

    def news() -> fragment.Told | None:
        measured = sweeps.board_sweep(scene, backend)
        if measured.stopped or scene.board == "picture":
            return None
        key = _key(scene)
        board = ablation_board.news(_shown(scene, backend, measured), key=key)
        return {key: board, **experiments.news(scene, backend)}

    fragment.show(
        draw_board,
        scene=scene,
        page=PAGE,
        under_way=under_way,
        groups=(*sweeps.GROUPS, *trials.GROUPS),
        news=news,
        alone=not scene.tour,  # which speaks of what is found
    )


def _draw(scene: Scene, backend: Backend) -> None:
    measured = sweeps.board_sweep(scene, backend)
    _heading(scene)
    _board(scene, backend, measured)
    experiments.show(scene, backend)


def _heading(scene: Scene) -> None:
    """In one line what the board shows, how, by what, and over which puzzles."""
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="effects-heading"):
        st.header("Ablation effects", anchor=False, width="content")
        choice.segmented(
            "Drawn as", VIEWS, scene.board, key="effects-view", on_change=lambda view: change(board=view)
        )
        measure_and_sample.show_measure(
            scene.measure, key="measure", on_change=lambda measure: change(measure=measure)
        )
        measure_and_sample.show_sample(
            scene.sample,
            samples_for(scene.puzzle),
            key="sample",
            on_change=lambda sample: change(sample=sample),
        )


# ---- the board ---------------------------------------------------------------------------------------------


def _board(scene: Scene, backend: Backend, measured: sweeps.Measured) -> None:
    board = _shown(scene, backend, measured)
    grant = of_this_model(partial(_grant, backend))
    if scene.board == "picture":
        picture.show(scene, backend, board, on_wish=grant)
    # app/style.css keeps the room of tiles; below a picture the board has none.
    with st.container(key="tiles" if board.has_tiles else "no-tiles"):
        ablation_board.show(board, key=_key(scene), on_wish=grant)
    if measured.stopped and st.button("Measure the rest", icon=":material/play_arrow:", key="effects-again"):
        sweeps.measure(scene, backend)
        st.rerun()


def _key(scene: Scene) -> str:
    return scene.key("board")


def _shown(scene: Scene, backend: Backend, measured: sweeps.Measured) -> Board:
    state = measured.states[0]
    rows = state.common() if state is not None else []
    look = measured.first_look.common() if measured.first_look is not None else []
    known = rows if any(len(row.right) for row in rows[1:]) else look
    other = sweeps.other_rows(scene, backend)
    return Board(
        cfg=backend.model(scene.model).cfg,
        ablation=scene.ablation,
        tiles=_tiles(look, scene.measure, approximate=True) | _tiles(rows, scene.measure, approximate=False),
        measure=scene.measure,
        n_puzzles=len(known[0].right) if known else scene.sample,
        headline="" if measured.under_way else _headline(scene, backend, rows, other),
        status=_status(scene, backend, measured, rows) + _pin_in_words(scene),
        progress=measured.progress,
        waits=measured.waits,
        can_undo=can_undo(),
        can_redo=can_redo(),
        method=scene.method,
        error=st.session_state.get(_ERROR, ""),
        has_tiles=scene.board == "tiles",
        against=BASES[scene.base] if scene.ablation else ALONE,
        other=_tiles(other, scene.measure, approximate=False),
        other_against=BASES[sweeps.other_base(scene).base],
        marks=marks_of(roles_of(backend, scene.model)),
        pinned=() if scene.pin is None else scene.pin.components,
        beneath=_tiles(sweeps.pinned_rows(scene, backend), scene.measure, approximate=False),
    )


def _tiles(rows: list[SweepRow], measure: Measure, *, approximate: bool) -> dict[Component, Tile]:
    """The tiles of those rows that know as much as the run they are compared with."""
    return {
        row.component: tile_of(row, rows[0], measure, approximate=approximate)
        for row in rows[1:]
        if row.component is not None and len(row.right)
    }


def _status(scene: Scene, backend: Backend, measured: sweeps.Measured, rows: list[SweepRow]) -> str:
    structure = scene.puzzle.structure if scene.sample == 1 else scene.structure
    order = "in their own order" if structure is None else f"in the order {structure.name}"
    over = sweeps.sweep_method(scene).over(order)
    return f"{_how_far(scene, backend, measured, rows)}{f' {over}' if over else ''}"


def _how_far(scene: Scene, backend: Backend, measured: sweeps.Measured, rows: list[SweepRow]) -> str:
    how, top = (
        sweeps.sweep_method(scene).words,
        f", {GIVEN}" if sweeps.is_given(scene) else "",
    )
    known, n = (
        (len(rows[0].solved) if rows else 0),
        measured.states[0].n if measured.states[0] else scene.sample,
    )
    if n == 1 and measured.under_way and sweeps.has_first_look(scene, backend):
        # As long as what it is in the end: nothing below moves.
        exact = "exact if you stay" if measured.waits else f"exact soon, {measured.progress or 0:.0%}"
        each = how if top else f"each component {how}"
        return f"A first look ({each} for {STRETCH} cells{top}); {exact}."
    what = f"Each component {how} in turn{top}"
    over = "this puzzle" if n == 1 else f"{known} of {n} puzzles"
    if measured.stopped:
        return f"{what}: stopped at {over}."
    if measured.progress is None and scene.ablation and scene.pin is None:
        # Of one puzzle as long as what stands here before a click: nothing below moves.
        many = "" if n == 1 else f", over {n} puzzles of its task"
        other = BASES[sweeps.other_base(scene).base]
        return f"Each component {how}, {BASES[scene.base]}{many}; second mark: {other}."
    if measured.progress is None:
        forced = ", given the true cells before each" if scene.measure == "wrong" else ""
        return f"{what}, over {'this puzzle' if n == 1 else f'{n} puzzles of its task'}{forced}."
    return f"{what}: {over} so far, {measured.progress:.0%}."


def _headline(scene: Scene, backend: Backend, rows: list[SweepRow], other: list[SweepRow]) -> str:
    """What costs most, and, where something is off, what takes over from it."""
    measured = sweeps.other_sweep(scene, backend)
    told = costliest_in_words(rows, scene.measure)
    if measured is None or measured.under_way or not rows or not other:
        return told
    whole, given = (other, rows) if sweeps.is_given(scene) else (rows, other)
    effects = two_effects(whole, given, scene.ablation, scene.measure)
    return f"{told} {takes_over(effects, scene.measure, len(rows[0].right))}".strip()


def _pin_in_words(scene: Scene) -> str:
    """How the board marks what is pinned."""
    if scene.pin is None:
        return ""
    return " Dashed: pinned." if scene.base == "clean" else " Dashed: pinned; second mark: added to the pin."


def _check(backend: Backend, what: Ablation | Method) -> None:
    """See that what is asked for can be had here, before the page shows it."""
    scene = now()
    check_known(backend.model(scene.model), backend.bank(), [scene.puzzle], what)


def _grant(backend: Backend, wish: Wish) -> None:
    """Do what the board asks for."""
    st.session_state.pop(_ERROR, None)
    match wish:
        case Undo():
            undo()
        case Redo():
            redo()
        case SetMethod(method):
            try:
                _check(backend, method)
                change(method=method)
            except PuzzlescopeError as error:
                st.session_state[_ERROR] = f"{error} The method is unchanged."
        case Export():
            asking.ask("board")
        case StopSweep():
            sweeps.stop(now(), backend)
        case MeasureNow():
            sweeps.measure(now(), backend)
        case _:
            try:
                cfg = backend.model(now().model).cfg
                ablation = ablation_after(now().ablation, wish, cfg)
                _check(backend, ablation)
                change(ablation=ablation)
            except PuzzlescopeError as error:
                unchanged = " The ablation is unchanged." if now().ablation else ""
                st.session_state[_ERROR] = f"{error}{unchanged}"
