"""Where the heads of a layer attend in the run on screen: on the grids, and token by token through
CircuitsVis."""

import streamlit as st

from app.state.scene import Scene
from app.state.session import change, look_at_head, of_this_model
from app.views.shared import lookback_list
from app.widgets.controls import choice
from app.widgets.export_menu import button
from app.widgets.grid_attention import view as grid_view
from app.widgets.grid_attention.choice import Choice
from app.widgets.palette import PALETTES
from app.widgets.token_attention import controls as token_controls
from app.widgets.token_attention import view as token_view
from app.widgets.token_attention.window import Window
from interp.analyses.attention import AttentionOf, LayerAttention
from interp.backend import Backend
from interp.model import Config


def show(scene: Scene, backend: Backend) -> None:
    """Draw both views of the chosen layer, and name the heads that look a fixed distance back."""
    cfg = backend.model(scene.model).cfg
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.header("Where the heads of layer", anchor=False, width="content")
        show_layer(scene, cfg, key=scene.key("attention-layer"))
        st.header("look", anchor=False, width="content")
        button.show("attention", "attention on the grids")
    attention = backend.ask(scene.model, AttentionOf(scene.puzzle, scene.ablation, scene.layer))
    grid_view.show(
        attention,
        scene.puzzle,
        Choice(scene.cell, scene.view, scene.weighting, scene.head if scene.large else None),
        key=scene.key("grid-attention"),
        layer=scene.layer,
        note=scene.run,
        colors=PALETTES[scene.palette],
        on_change=of_this_model(_choose),
    )
    with st.expander("Heads with a fixed attention offset", key="lookbacks"):
        lookback_list.show(scene, backend)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.header("Token by token", anchor=False, width="content")
        button.show("tokens", "attention token by token")
    show_tokens(scene, attention, cfg, key=scene.key("tokens"))


def show_layer(scene: Scene, cfg: Config, *, key: str) -> None:
    """Draw the choice of the layer whose heads are shown."""
    choice.segmented(
        "Layer",
        range(cfg.n_layers),
        scene.layer,
        key=key,
        on_change=of_this_model(lambda layer: look_at_head(layer=layer)),
    )


def _choose(choice: Choice) -> None:
    look_at_head(head=choice.head)
    change(cell=choice.cell, view=choice.view, weighting=choice.weighting, large=choice.head is not None)


def _choose_tokens(head: int | None, window: Window) -> None:
    look_at_head(head=head)
    change(all_heads=head is None, tokens=window)


def show_tokens(scene: Scene, attention: LayerAttention, cfg: Config, *, key: str) -> None:
    """Draw the pattern of the chosen head, or of all, through CircuitsVis, and the choice of head and
    tokens."""
    head = None if scene.all_heads else scene.head
    token_controls.show(
        head,
        scene.tokens,
        scene.puzzle,
        key=key,
        n_heads=cfg.n_heads,
        on_change=of_this_model(_choose_tokens),
    )
    token_view.show(
        attention, scene.puzzle, scene.tokens, key=f"{key}-view", layer=scene.layer, head=head, note=scene.run
    )
