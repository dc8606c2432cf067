"""Where the heads of a layer attend in the run on screen: on the grids, and token by token through
CircuitsVis."""

import streamlit as st

from app.state.heads import roles_of
from app.state.scene import Panel, Scene
from app.state.session import change, look_at_head, of_this_model
from app.views.shared import role_list
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

PANELS: dict[Panel, str] = {
    "grids": "On the grids",
    "tokens": "Token by token",
    "roles": "Head roles (positional)",
}


def show(scene: Scene, backend: Backend) -> None:
    """Draw one of three views: the heads of a layer on the grids, one head token by token, the roles of all
    heads."""
    cfg = backend.model(scene.model).cfg
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.header("Attention, layer", anchor=False, width="content")
        show_layer(scene, cfg, key=scene.key("attention-layer"))
        if scene.panel != "roles":
            button.show("tokens" if scene.panel == "tokens" else "attention", "attention")
    choice.segmented(
        "Attention shown",
        PANELS,
        scene.panel,
        key="attention-panel",
        on_change=lambda panel: change(panel=panel),
    )
    if scene.panel == "roles":
        role_list.show(scene, backend)
        return
    attention = backend.ask(scene.model, AttentionOf(scene.puzzle, scene.ablation, scene.layer))
    if scene.panel == "tokens":
        show_tokens(scene, attention, cfg, key=scene.key("tokens"))
    else:
        _grids(scene, backend, attention)


def _grids(scene: Scene, backend: Backend, attention: LayerAttention) -> None:
    grid_view.show(
        attention,
        scene.puzzle,
        Choice(scene.cell, scene.view, scene.weighting, scene.head if scene.large else None),
        key=scene.key("grid-attention"),
        layer=scene.layer,
        note=scene.run,
        colors=PALETTES[scene.palette],
        tags=_tags(scene, backend),
        on_change=of_this_model(_choose),
    )


def _tags(scene: Scene, backend: Backend) -> list[grid_view.Tag]:
    """The roles of the layer's heads."""
    heads = [head for head in roles_of(backend, scene.model).heads if head.layer == scene.layer]
    return [
        grid_view.Tag(head.role.glyph, head.role.name, f"{head.words}. {head.role.help}") for head in heads
    ]


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
