"""Whether a visitor has the export open, and at which figure."""

import streamlit as st

_OPEN, _ASKED = "export-open", "export-asked"


def ask(figure: str = "") -> None:
    """Open the export, at a figure of the page if one is named; for use in widget callbacks."""
    st.session_state[_OPEN], st.session_state[_ASKED] = figure, True


def asked() -> bool:
    """Whether it has been asked for and no run of the page has opened it yet."""
    return bool(st.session_state.get(_ASKED))


def opened() -> str | None:
    """The figure at which it is open, which may be none (""); ``None`` if it is closed. For the page itself:
    now it has been opened."""
    st.session_state[_ASKED] = False
    figure: str | None = st.session_state.get(_OPEN)
    return figure


def close() -> None:
    st.session_state[_OPEN] = None
