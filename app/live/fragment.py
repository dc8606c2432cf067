"""A part of a page that fills up: it runs again by itself while something in it is under way; the rest of the
page stays as it is."""

from collections.abc import Callable
from functools import wraps

import streamlit as st

from app.live.watching import LOOK_IN
from app.state.scene import Scene
from app.state.session import chosen, now


def show(draw: Callable[[], None], *, scene: Scene, page: str, under_way: Callable[[], bool]) -> None:
    """Draw a part of a page, and go on drawing it as long as it fills up.

    The whole page runs again when a visitor chooses something in this part, for that concerns the link and
    the other parts; and when what is shown begins or ceases to fill up.

    Args:
        draw: draws what is known. Two parts of one page need two functions: Streamlit tells them apart by
            their names.
        scene: what this run of the page shows.
        page: whose choices, besides the scene, this part shows.
        under_way: whether any of what is shown fills up at the moment.
    """
    busy, choices = under_way(), chosen(page)

    @wraps(draw)
    def run() -> None:
        if now() != scene or chosen(page) != choices:
            st.rerun()
        draw()
        if under_way() != busy:
            st.rerun()  # begin, or cease, to look in

    st.fragment(run, run_every=LOOK_IN if busy else None)()
