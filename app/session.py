"""The scene of one visitor, what it was before (for undo), and what there is to say at the top of the page.

Widgets show what the scene says; their callbacks replace it here.
"""

from dataclasses import replace
from typing import Any

import streamlit as st

from app.scene import Scene, first_changed, scene_from_query
from app.shared import plain
from interp.ablation import Ablation
from interp.backend import Backend
from interp.puzzles import Puzzle

_SCENE, _NOTICE, _UNDO, _REDO = "scene", "notice", "undo", "redo"
LONGEST_HISTORY = 100


def current_scene(backend: Backend) -> Scene:
    """The scene of this visitor: the one in the URL on the first run, then the one the widgets made."""
    if _SCENE not in st.session_state:
        scene, problems = scene_from_query(st.query_params.to_dict(), backend)
        st.session_state[_SCENE] = scene
        st.session_state[_NOTICE] = problems
    scene = st.session_state[_SCENE]
    if st.query_params.to_dict() != scene.query():
        st.query_params.from_dict(scene.query())
    return scene


def now() -> Scene:
    """The scene as it is; for use in widget callbacks."""
    return st.session_state[_SCENE]


def change(**changes: Any) -> None:
    """Replace parts of the scene; for use in widget callbacks. An ablation that is replaced can be brought back."""
    before = now().ablation
    st.session_state[_SCENE] = replace(now(), **changes)
    if now().ablation != before:
        st.session_state[_UNDO] = [*_history(_UNDO), before][-LONGEST_HISTORY:]
        st.session_state[_REDO] = []


def open_puzzle(puzzle: Puzzle) -> None:
    """Show another puzzle, and of its answer the first cell that is not merely copied."""
    change(puzzle=puzzle, cell=first_changed(puzzle), view="from")


def can_undo() -> bool:
    return bool(_history(_UNDO))


def can_redo() -> bool:
    return bool(_history(_REDO))


def undo() -> None:
    """Bring back what was off before the last change, if there was one."""
    _step(_UNDO, _REDO)


def redo() -> None:
    """Take back the last undo, if there was one."""
    _step(_REDO, _UNDO)


def _step(taken: str, kept: str) -> None:
    history = _history(taken)
    if history:
        st.session_state[kept] = [*_history(kept), now().ablation]
        st.session_state[_SCENE] = replace(now(), ablation=history[-1])
        st.session_state[taken] = history[:-1]


def _history(name: str) -> list[Ablation]:
    return st.session_state.get(name, [])


def notify(sentence: str) -> None:
    """Say something at the top of the page on the next run."""
    st.session_state.setdefault(_NOTICE, []).append(sentence)


def show_notices() -> None:
    """Show what callbacks and the link had to say, once."""
    for sentence in st.session_state.pop(_NOTICE, []):
        st.warning(plain(sentence), icon=":material/info:")
