"""The browser's side of what fills up by itself: it asks for the next look, and hands out what came of it.

One invisible component asks for all parts of a page. What is new travels with it, so that the components that
show it need not be sent again (:mod:`app.widgets.browser.news`).
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from app.widgets.browser.news import News
from app.widgets.browser.scripts import component

_look_in = component("look_in", html="<div></div>", js=(Path(__file__).parent / "look_in.js").read_text())


def show(*, key: str, after: float | None, news: Mapping[str, News], on_due: Callable[[], None]) -> None:
    """Put it on the page. What it says is always another look, so the browser hears it.

    Args:
        after: how many seconds the browser waits until it asks for the next look; ``None``: until the page
            runs again.
        news: of components, by their keys.
        on_due: called when the browser asks, before anything is drawn.
    """
    # Also of a server that was started anew: it must not repeat what one before it has said.
    data = {"look": time.time_ns() // 1000, "after": after, "news": dict(news)}
    _look_in(key=key, data=data, on_due_change=on_due)
