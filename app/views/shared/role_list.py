"""The roles of all heads, with a line on what each means; a click on a head shows it."""

import streamlit as st

from app.state.heads import roles_of
from app.state.scene import Scene
from app.state.session import look_at_head, of_this_model
from app.widgets import terms
from interp.analyses.head_roles import AT_LEAST, ROLES, HeadRole
from interp.backend import Backend

LISTED = 12
"""Heads of one role that have a button; the others are counted."""


def show(scene: Scene, backend: Backend) -> None:
    """Draw a line for each role that a head of this model has, with its heads."""
    roles = roles_of(backend, scene.model)
    terms.caption(
        f"A head has a role if at least {AT_LEAST:.0%} of its attention, where the answer's cells are"
        " predicted, falls there. It says where a head looks; what depends on it is told by ablating it."
    )
    for role in ROLES.values():
        heads = roles.having(role.key)
        if heads:
            st.markdown(f"**{role.glyph} {role.name}** ({len(heads)}). {role.help}")
            if role.key != "content":
                _buttons(scene, heads[:LISTED])


def _buttons(scene: Scene, heads: list[HeadRole]) -> None:
    with st.container(horizontal=True, gap="small"):
        for head in heads:
            st.button(
                f"{head.component.text} · {head.share:.2f}",
                key=scene.key(f"role-{head.component.text}"),
                type="primary" if head.component == scene.attention else "secondary",
                help=head.words,
                on_click=of_this_model(look_at_head),
                kwargs={"layer": head.layer, "head": head.head},
            )
