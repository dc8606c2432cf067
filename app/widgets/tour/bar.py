"""The bar of the tour, at the bottom of the window, and a ring around what it speaks of.

The ring is drawn by the browser, over whatever the step's selector finds, also within other components; it
goes with the bar.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from app.widgets.browser.hearing import said
from app.widgets.browser.scripts import ELEMENT, KEPT, RING, RING_STYLE, component, joined

HERE = Path(__file__).parent
CSS = (HERE / "tour.css").read_text()

Wish = Literal["start", "back", "skip", "close"]

_bar = component("tour", css=RING_STYLE.read_text() + CSS, js=joined(ELEMENT, KEPT, RING, HERE / "bar.js"))
_invitation = component("tour_invitation", css=CSS, js=joined(ELEMENT, HERE / "invitation.js"))


@dataclass(frozen=True)
class Stop:
    """A step of the tour.

    Attributes:
        at: its number, from 1; above ``count`` the end.
        count: how many there are.
        title: of the step.
        sentence: what there is to see.
        turn: what the visitor is asked to do; empty at the end.
        target: a CSS selector of what that is done to; empty for none.
    """

    at: int
    count: int
    title: str
    sentence: str
    turn: str = ""
    target: str = ""


def show(stop: Stop, *, key: str, on_wish: Callable[[Wish], None]) -> None:
    """Draw the bar and the ring. It takes no room on the page: it lies over its bottom."""
    _bar(key=key, data=asdict(stop), on_wish_change=partial(_report, key, stop.at, on_wish))


def show_invitation(*, key: str, on_wish: Callable[[Wish], None]) -> None:
    """Draw the button that starts the tour."""
    _invitation(key=key, data={}, width=108, on_wish_change=partial(_report, key, 0, on_wish))


def _report(key: str, at: int, on_wish: Callable[[Wish], None]) -> None:
    wish = read_wish(said(key, "wish"), at)
    if wish is not None:
        on_wish(wish)


def read_wish(message: object, at: int) -> Wish | None:
    """What a browser wants, of the step that is shown; anything else is passed over."""
    if not isinstance(message, dict) or message.get("at") != at:
        return None
    found: Wish | None = next((wish for wish in get_args(Wish) if message.get("do") == wish), None)
    return found
