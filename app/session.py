"""The scene of one visitor, what it was before (for undo), and what there is to say at the top of the page.

Widgets show what the scene says; their callbacks replace it here.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import streamlit as st

from app.choices import Choice, choices_from_query, query_of
from app.scene import Scene, first_changed, scene_from_query
from app.shared import plain
from interp.ablation import Ablation
from interp.backend import Backend
from interp.puzzles import Puzzle

_SCENE, _LINK, _NOTICE, _UNDO, _REDO = "scene", "link", "notice", "undo", "redo"
LONGEST_HISTORY = 100


def current_scene(
    backend: Backend, page: str = "", choices: Mapping[str, Choice] = MappingProxyType({})
) -> Scene:
    """The scene of this visitor: the one in the URL on the first run, then the one the widgets made.

    Args:
        page: whose run this is.
        choices: what that page lets one choose besides; see :func:`chosen`. It is in the URL too.
    """
    query = st.query_params.to_dict() if _SCENE not in st.session_state else {}
    if _SCENE not in st.session_state:
        st.session_state[_SCENE], problems = scene_from_query(query, backend)
        st.session_state[_NOTICE] = problems
    scene = st.session_state[_SCENE]
    if _own(page) not in st.session_state:
        cfg = backend.model(scene.model).cfg
        st.session_state[_own(page)], problems = choices_from_query(query, choices, cfg)
        st.session_state.setdefault(_NOTICE, []).extend(problems)
    st.session_state[_LINK] = {**scene.query(), **query_of(chosen(page), choices)}
    return scene


def write_link() -> None:
    """Put what is on screen into the URL: at the end of a run, for a browser is busy with it for a while."""
    query = st.session_state.get(_LINK)
    if query is not None and st.query_params.to_dict() != query:
        st.query_params.from_dict(query)


def chosen(page: str) -> dict[str, Any]:
    """What this visitor has chosen on a page, by the choices' names; read only."""
    return st.session_state[_own(page)]


def choose(page: str, **values: Any) -> None:
    """Choose something on a page; for use in widget callbacks."""
    st.session_state[_own(page)] = {**chosen(page), **values}


def _own(page: str) -> str:
    return f"chosen-{page}"


def now() -> Scene:
    """The scene as it is; for use in widget callbacks."""
    return st.session_state[_SCENE]


def change(**changes: Any) -> None:
    """Replace parts of the scene; for use in widget callbacks. An ablation that is replaced can be
    brought back, as long as the model stays."""
    before = now()
    st.session_state[_SCENE] = replace(before, **changes)
    if now().model != before.model:  # its parts are not this model's
        st.session_state[_UNDO] = st.session_state[_REDO] = []
    elif now().ablation != before.ablation:
        st.session_state[_UNDO] = [*_history(_UNDO), before.ablation][-LONGEST_HISTORY:]
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
