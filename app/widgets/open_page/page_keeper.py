"""What an open page needs of its browser besides what Streamlit does: it comes to life again when its server
was away for a while, Back and Forward step through its scenes, and Tab leads to what is chosen. Nothing of it
is to be seen."""

from collections.abc import Collection
from pathlib import Path
from uuid import uuid4

import streamlit as st

from app.startup import arrival
from app.widgets.browser.scripts import component, joined

HERE = Path(__file__).parent
SCRIPT = joined(HERE / "focus.js", HERE / "page_keeper.js")

_keeper = component("page_keeper", html="<div></div>", js=SCRIPT)


_READY, _OPEN = "browser-ready", "puzzlescope-open"


def show(page: str, pages: Collection[str]) -> bool:
    """Put it on the page, outside of all fragments: a run that it asks for is one of the whole page.

    Args:
        page: the path of the one that is open; none for the first.
        pages: the paths of all.

    Returns:
        Whether this visitor's browser has the style sheet. Until it says so there is nothing to draw:
        it would be moved when the style comes. Then it asks for a run.
    """
    # Without a browser, as in tests of a page alone or for a program that speaks Streamlit's protocol, there
    # is nothing to wait for. What is a browser says so.
    browser = "Mozilla/" in st.context.headers.get("User-Agent", "")
    ready = st.session_state.get(_READY, False) or not browser
    # A server that was started anew finds pages that are drawn, with what was clicked in them meanwhile.
    ready = ready or _OPEN in st.context.cookies
    # The browser must see each run begin, also the first one of a server that was restarted, and of which
    # address it is: of the one that the visitor has gone to, or of another.
    data = {
        "run": uuid4().hex,
        "page": page,
        "pages": list(pages),
        "query": st.query_params.to_dict(),
        "asked": arrival.asked(),
        "ready": ready,
    }
    _keeper(key="page-keeper", data=data, on_ask_change=lambda: None, on_ready_change=_set_ready)
    return ready


def _set_ready() -> None:
    st.session_state[_READY] = True
