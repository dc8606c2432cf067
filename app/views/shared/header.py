"""The top of every page: its name, the model, the puzzle, and the ablation."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from app.state.scene import Scene
from app.state.session import change, now, of_this_model
from app.views.shared import model_picker, puzzle_picker, soundness
from app.views.shared.switching import switch
from app.widgets.controls import choice
from app.widgets.mini_board import mini
from app.widgets.text import escape_markdown
from interp.ablation import NO_ABLATION, parse_ablation
from interp.backend import Backend
from interp.errors import PuzzlescopeError

_REFUSED = "off-refused"
LINE = 68
"""Pixels of the line that says what is ablated, with an error or without."""
TITLE = 206
"""Pixels, whatever the title is: the pickers stand in the same place on all pages."""


def show(
    scene: Scene,
    backend: Backend,
    title: str,
    about: str,
    sentence: str = "",
    last: Callable[[Scene], None] | None = None,
) -> None:
    """Draw title and choices.

    Args:
        about: the page in a sentence or two, on the title's tooltip.
        sentence: what it is for, in two short lines below the title.
        last: draws what stands behind the choices.
    """
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        with st.container(width=TITLE, gap=None, key="title"):
            st.title(title, anchor=False, help=about)
            if sentence:
                st.caption(sentence)
        model_picker.show(scene, backend)
        puzzle_picker.show(scene, backend)
        if last is not None:
            last(scene)
    soundness.show(scene, backend)


@dataclass(frozen=True)
class _Refused:
    """A text that is no ablation: it stays in the field, with what is wrong beside it, until the scene
    changes.

    Attributes:
        scene: in which it was typed.
    """

    scene: Scene
    text: str
    why: str


def show_off(scene: Scene, backend: Backend) -> None:
    """What is ablated, on a small board and as text that can be edited: for pages that have no large board. A
    line of one height."""
    key = scene.key("off")
    refused: _Refused | None = st.session_state.get(_REFUSED)
    if refused is not None and refused.scene != scene:
        refused = None
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="off-line"):
        mini.show(
            backend.model(scene.model).cfg,
            scene.ablation.components,
            key=scene.key("mini-board"),
            on_click=of_this_model(switch),
        )
        with st.container(gap=None, width="stretch", height=LINE, border=False, key="off-text"):
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                choice.text(
                    "Ablated",
                    scene.ablation.text if refused is None else refused.text,
                    key=key,
                    on_change=of_this_model(lambda text: _switch_off(text, backend)),
                    placeholder="nothing is ablated; try L1.attn",
                    label_visibility="collapsed",
                    icon=":material/toggle_off:",
                    width=430,
                )
                if scene.ablation:
                    st.button("Restore all", on_click=lambda: change(ablation=NO_ABLATION))
            if refused is not None:
                st.markdown(f":red[{escape_markdown(refused.why)}]")


def _switch_off(text: str, backend: Backend) -> None:
    st.session_state.pop(_REFUSED, None)
    try:
        change(ablation=parse_ablation(text, backend.model(now().model).cfg))
    except PuzzlescopeError as error:
        st.session_state[_REFUSED] = _Refused(now(), text, str(error))
