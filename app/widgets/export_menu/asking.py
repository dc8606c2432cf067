"""Whether a visitor has the export open, and at which figure."""

import streamlit as st

_OPEN, _ASKED = "export-open", "export-asked"


def ask(figure: str = "") -> None:
    """Open the export, at a figure of the page if one is named; for use in widget callbacks."""
    st.session_state[_OPEN], st.session_state[_ASKED] = figure, True


def just_asked() -> bool:
    """Whether it has been asked for since this was asked last, and no run of the page has opened it yet. A
    part of a page that runs by itself asks, and lets the whole page run: once, for a second time would only
    end that run."""
    return bool(st.session_state.pop(_ASKED, False))


def opened() -> str | None:
    """The figure at which it is open, which may be none (""); ``None`` if it is closed. For the page itself:
    now it has been opened."""
    st.session_state.pop(_ASKED, None)
    figure: str | None = st.session_state.get(_OPEN)
    return figure


def close() -> None:
    st.session_state[_OPEN] = None
