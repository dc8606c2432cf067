"""A part of a page that fills up: while something in it is under way the page looks in, and tells the part
what is new; the rest of the page stays as it is."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

import streamlit as st

from app.live.watching import watched
from app.state.backend import show_problem
from app.state.scene import Scene
from app.state.session import chosen, now
from app.state.waiting import look
from app.widgets.browser.news import News
from app.widgets.export_menu import asking
from interp.errors import PuzzlescopeError

_PARTS = "live-parts"

Told = Mapping[str, News | None]
"""What is new of components, by their keys; ``None`` of those of which nothing is."""


@dataclass(eq=False)
class Part:
    """One such part, as the page's last run has drawn it.

    Attributes:
        key: of its fragment.
        other: whether what it shows is no longer what this visitor is to see.
        under_way: whether any of what is shown fills up at the moment.
        groups: on what of :func:`app.live.watching.watched` it depends.
        news: tells it what is new without drawing it; ``None`` where that cannot be.
        alone: whether nothing else on the page depends on what fills up here.
        busy, version: how far it was when the browser last heard of it.
    """

    key: str
    other: Callable[[], bool]
    under_way: Callable[[], bool]
    groups: Iterable[str]
    news: Callable[[], Told | None]
    alone: bool
    busy: bool = False
    version: Hashable = None

    def looked(self) -> bool:
        """Look in.

        Returns:
            Whether it is further than the browser knows.
        """
        try:
            busy = self.under_way()
        except PuzzlescopeError:  # the part says it when it is drawn
            busy = False
        version = watched().version(self.groups)
        changed = (busy, version) != (self.busy, self.version)
        self.busy, self.version = busy, version
        return changed


def begin() -> None:
    """The page runs: its parts are those that it draws from now on."""
    st.session_state[_PARTS] = {}


def parts() -> dict[str, Part]:
    """Those of the page, by their keys."""
    found: dict[str, Part] = st.session_state.setdefault(_PARTS, {})
    return found


def show(
    draw: Callable[[], None],
    *,
    scene: Scene,
    under_way: Callable[[], bool],
    groups: Iterable[str],
    page: str | None = None,
    news: Callable[[], Told | None] = lambda: None,
    alone: bool = False,
) -> None:
    """Draw a part of a page, and let it fill up (:mod:`app.live.looks`).

    The whole page runs again when a visitor chooses something in this part, for that concerns the link and
    the other parts, or asks for the export; and when what is shown begins to fill up.

    Args:
        draw: draws what is known. Two parts of one page need two functions: Streamlit tells them apart by
            their names.
        scene: what this run of the page shows.
        page: whose choices, besides the scene, this part shows, if any.
        under_way: whether any of what is shown fills up at the moment; asked at every look.
        groups: on what of :func:`app.live.watching.watched` it depends: where none of these has anything
            new, there is nothing to draw.
        news: what there is to tell the components of this part, without drawing it; ``None`` if it has to be
            drawn.
        alone: whether nothing else on the page depends on what fills up here; else the page runs again when
            it is complete.
    """

    def own() -> Mapping[str, Any] | None:
        return None if page is None else chosen(page)

    choices = own()
    part = Part(
        key=draw.__name__,
        other=lambda: now() != scene or own() != choices,
        under_way=under_way,
        groups=tuple(groups),
        news=news,
        alone=alone,
    )
    parts()[part.key] = part

    @wraps(draw)
    def run() -> None:
        if part.other() or asking.just_asked():
            st.rerun()
        was_busy = part.busy
        with look():
            part.looked()  # before it is drawn: what comes meanwhile is news at the next look
            try:
                draw()
            except PuzzlescopeError as error:  # the rest of the page stands
                show_problem(error)
        if part.busy != was_busy and not (was_busy and alone):
            st.rerun()  # the page begins to look in, or shows what is complete by now

    part.looked()
    st.fragment(run, key=part.key)()
