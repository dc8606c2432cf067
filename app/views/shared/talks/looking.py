"""What a link speaks of, brought into sight when its scene is entered: by a story, by following a talk, or by
opening the link."""

import streamlit as st

from app.state.playing import ENTERED
from app.state.scene import Scene
from app.state.session import arrived, chosen
from app.state.sights import SEE
from app.views import page_named
from app.widgets import sight

_COUNT = "entered-count"


def show(scene: Scene, page: str) -> None:
    """Put what does it on the page. A scene of a story that speaks of no figure is looked at from the top."""
    sights = page_named(page).sights
    named = chosen(page).get(SEE, "")
    target = sights[named].selector if named else "" if scene.story else None
    entered = page, named, scene.story, scene.at
    # Back and Forward, and what a presenter does within a scene, arrive too, but enter nothing.
    if arrived() and st.session_state.get(ENTERED) != entered:
        st.session_state[ENTERED] = entered
        st.session_state[_COUNT] = st.session_state.get(_COUNT, 0) + 1
    sight.show(st.session_state.get(_COUNT, 0), target, key="sight-of-link")
