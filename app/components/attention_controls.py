"""Choosing whose attention is shown, and on which rows of the grids."""

import streamlit as st

from app.components.attention_view import ROWS
from app.scene import Scene, change
from interp.grids import SIZE
from interp.model import Config

_LAYER, _HEAD, _ROW = "attention-layer", "attention-head", "attention-row"


def show(scene: Scene, cfg: Config) -> None:
    """Draw the controls; a choice replaces the scene's layer, head or rows."""
    st.session_state[_LAYER], st.session_state[_HEAD] = scene.layer, scene.head
    st.session_state[_ROW] = scene.row
    st.segmented_control("Layer", range(cfg.n_layers), key=_LAYER, required=True, on_change=_choose)
    st.segmented_control("Head", range(cfg.n_heads), key=_HEAD, required=True, on_change=_choose)
    st.select_slider(
        "Rows of each grid",
        range(SIZE - ROWS + 1),
        key=_ROW,
        format_func=lambda first: f"{first + 1} and {first + ROWS}",
        on_change=_choose,
    )


def _choose() -> None:
    change(layer=st.session_state[_LAYER], head=st.session_state[_HEAD], row=st.session_state[_ROW])
