"""The menu in the top line for those who show this to others: the page as a scene of a story."""

import streamlit as st

from app.state import drafting
from app.state.drafting import draft
from app.state.session import notify
from app.state.stories.story import LONGEST_CAPTION, LONGEST_TITLE
from app.views import page_named
from app.views.shared.talks import following, presenting
from interp.errors import PuzzlescopeError

_HEADING, _CAPTION, _SEE = "add-heading", "add-caption", "add-see"


def show(page: str) -> None:
    """Draw the button that opens it.

    Args:
        page: that is open.
    """
    with st.popover("Story", icon=":material/slideshow:", key="story-menu"):
        _show_others(page)
        st.divider()
        _add(page)


def _show_others(page: str) -> None:
    st.button(
        "Present this page",
        key="present-button",
        icon=":material/present_to_all:",
        on_click=presenting.present,
        args=(True,),
        help="Larger, and without what only you need. Key p; Esc leaves.",
    )
    following.show_own(page)


def _add(page: str) -> None:
    with st.form("add-scene", clear_on_submit=True, border=False):
        st.text_input("Heading", key=_HEADING, max_chars=LONGEST_TITLE, placeholder="optional")
        st.text_area(
            "Caption",
            key=_CAPTION,
            max_chars=LONGEST_CAPTION,
            height=100,
            placeholder="What is to be seen here? **bold**, *italic* and `code` are understood.",
        )
        sights = page_named(page).sights
        st.selectbox(
            "Look at",
            ["", *sights],
            format_func=lambda name: sights[name].words if name else "the top of the page",
            key=_SEE,
            help="What is brought into sight, and ringed for a moment, when the scene is told.",
        )
        st.form_submit_button("Add this scene", icon=":material/add:", on_click=_take, args=(page,))
    count = len(draft().scenes)
    said = "no scene yet" if not count else "1 scene" if count == 1 else f"{count} scenes"
    st.caption(f"Your story has {said}. It is put in order and shared on the page *Stories*.")


def _take(page: str) -> None:
    try:
        drafting.add(page, *(st.session_state[key] for key in (_HEADING, _CAPTION, _SEE)))
    except PuzzlescopeError as error:
        notify(str(error))
