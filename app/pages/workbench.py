"""The workbench: pick a puzzle, switch parts of the model off, see what changes."""

import streamlit as st

from app.components import answer, looking, model_picker, puzzle_picker, share, worth
from app.scene import Scene
from app.session import current_scene, show_notices
from app.shared import backend as shared_backend
from interp.backend import Backend


def page() -> None:
    backend = shared_backend()
    scene = current_scene(backend)
    room_for_share = _header(scene, backend)
    show_notices()
    clean = backend.prediction(scene.model, scene.puzzle)
    ablated = backend.prediction(scene.model, scene.puzzle, scene.ablation) if scene.ablation else None
    answer.show(scene, clean, ablated)
    with room_for_share:
        share.show(scene, backend, clean, ablated)
    st.divider()
    parts, heads = st.columns([10, 11], gap="medium")
    with parts:
        worth.show(scene, backend)
    with heads:
        looking.show(scene, backend)


def _header(scene: Scene, backend: Backend):  # type: ignore[no-untyped-def]
    """Title, model and puzzle; returns the place for what can be taken away."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.title("Puzzlescope", anchor=False, width="content", help=ABOUT)
        model_picker.show(scene, backend)
        puzzle_picker.show(scene, backend)
        return st.container(width="content")


ABOUT = (
    "A small GPT sees one example of a rule, X → f(X), and a new grid; it must draw the answer cell by cell."
    " Take it apart and see what breaks."
)

page()
