"""Choosing the model that is taken apart."""

import streamlit as st

from app.state.scene import Scene, copy_head
from app.state.session import change, notify, now
from app.widgets.controls import echoes
from interp.ablation import NO_ABLATION
from interp.backend import Backend
from interp.checkpoints import list_models
from interp.errors import PuzzlescopeError

_KEY = "model"


def show(scene: Scene, backend: Backend) -> None:
    """Draw the choice. Another model has other parts: everything is on again, and its own copying head is
    shown."""
    cfg = backend.model(scene.model).cfg
    echoes.show(_KEY, scene.model)
    names = dict.fromkeys([*list_models(), scene.model])
    st.selectbox(
        "Model",
        list(names),
        key=_KEY,
        on_change=echoes.hears(_KEY, lambda: _choose(backend)),
        width=115,
        help=f"{cfg.n_layers} layers of {cfg.n_heads} heads, {backend.model(scene.model).n_params / 1e6:.1f}"
        f" M parameters."
        " Folders in assets/models are offered.",
    )


def _choose(backend: Backend) -> None:
    name = st.session_state[_KEY]
    try:
        layer, head = copy_head(backend, name, now().puzzle)
    except PuzzlescopeError as error:
        notify(str(error))
        return
    change(model=name, ablation=NO_ABLATION, layer=layer, head=head, large=False, flips=None)
