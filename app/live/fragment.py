"""A part of a page that fills up: it runs again by itself while something in it is under way; the rest of the
page stays as it is."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import streamlit as st

from app.live.watching import LOOK_IN
from app.state.scene import Scene
from app.state.session import chosen, now
from app.state.waiting import look
from app.widgets.export_menu import asking


def show(
    draw: Callable[[], None], *, scene: Scene, under_way: Callable[[], bool], page: str | None = None
) -> None:
    """Draw a part of a page, and go on drawing it as long as it fills up.

    The whole page runs again when a visitor chooses something in this part, for that concerns the link and
    the other parts, or asks for the export; and when what is shown begins or ceases to fill up.

    Args:
        draw: draws what is known. Two parts of one page need two functions: Streamlit tells them apart by
            their names.
        scene: what this run of the page shows.
        page: whose choices, besides the scene, this part shows, if any.
        under_way: whether any of what is shown fills up at the moment.
    """

    def own() -> Mapping[str, Any] | None:
        return None if page is None else chosen(page)

    busy, choices = under_way(), own()

    @wraps(draw)
    def run() -> None:
        if now() != scene or own() != choices or asking.just_asked():
            st.rerun()
        with look():
            draw()
            busy_still = under_way()
        if busy_still != busy:
            st.rerun()  # begin, or cease, to look in

    st.fragment(run, run_every=LOOK_IN if busy else None)()
