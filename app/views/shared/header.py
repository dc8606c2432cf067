"""The top of every page: its name, the model, the puzzle, and the ablation."""

from collections.abc import Callable

import streamlit as st

from app.state.scene import Scene
from app.state.session import change, notify, now, of_this_model
from app.views.shared import model_picker, puzzle_picker, soundness
from app.widgets.controls import choice
from interp.ablation import NO_ABLATION, parse_ablation
from interp.backend import Backend
from interp.errors import PuzzlescopeError

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


def show_off(scene: Scene, backend: Backend) -> None:
    """What is off, as text that can be edited: for pages that have no board."""
    key = scene.key("off")
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        choice.text(
            "Ablated",
            scene.ablation.text,
            key=key,
            on_change=of_this_model(lambda text: _switch_off(text, backend)),
            placeholder="nothing is ablated: L1.attn, L0.H3:mean, L*.mlp ...",
            label_visibility="collapsed",
            icon=":material/toggle_off:",
            width=430,
        )
        if scene.ablation:
            st.button("All on", on_click=lambda: change(ablation=NO_ABLATION))


def _switch_off(text: str, backend: Backend) -> None:
    try:
        change(ablation=parse_ablation(text, backend.model(now().model).cfg))
    except PuzzlescopeError as error:
        notify(str(error))
