"""What an open page needs of its browser besides what Streamlit does: it comes to life again when its server was away for a
while, and Back and Forward step through its scenes. Nothing of it is to be seen."""

from pathlib import Path

import streamlit as st

_RUNS = "runs"
"""How many runs a visitor's page has had: so that the browser sees each begin."""

_keeper = st.components.v2.component(
    "page_keeper", html="<div></div>", js=(Path(__file__).parent / "page_keeper.js").read_text()
)


def show() -> None:
    """Put it on the page, outside of all fragments: a run that it asks for is one of the whole page."""
    runs = st.session_state.get(_RUNS, 0) + 1
    st.session_state[_RUNS] = runs
    with st.container(key="keeper"):  # app/style.css hides it
        _keeper(key="page-keeper", data={"runs": runs}, on_ask_change=lambda: None)
