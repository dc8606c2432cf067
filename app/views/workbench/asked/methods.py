"""The chart of methods: whether they rank components alike. Begun when it is asked for, filling up."""

import streamlit as st

from app.live import methods
from app.live.watching import watched
from app.state.scene import Scene
from app.widgets import terms
from app.widgets.charts import rank_map
from app.widgets.text import escape_markdown
from interp.analyses.by_method.rankings import COMPARED
from interp.backend import Backend


def show(scene: Scene, backend: Backend) -> None:
    """Draw it, or what begins it."""
    seen = methods.compared(scene, backend)
    if seen is None:
        _invite(scene, backend)
        return
    _progress(scene, backend, seen)
    rank_map.show(seen.rankings, key=scene.key("effects-methods"))
    for fault in seen.faults:
        st.caption(escape_markdown(fault))


def _invite(scene: Scene, backend: Backend) -> None:
    terms.caption(rank_map.ABOUT)
    over = "this puzzle" if scene.sample == 1 else f"{scene.sample} puzzles"
    st.caption(f"The board by each of {len(COMPARED)} methods, over {over}. It fills up as you look.")
    if st.button("Compare methods", icon=":material/play_arrow:", key="methods-begin"):
        methods.begin(scene, backend)
        st.rerun()


def _progress(scene: Scene, backend: Backend, seen: methods.Compared) -> None:
    if seen.progress is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            left = watched().left(methods.GROUP, seen.progress)
            st.progress(seen.progress, text=f"The board by each method: {seen.progress:.0%}{left}")
            if st.button("Stop", key="methods-stop"):
                watched().stop(methods.GROUP)
                st.rerun()
    elif seen.stopped and st.button("Measure again", icon=":material/play_arrow:", key="methods-again"):
        methods.begin(scene, backend)
        st.rerun()
