"""A text that a visitor's own browser keeps, so that it is there again after a reload or when the server was
started anew. It goes to no other browser."""

from collections.abc import Callable
from pathlib import Path

from app.widgets.browser.hearing import said
from app.widgets.browser.scripts import component

HERE = Path(__file__).parent

_keepsake = component("keepsake", html="<div></div>", js=(HERE / "keepsake.js").read_text())


def prepare(
    name: str, text: str, longest: int, visit: str, *, heard: bool, on_found: Callable[[str], object]
) -> None:
    """Let the browser keep a text; an empty one is forgotten. Shows nothing itself.

    Args:
        name: under which it is kept.
        longest: characters that are kept and heard at most.
        visit: names this visit: each asks the browser for itself.
        heard: whether this visit has heard what the browser had before. Until then an empty text forgets
            nothing.
        on_found: is told the text that the browser has, as a stranger might send it.
    """
    key = f"keepsake-{name}"

    def hear() -> None:
        found = said(key, "found")
        if isinstance(found, str) and 0 < len(found) <= longest:
            on_found(found)

    data = {"name": name, "text": text, "longest": longest, "visit": visit, "heard": heard}
    _keepsake(key=key, data=data, on_found_change=hear)
