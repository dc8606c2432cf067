"""The chart of methods: whether they rank components alike. Begun when it is asked for, filling up."""

from functools import partial

import streamlit as st

from app.live import methods
from app.live.watching import watched
from app.state.scene import Scene
from app.widgets import terms
from app.widgets.charts import rank_map
from app.widgets.controls.progress import show_progress
from app.widgets.text import escape_markdown
from interp.analyses.by_method.rankings import COMPARED
from interp.backend import Backend


def show(scene: Scene, backend: Backend) -> None:
    """Draw it, or what begins it."""
    seen = methods.compared(scene, backend)
    if seen is None:
        _invite(scene, backend)
        return
    show_progress(
        seen.progress,
        seen.stopped,
        "The board by each method",
        left=watched().left(methods.GROUP, seen.progress),
        key="methods",
        on_stop=partial(watched().stop, methods.GROUP),
        on_again=partial(_begin, scene, backend),
        rest="Measure again",
    )
    rank_map.show(seen.rankings, key=scene.key("effects-methods"))
    for fault in seen.faults:
        st.caption(escape_markdown(fault))


def _invite(scene: Scene, backend: Backend) -> None:
    terms.caption(rank_map.ABOUT)
    over = "this puzzle" if scene.sample == 1 else f"{scene.sample} puzzles"
    st.caption(f"The board by each of {len(COMPARED)} methods, over {over}. It fills up as you look.")
    st.button(
        "Compare methods",
        icon=":material/play_arrow:",
        key="methods-begin",
        on_click=partial(_begin, scene, backend),
    )


def _begin(scene: Scene, backend: Backend) -> None:
    methods.begin(scene, backend)
