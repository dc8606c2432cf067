"""Brings a figure of the page into sight, once, and rings it for a moment.

The browser waits until the figure is there and stands still, and leaves the page to visitors who scroll by
themselves meanwhile.
"""

from pathlib import Path

import streamlit as st

from app.widgets.browser.scripts import AT_WORK, ELEMENT, KEPT, RING, RING_STYLE, component, joined

HERE = Path(__file__).parent

_sight = component(
    "sight", css=RING_STYLE.read_text(), js=joined(ELEMENT, AT_WORK, KEPT, RING, HERE / "sight.js")
)


def show(entered: int, target: str | None, *, key: str) -> None:
    """Put it on the page, where it takes no room.

    Args:
        entered: a number that is another each time there is something to bring into sight.
        target: a CSS selector of what that is; empty for the top of the page, ``None`` for nothing.
    """
    with st.container(key="sight"):  # app/style.css
        _sight(key=key, data={"entered": entered, "target": target})
