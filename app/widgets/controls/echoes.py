"""Telling a visitor's choice from the echo of an older page.

With every message a browser sends the values of all its widgets: also with those by which it looks in on what
fills up. A message that left before the browser heard of a new scene still holds the values of the old one.
Streamlit compares them with the new ones, or with nothing if it has dropped the widget meanwhile, finds them
changed, and would have them chosen: another model's head, the puzzle before, a component on again that a
click on a chart has just switched off.

But every message also says which link its page shows, and that is written last of all. So it tells how much
the browser has heard: what a message of an older link says is only a choice if it is not what the widgets
said under that link.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

Link = tuple[tuple[str, str], ...]
_ECHOES = "echoes"
REMEMBERED = 20
"""Links: a browser is never so far behind."""
_NOTHING = object()


@dataclass(eq=False)
class Echoes:
    """What the widgets of one visitor have shown.

    Attributes:
        link: that the run under way leads to, or the last one led to.
        shown: the widgets of that run with their values, a visitor's choices since then included.
        before: the same of the last run that came to its end.
        under: the same for each of the latest links.
    """

    link: Link = ()
    shown: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    under: dict[Link, dict[str, Any]] = field(default_factory=dict)

    def begin(self, link: Link) -> None:
        """A run of the whole page begins."""
        self.link, self.shown = link, {}

    def end(self) -> None:
        """It has come to its end: now its link is written."""
        self.before = self.shown
        self.under.pop(self.link, None)
        self.under[self.link] = self.shown
        for link in list(self.under)[:-REMEMBERED]:
            del self.under[link]

    def heard(self, key: str, value: Any, link: Link) -> bool:
        """Whether it is a choice that a widget has this value, in a message from a page of this link. If so
        it is what the widget shows from now on."""
        said = self.under.get(link, {}) if link != self.link else self.shown
        if link == self.link and key not in self.shown and key not in self.before:
            return False  # the page has no such widget any more
        if link != self.link and said.get(key, _NOTHING) == value:
            return False
        said[key] = value
        return True


def begin(query: Mapping[str, str]) -> None:
    """A run of the whole page begins, which leads to this link."""
    _echoes().begin(_link(query))


def end() -> None:
    """It has come to its end."""
    _echoes().end()


def show(key: str, value: Any) -> None:
    """Let the widget of this key show a value."""
    st.session_state[key] = value
    _echoes().shown[key] = value


def hears(key: str, act: Callable[[], None]) -> Callable[[], None]:
    """For the widget of this key to call when its value changes: acts if that is a visitor's choice."""
    echoes = _echoes()
    echoes.shown.setdefault(key, _NOTHING)

    def hear() -> None:
        if echoes.heard(key, st.session_state.get(key), _link(st.query_params.to_dict())):
            act()
        elif echoes.shown.get(key, _NOTHING) is not _NOTHING:
            st.session_state[key] = echoes.shown[key]

    return hear


def _echoes() -> Echoes:
    if _ECHOES not in st.session_state:
        st.session_state[_ECHOES] = Echoes()
    found: Echoes = st.session_state[_ECHOES]
    return found


def _link(query: Mapping[str, str]) -> Link:
    return tuple(sorted(query.items()))
