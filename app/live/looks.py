"""Looking in on what fills up on a page: its browser asks, and is told what is new in any part of it.

A look is one run of a fragment that shows nothing. Where nothing is new it sends a few hundred bytes, and
builds nothing; where a part can tell its news, they travel with it; where it cannot, that part is drawn. The
whole page runs only if something else than its parts depends on what is complete by now.
"""

import threading
import time

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.live import fragment, pace
from app.live.watching import watched
from app.state.waiting import LOOK_IN
from app.widgets.browser import look_in
from app.widgets.browser.news import News
from interp.errors import PuzzlescopeError

_NEWS, _BEGAN = "look-in-news", "look-in-began"


def show() -> None:
    """Put on the page what asks for looks. To be called when all parts are drawn, outside of them."""
    for name in (_NEWS, _BEGAN):
        st.session_state.pop(name, None)
    st.fragment(_answer, key=LOOK_IN)()


def _answer() -> None:
    """Tell what is new, and when to look again."""
    _count()
    news: dict[str, News] = st.session_state.pop(_NEWS, {})
    look_in.show(key=LOOK_IN, after=_after(), news=news, on_due=_look)


def _after() -> float | None:
    """Seconds until the next look; ``None`` if nothing fills up."""
    if not any(part.busy for part in fragment.parts().values()):
        return None
    soon = min(pace.seconds(watched().pace()), watched().due())
    return round(max(soon, pace.BUDGET.least(_who())), 2)


def _look() -> None:
    """Look at all parts, and run again what has to be drawn. A callback: it comes before what it asks for."""
    st.session_state[_BEGAN] = threading.get_ident(), time.thread_time()
    found = _found()
    if found is None:
        st.rerun()
    news, draw = found
    st.session_state[_NEWS] = news
    if draw:
        st.rerun([*draw, LOOK_IN])


def _found() -> tuple[dict[str, News], list[str]] | None:
    """What is new, by components, and the parts that have to be drawn; ``None``: the whole page."""
    news: dict[str, News] = {}
    draw = []
    for part in fragment.parts().values():
        if part.other():
            return None
        was_busy = part.busy
        if not part.looked():
            continue
        if was_busy and not part.busy and not part.alone:
            return None
        try:
            told = part.news()
        except PuzzlescopeError:  # the part says it when it is drawn
            told = None
        if told is None:
            draw.append(part.key)
        else:
            news |= {key: one for key, one in told.items() if one is not None}
    return news, draw


def _count() -> None:
    """Count what this look has cost: its callback, and the parts that it has drawn in the same thread."""
    thread, began = st.session_state.pop(_BEGAN, (0, 0.0))
    if thread == threading.get_ident():
        pace.BUDGET.spent(_who(), time.thread_time() - began)


def _who() -> str:
    context = get_script_run_ctx(suppress_warning=True)
    return "" if context is None else context.session_id
