"""PyTorch, TransformerLens and the pages' modules are loaded once a process, which takes seconds: by the
server before there is a visitor, and by visitors who come before that is done, who see a spinner meanwhile.
"""

import gc
import sys
import threading
from importlib import import_module

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

HEAVY = "app.views.preload"
"""The module that brings everything along."""

COLLECT_AFTER = (10_000, 10, 10)
"""New objects after which Python's garbage collector looks through the newest and how often it does so before
it looks through older ones, and through all: 15 times as rarely as without this. What it then frees later
was 0.2 GB where fifty people clicked."""

_one_at_a_time = threading.Lock()
"""Pages that open together, as all do that wait for a server to come back, must not each load a part of what
the others are loading: an import that meets another half way can fail."""

_nothing = st.components.v2.component("nothing", html="<div></div>", js="export default () => {}")


def load(place: DeltaGenerator) -> None:
    """Load what the pages need, if it is not there yet, and say so in this place meanwhile."""
    if _loaded():
        return
    loading = st.spinner("Loading PyTorch and TransformerLens: a few seconds, once.")
    with place.container(), loading, _one_at_a_time:
        import_module(HEAVY)
    place.empty()


def ahead() -> None:
    """The same before there is a visitor, and with it what the first page shows.

    Raises:
        PuzzlescopeError: if the model that the dashboard opens with cannot be loaded.
    """
    with _one_at_a_time:
        module = import_module(HEAVY)
    module.first_answers()
    _pass_over()


def _pass_over() -> None:
    """Have the collector of Python's garbage pass over all that is there now: modules and models, which stay.
    It looks through everything whenever a quarter more is there, and no thread gets on meanwhile: 0.3 s every
    eight seconds where twenty people click. Even of what comes later it should look through all but rarely:
    0.14 s of fifty people's pages twice in five seconds is felt by who asks for anything, and nearly all of
    it is freed without the collector."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def _loaded() -> bool:
    """Whether it is there as a whole: Python knows a module's name from when it begins to load it."""
    module = sys.modules.get(HEAVY)
    return module is not None and not getattr(module.__spec__, "_initializing", False)


def prepare_browser() -> None:
    """Draw one of each kind of element that the pages are made of, where it is not seen. A browser fetches
    the code of a kind, and the style sheet's too, when it first draws one; on the page itself each would push
    aside what is there already."""
    _nothing(key="opening-component")
    st.title("Puzzlescope", help="Loading")
    st.caption("Loading")
    st.markdown("<b>Loading</b>", unsafe_allow_html=True)
    st.divider()
    st.selectbox("Loading", ["Loading"], key="opening-select", help="Loading")
    st.segmented_control("Loading", ["Loading"], key="opening-segments")
    st.toggle("Loading", key="opening-toggle")
    st.button("Loading", key="opening-button")
    st.popover("Loading")
    st.expander("Loading")
    st.slider("Loading", 0, 1, (0, 1), key="opening-slider")
