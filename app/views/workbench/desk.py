"""Why the model is wrong about a puzzle: the smallest edit that makes it right, and the rule that it drew by.
The search begins when it is asked for."""

from functools import partial

import numpy as np
import streamlit as st

from app.live import fragment
from app.live.watching import Seen, look_in, watched
from app.state.scene import Scene
from app.state.session import choose, chosen, of_this_model, open_puzzle
from app.views.workbench.choices import PAGE
from app.widgets.controls.progress import show_progress
from app.widgets.pair import show_marked
from app.widgets.puzzle_strip import Look
from app.widgets.text import escape_markdown
from interp.analyses.failures import Failure, FailureState
from interp.backend import Backend
from interp.engine.answers import Prediction

GROUP = "failure"
HELP = (
    "Look for the smallest change of the third grid that makes the model right, and for the rule that gives"
    " what it drew. Takes some seconds."
)
ABOUT = (
    "Tried are all changes of one cell, and the best of two and three. One counts only if the solver can"
    " still say what the right answer is, and the model then draws that, greedily."
)


def show_button(scene: Scene, run: Prediction) -> None:
    """Draw the button that asks, where the model is wrong; for a horizontal container."""
    if _is_open(scene) or run.solved[0]:
        return
    st.button(
        "Why is it wrong?",
        key="why",
        icon=":material/troubleshoot:",
        help=HELP,
        on_click=partial(choose, PAGE, why=scene.puzzle.id),
    )


def show(scene: Scene, backend: Backend, run: Prediction) -> None:
    """Draw what is known, if it was asked for."""
    if not is_shown(scene, run):
        return

    def draw_desk() -> None:
        _draw(scene, look(scene, backend))

    def under_way() -> bool:
        return look(scene, backend).progress is not None

    with st.container(border=True, gap="small", key="desk"):
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.markdown("**Why is it wrong?**", width="stretch", help=ABOUT)
            st.button("Close", key="why-close", on_click=partial(choose, PAGE, why=""))
        fragment.show(draw_desk, scene=scene, page=PAGE, under_way=under_way, groups=[GROUP], alone=True)


def question_of(scene: Scene) -> Failure:
    return Failure(scene.puzzle, scene.ablation)


def is_shown(scene: Scene, run: Prediction) -> bool:
    """Whether it was asked for, and there is something to ask."""
    return _is_open(scene) and not bool(run.solved[0])


def look(scene: Scene, backend: Backend) -> Seen[FailureState]:
    question = question_of(scene)
    return look_in(GROUP, (scene.model, question), lambda: backend.watch(scene.model, question))


def _is_open(scene: Scene) -> bool:
    return bool(chosen(PAGE)["why"] == scene.puzzle.id)


def _draw(scene: Scene, seen: Seen[FailureState]) -> None:
    state = seen.state
    if state is not None and state.known:
        st.markdown(escape_markdown(state.summary()))
        if state.edits:
            _show_edited(scene, state)
        if len(state.rules) > 1:
            nearer = "; ".join(f"{fit.words}, {fit.off} off" for fit in state.rules[1:])
            st.caption(escape_markdown(f"Also nearer to what it drew than the right rule: {nearer}."))
    show_progress(
        seen.progress,
        seen.stopped,
        "Trying edits",
        key="why",
        on_stop=lambda: watched().stop(GROUP),
        on_again=lambda: watched().forget(GROUP),
        rest="Search on",
    )


def _show_edited(scene: Scene, state: FailureState) -> None:
    """Draw the puzzle with the edit marked, and the button that opens it."""
    edited = state.edited(scene.puzzle)
    marked = np.zeros((4, 10, 10), bool)
    for edit in state.edits:
        marked[edit.place, edit.row, edit.column] = True
    with st.container(width=640):
        show_marked(edited, marked, of="the edited puzzle", look=Look(scene.palette, scene.digits))
    st.button(
        "Open the edited puzzle",
        key="why-go",
        icon=":material/open_in_full:",
        on_click=of_this_model(partial(open_puzzle, edited)),
    )
