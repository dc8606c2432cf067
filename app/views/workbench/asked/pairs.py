"""The chart of pairs of heads: begun when it is asked for, filling up while one looks."""

from functools import partial

import streamlit as st

from app.live import sweeps, synergies
from app.live.watching import Seen, watched
from app.state.scene import Scene
from app.state.session import of_this_model
from app.views.shared.switching import switch_all
from app.widgets import terms
from app.widgets.charts import pair_map
from app.widgets.controls.progress import show_progress
from interp.ablation import components_of
from interp.analyses.conditional import GIVEN
from interp.analyses.synergy import SynergyState
from interp.backend import Backend


def show(scene: Scene, backend: Backend) -> None:
    """Draw it, or what begins it."""
    seen = synergies.pairs(scene, backend)
    if seen is None:
        _invite(scene, backend)
        return
    _progress(scene, backend, seen)
    if seen.state is None:
        return
    pair_map.show(
        seen.state,
        scene.measure,
        list(scene.ablation.components),
        given=GIVEN if sweeps.is_given(scene) else "",
        key=scene.key("effects-pairs"),
        on_click=of_this_model(switch_all),
    )


def _invite(scene: Scene, backend: Backend) -> None:
    heads = len(components_of(backend.model(scene.model).cfg, ["head"]))
    terms.caption(pair_map.ABOUT)
    over = "this puzzle" if scene.sample == 1 else f"{scene.sample} puzzles"
    st.caption(
        f"{heads * (heads - 1) // 2:,} pairs of {heads} heads, over {over}. That takes a while, and fills up"
        " as you look; it can be stopped."
    )
    st.button(
        "Measure pairs of heads",
        icon=":material/play_arrow:",
        key="pairs-begin",
        on_click=partial(_begin, scene, backend),
    )


def _progress(scene: Scene, backend: Backend, seen: Seen[SynergyState]) -> None:
    known, n = (0, scene.sample) if seen.state is None else (seen.state.known, seen.state.n)
    over = "this puzzle" if n == 1 else f"{known} of {n} puzzles"
    if seen.stopped:
        st.caption(f"Pairs of heads: stopped at {over}.")
    show_progress(
        seen.progress,
        seen.stopped,
        f"Pairs of heads, {over}",
        left=watched().left(synergies.GROUP, seen.progress),
        key="pairs",
        on_stop=partial(watched().stop, synergies.GROUP),
        on_again=partial(_begin, scene, backend),
        rest="Measure again",
    )


def _begin(scene: Scene, backend: Backend) -> None:
    synergies.begin(scene, backend)
