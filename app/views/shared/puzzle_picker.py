"""The choice of a puzzle: by task, by order of the grids, and by whether the model solves it."""

import random
from collections.abc import Iterator, Sequence

import streamlit as st

from app.state.scene import Scene
from app.state.session import arrived, change, now, open_puzzle
from app.widgets.controls import choice
from interp.analyses.ablation_sweep import Sweep
from interp.backend import Backend
from interp.puzzles import Puzzle, PuzzleSet
from interp.tasks import TASKS
from interp.tokens import STRUCTURES, Structure

ANY_ORDER = "any order"
WHICH = {"all": None, "the model solves": True, "the model fails": False}
_WHICH = "picker-which"


def show(scene: Scene, backend: Backend) -> None:
    """Draw the controls, for a horizontal container; a choice replaces the scene's puzzle."""
    choice.select(
        "Task",
        {name: f"{name}: {one.description}" for name, one in TASKS.items()},
        scene.puzzle.task,
        key="picker-task",
        on_change=lambda name: _choose(name, now().structure, backend),
        width=190,
    )
    orders = {structure.name: structure for structure in STRUCTURES}
    choice.select(
        "Order of the grids",
        [ANY_ORDER, *orders],
        scene.structure.name if scene.structure else ANY_ORDER,
        key="picker-order",
        on_change=lambda name: _choose(now().puzzle.task, orders.get(name), backend),
        width=145,
    )
    if arrived() and not _fits(scene, backend):
        st.session_state[_WHICH] = "all"
    st.selectbox("Puzzles", list(WHICH), key=_WHICH, width=125)
    _steps(scene, _offered(scene, backend))


def _fits(scene: Scene, backend: Backend) -> bool:
    """Whether the puzzle is one of those that are asked for, the solved or the failed ones."""
    wanted = WHICH[st.session_state.get(_WHICH) or "all"]
    return wanted is None or all(
        solved == wanted for _, solved in _solved(scene.model, [scene.puzzle], backend)
    )


def _solved(
    model: str, puzzles: Sequence[Puzzle], backend: Backend, batch: int = 16
) -> Iterator[tuple[Puzzle, bool]]:
    """Which puzzles the clean model solves, a batch at a time."""
    for start in range(0, len(puzzles), batch):
        chunk = tuple(puzzles[start : start + batch])
        yield from zip(chunk, map(bool, backend.ask(model, Sweep(chunk)).row(0).solved), strict=True)


def _offered(scene: Scene, backend: Backend) -> PuzzleSet:
    """The puzzles that fit the choices."""
    fitting = backend.bank().filter(task=scene.puzzle.task, structure=scene.structure)
    wanted = WHICH[st.session_state.get(_WHICH) or "all"]
    if wanted is None:
        return fitting
    bar = st.progress(0.0, text="Finding out which of these puzzles the model solves")
    found = []
    for _, solved in _solved(scene.model, fitting, backend):
        found.append(solved == wanted)
        bar.progress(len(found) / len(fitting), text="Finding out which of these puzzles the model solves")
    bar.empty()
    return fitting.filter(solved=found)


def _steps(scene: Scene, offered: PuzzleSet) -> None:
    """Back, forward, a number, and any."""
    if not len(offered):
        st.caption("No puzzle fits these choices: widen one of them.")
        return
    place = next((k for k, puzzle in enumerate(offered) if puzzle == scene.puzzle), None)
    choice.number(
        f"Puzzle, of {len(offered)}",
        1 if place is None else place + 1,
        key="picker-number",
        on_change=lambda number: open_puzzle(offered[number - 1]),
        min_value=1,
        max_value=len(offered),
        width=120,
    )
    st.button(
        "Random", icon=":material/shuffle:", on_click=_any, args=(offered,), help="Another puzzle, at random"
    )
    if place is None:
        open_puzzle(offered[0])
        st.rerun()


def _any(offered: PuzzleSet) -> None:
    open_puzzle(offered[random.randrange(len(offered))])


def _choose(task: str, structure: Structure | None, backend: Backend) -> None:
    """Another task or order: go to the first puzzle that fits."""
    change(structure=structure)
    open_puzzle(backend.bank().filter(task=task, structure=structure)[0])
