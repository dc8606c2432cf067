"""The logbook, live: each experiment of the original notebook on the model at hand, beside what was published."""

import streamlit as st

from app.components import header
from app.session import current_scene, show_notices
from app.shared import backend as shared_backend

PAGE = "logbook"


def page() -> None:
    backend = shared_backend()
    scene = current_scene(backend, PAGE)
    header.show(scene, backend, "Logbook", ABOUT)
    header.show_off(scene, backend)
    show_notices()
    st.write("soon")


ABOUT = (
    "Each experiment of the original notebook, on the model at hand, beside the published figures of another."
)

page()
