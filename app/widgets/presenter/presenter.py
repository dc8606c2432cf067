"""Showing the page to an audience: larger, without what only its presenter needs, with a pointer. And the
keys that the page knows."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app.widgets.browser.hearing import said
from app.widgets.browser.scripts import ELEMENT, KEPT, KEYS, component, joined

HERE = Path(__file__).parent

_presenter = component(
    "presenter",
    css=(HERE / "presenter.css").read_text(),
    js=joined(ELEMENT, KEYS, KEPT, HERE / "presenter.js"),
)

LARGER = (HERE / "larger.css").read_text()
"""The style of a page that is shown to an audience: for the whole page, while it is."""

KEYS_OF_PAGE = (
    ("← →", "the scenes of a story"),
    ("p", "larger, for an audience, and back"),
    ("f", "full screen"),
    ("l", "a dot that follows the mouse"),
    ("[ ]", "the puzzle before, the next puzzle"),
    ("a", "to the answer"),
    ("b", "to the board"),
    ("h", "to the attention of the heads"),
    ("?", "this list"),
    ("Esc", "leave what is open"),
)
"""The keys of the page, each with what it does or leads to."""


def show(presenting: bool, *, key: str, on_present: Callable[[bool], None]) -> None:
    """Put it on the page: it hears the keys, and is seen while the page is shown to an audience.

    Args:
        on_present: called, before the page runs again, with whether it is to be.
    """

    def hear() -> None:
        wanted = said(key, "present")
        if type(wanted) is bool and wanted != presenting:
            on_present(wanted)

    if presenting:
        st.html(f"<style>{LARGER}</style>")
    with st.container(key="presenter"):  # app/style.css: it takes no room
        data = {"presenting": presenting, "keys": KEYS_OF_PAGE}
        _presenter(key=key, data=data, on_present_change=hear)
