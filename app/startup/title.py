"""The page's title, as the browser's tab, its history and bookmarks say it. A light module: it is there
before PyTorch is."""

import streamlit as st

PLAIN = "Puzzlescope"
_TITLE = "title"


def shown() -> str:
    """What a run begins with: the title that the run before gave, so that it does not flicker."""
    title: str = st.session_state.get(_TITLE, PLAIN)
    return title


def say(*parts: str) -> None:
    """Name what is on screen, the most particular first."""
    title = " · ".join([*(part for part in parts if part and part != PLAIN), PLAIN])
    st.session_state[_TITLE] = title
    st.set_page_config(page_title=title)
