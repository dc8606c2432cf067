"""The bar at the top of a page while a story is told.

The browser has the captions of all scenes, so that the next one is there at once; the scene itself follows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from app.widgets.browser.hearing import said
from app.widgets.browser.scripts import AT_WORK, ELEMENT, KEPT, KEYS, component, joined

HERE = Path(__file__).parent
PAGE = (HERE / "page.css").read_text()

_bar = component(
    "story_bar", css=(HERE / "bar.css").read_text(), js=joined(ELEMENT, AT_WORK, KEYS, KEPT, HERE / "bar.js")
)


class TellingScene(NamedTuple):
    """The caption of a scene: its paragraphs' spans, each the name of an HTML element (or nothing) and its
    text."""

    heading: str
    paragraphs: Sequence[Sequence[tuple[str, str]]]


@dataclass(frozen=True)
class Telling:
    """What the bar shows.

    Attributes:
        story: the story as a link has it; a message of the browser says to which story it belongs.
        title: of the story.
        scenes: its captions.
        at: which scene is shown, from 1.
        strayed: whether the page shows something else than the scene by now.
    """

    story: str
    title: str
    scenes: Sequence[TellingScene]
    at: int
    strayed: bool


class Step(NamedTuple):
    """Go to a scene, from 1."""

    at: int


class Close(NamedTuple):
    """Leave the story."""


class Return(NamedTuple):
    """Show the scene again as the story has it."""


Wish = Step | Close | Return


def show(telling: Telling, *, key: str, on_wish: Callable[[Wish], None]) -> None:
    """Draw the bar.

    Args:
        on_wish: called, before the page runs again, with what the visitor wants.
    """

    def hear() -> None:
        wish = read_wish(said(key, "wish"), telling)
        if wish is not None:
            on_wish(wish)

    st.html(f"<style>{PAGE}</style>")
    data = {
        "story": telling.story,
        "title": telling.title,
        "scenes": [[heading, paragraphs] for heading, paragraphs in telling.scenes],
        "at": telling.at,
        "strayed": telling.strayed,
    }
    _bar(key=key, data=data, on_wish_change=hear)


def read_wish(message: Any, telling: Telling) -> Wish | None:
    """What a browser wants. It is only a claim: what is no wish, or one for another story, is passed over."""
    if not isinstance(message, Mapping) or message.get("story") != telling.story:
        return None
    match message.get("do"):
        case "close":
            return Close()
        case "return":
            return Return()
        case "step":
            at = message.get("at")
            return Step(at) if type(at) is int and 1 <= at <= len(telling.scenes) else None
    return None
