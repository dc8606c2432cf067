"""A puzzle to be painted, with what the solvers say of it and what the model answers; and new ones."""

from contextlib import suppress
from dataclasses import replace
from functools import lru_cache

import streamlit as st

from app.startup import arrival
from app.state.scene import Scene
from app.state.session import change, notify, now, open_puzzle
from app.views.puzzles import keeping
from app.views.shared import puzzle_panels
from app.widgets import puzzle_strip
from app.widgets.controls import choice
from app.widgets.paint import paint
from app.widgets.paint.paint import Verdict
from app.widgets.paint.reading import Painted
from app.widgets.puzzle_strip import Look, Panel
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.errors import PuzzlescopeError
from interp.grids import CELLS
from interp.puzzles import Puzzle
from interp.puzzles.exchange import Truth, truth_of, work_out
from interp.puzzles.kept import Kept
from interp.puzzles.making import LARGEST_SEED, PARTS, Part, make, remake
from interp.tasks import TASKS
from interp.tokens import STRUCTURES, Structure, encode

_SEED, _TASK, _NOISE, _ORDER, _TURN = (f"easel-{name}" for name in ("seed", "task", "noise", "order", "turn"))
_MADE = "easel-made"
LABELS: dict[Part, str] = {"colours": "Colours", "places": "Places", "third": "Third grid"}


@lru_cache(maxsize=512)
def _truth(puzzle: Puzzle) -> Truth:
    return truth_of(puzzle)


def show(scene: Scene, backend: Backend) -> None:
    """Draw it."""
    _make_line(scene)
    clean = backend.ask(scene.model, PredictionOf(scene.puzzle))
    ablated = backend.ask(scene.model, PredictionOf(scene.puzzle, scene.ablation)) if scene.ablation else None
    with st.container(key="easel"):
        answers = 1 if ablated is None else 2
        left, right = st.columns([4.26, answers], gap="small")
        with right, st.container(key="easel-answers"):
            before = puzzle_panels.answer("Model", scene.puzzle, clean, scene.answer)
            panels: list[Panel] = [before]
            if ablated is not None:
                panels.append(
                    puzzle_panels.answer(
                        "Ablated", scene.puzzle, ablated, scene.answer, compared=before.cells
                    )
                )
            puzzle_strip.show(
                panels,
                key="easel-strip",
                look=Look(scene.palette, scene.digits),
                cell=scene.answer_cell,
                on_cell=lambda cell: change(cell=3 * CELLS + cell, view="from"),
            )
        with left:
            paint.show(
                scene.puzzle,
                verdict(_truth(scene.puzzle), scene.puzzle.task),
                key="easel-paint",
                look=Look(scene.palette, scene.digits),
                on_painted=_painted,
            )
    _last_line(scene)


def verdict(truth: Truth, task: str) -> Verdict:
    """What the solvers say, and how it is to be taken.

    Args:
        task: that the puzzle is called by.
    """
    if truth.task is None or truth.task != task:
        return Verdict("broken", truth.words)
    return Verdict("sound" if truth.determined else "open", truth.words)


def _painted(painted: Painted) -> None:
    """Show what was painted; its answer worked out anew, if that was asked for and is determined."""
    puzzle, grids = now().puzzle, painted.grids.copy()
    if painted.follow:
        tasks = [puzzle.task] if puzzle.task in TASKS else list(TASKS)
        with suppress(PuzzlescopeError):  # the sentence below the grids says so
            grids[3] = work_out(grids[:3], puzzle.structure, tasks).answer
    open_puzzle(Puzzle.of(puzzle.task, encode(grids, puzzle.structure)))


# ---- new puzzles -------------------------------------------------------------------------------------------


def _make_line(scene: Scene) -> None:
    """Draw what makes a new puzzle, and what draws a part of this one anew."""
    st.session_state.setdefault(_TASK, scene.puzzle.task if scene.puzzle.task in TASKS else next(iter(TASKS)))
    st.session_state.setdefault(_ORDER, scene.puzzle.structure)
    st.session_state.setdefault(_SEED, 0)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="easel-make"):
        st.selectbox("New puzzle of", list(TASKS), key=_TASK, width=140)
        st.selectbox("Order", STRUCTURES, format_func=lambda structure: structure.name, key=_ORDER, width=150)
        st.number_input("Seed", 0, LARGEST_SEED, key=_SEED, step=1, width=120)
        st.checkbox(
            "Noise",
            key=_NOISE,
            help="Some cells of the third grid in a random colour, as in the public data set: only in orders"
            " that end in Y or f(Y).",
        )
        st.button("Make", key=_MADE, type="primary", on_click=_make)
        st.button("Next seed", key="easel-next", on_click=_make_next)
        st.space("small")
        for part, label in LABELS.items():
            st.button(
                label,
                key=f"easel-part-{part}",
                icon=":material/shuffle:",
                help=f"Draw {PARTS[part]} anew, and keep the rest of the puzzle.",
                on_click=_remake,
                args=(part,),
            )


def _make() -> None:
    structure: Structure = st.session_state[_ORDER]
    try:
        made = make(
            st.session_state[_TASK], int(st.session_state[_SEED]), structure, bool(st.session_state[_NOISE])
        )
    except PuzzlescopeError as error:
        notify(str(error))
    else:
        open_puzzle(made)


def _make_next() -> None:
    st.session_state[_SEED] = (int(st.session_state[_SEED]) + 1) % LARGEST_SEED
    _make()


def _remake(part: Part) -> None:
    """Another drawing at every press."""
    turn = st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
    try:
        open_puzzle(remake(now().puzzle, part, turn))
    except PuzzlescopeError as error:
        notify(str(error))


# ---- what is done with it ----------------------------------------------------------------------------------


def _last_line(scene: Scene) -> None:
    truth, puzzle = _truth(scene.puzzle), scene.puzzle
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="easel-line"):
        st.button(
            "To the workbench",
            key="easel-open",
            icon=":material/science:",
            on_click=lambda: arrival.ask(now().query(), "workbench"),
        )
        keeping.show("Keep it", lambda: [_kept(now().puzzle)], key="easel-keep")
        if truth.task is not None and truth.task != puzzle.task:
            st.button(
                f"Call it a {truth.task} puzzle",
                key="easel-call",
                on_click=_call,
                args=(truth.task,),
            )
        choice.toggle(
            "Digits", scene.digits, key="easel-digits", on_change=lambda digits: change(digits=digits)
        )


def _call(task: str) -> None:
    puzzle = now().puzzle
    open_puzzle(replace(puzzle, task=task))


def _kept(puzzle: Puzzle) -> Kept:
    return Kept(puzzle, f"{puzzle.task} {puzzle.id[:6]}", "Made or painted on the easel.")
