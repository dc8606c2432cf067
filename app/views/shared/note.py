"""A note that travels with the link: a quiet line at the top, written in the export menu."""

from collections.abc import Callable

import streamlit as st

from app.state.scene import Scene
from app.state.session import change, notify
from app.state.texts import LONGEST_NOTE, plain_line
from app.widgets.controls import choice
from app.widgets.text import escape_markdown


def show(scene: Scene) -> None:
    """Draw the note, if there is one, with a button that removes it. It is text of whoever made the link, and
    nothing in it is Markdown."""
    if not scene.note:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="note"):
        st.markdown(f"*Note:* {escape_markdown(scene.note)}", width="content")
        st.button("Remove", key="note-remove", type="tertiary", on_click=lambda: change(note=""))


def editor(scene: Scene) -> Callable[[], None]:
    """What draws the field in which the note is written."""

    def draw() -> None:
        choice.text(
            "Note in the link",
            scene.note,
            key="note-text",
            on_change=_write,
            max_chars=LONGEST_NOTE,
            placeholder="such as: why does cell 3 break first?",
            help="Shown at the top of the page that the link opens.",
        )

    return draw


def _write(text: str) -> None:
    note = plain_line(text)
    if len(note) > LONGEST_NOTE:
        notify(f"A note has at most {LONGEST_NOTE} characters, got {len(note)}.")
    else:
        change(note=note)
