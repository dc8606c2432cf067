"""Buttons of heads with their scores; a click shows the head."""

from collections.abc import Sequence

import streamlit as st

from app.state.scene import Scene
from app.state.session import look_at_head, of_this_model
from interp.analyses.lookback import HeadScore


def show_heads(scene: Scene, heads: Sequence[HeadScore], *, key: str) -> None:
    """Draw a button for each head, with its score; a click makes it the one whose attention is shown."""
    if not heads:
        st.caption("no head")
        return
    with st.container(horizontal=True, gap="small"):
        for head in heads:
            chosen = (head.layer, head.head) == (scene.layer, scene.head)
            st.button(
                f"{head.name} · {head.score:.2f}",
                key=scene.key(f"{key}-{head.name}"),
                type="primary" if chosen else "secondary",
                on_click=of_this_model(look_at_head),
                kwargs={"layer": head.layer, "head": head.head},
            )
