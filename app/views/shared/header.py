"""The top of every page: its name, the model, the puzzle, and the ablation."""

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


def show(scene: Scene, backend: Backend, title: str, about: str) -> None:
    """Draw title and choices.

    Args:
        about: the page in a sentence or two, on the title's tooltip.
    """
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.title(title, anchor=False, width=TITLE, help=about)
        model_picker.show(scene, backend)
        puzzle_picker.show(scene, backend)
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
