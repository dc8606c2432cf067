"""A file or a pasted text, read before any of it is kept: what it holds, and what is refused and why."""

from collections.abc import Callable

import streamlit as st

from app.state.session import choose, notify
from app.views.puzzles.choices import PAGE
from app.views.puzzles.sources import PREVIEW
from app.widgets.text import escape_markdown
from interp.errors import PuzzlescopeError
from interp.puzzles.exchange import Preview, preview_file, preview_text

MOST_MEGABYTES = 1
MOST_TOLD = 12
"""Puzzles that are refused, told one by one."""
LONGEST_TEXT = 200_000
PLACES = {"top-left": "top left", "centre": "centre"}
_TRIES = "puzzles-file-tries"
HELP = (
    "ARC JSON (pairs of train and test), the project's .json, .jsonl, .npz and .parquet, or text: rows of"
    " digits, as people write grids in issues and papers."
)


def show() -> None:
    """Draw the two ways in, and what came of the last."""
    key = f"puzzles-file-{st.session_state.get(_TRIES, 0)}"
    left, right = st.columns(2, gap="medium")
    with left:
        st.file_uploader(
            "A file of puzzles",
            key=key,
            max_upload_size=MOST_MEGABYTES,
            on_change=lambda: _open(key),
            help=HELP,
        )
        st.segmented_control(
            "A smaller grid goes to the",
            list(PLACES),
            format_func=PLACES.__getitem__,
            default="top-left",
            required=True,
            key="puzzles-place",
        )
    with right:
        st.text_area(
            "Or grids as text",
            key="puzzles-text",
            height=120,
            max_chars=LONGEST_TEXT,
            placeholder="0 0 3 3 0 …, ten digits a row; three grids or four",
        )
        st.button("Read the text", key="puzzles-read", on_click=_read)
    preview: Preview | None = st.session_state.get(PREVIEW)
    if preview is not None:
        _tell(preview)


def _open(key: str) -> None:
    file = st.session_state.get(key)
    if file is None:
        return
    st.session_state[_TRIES] = st.session_state.get(_TRIES, 0) + 1
    name, content = file.name, file.getvalue()
    _take(lambda place: preview_file(name, content, place=place))


def _read() -> None:
    text = st.session_state.get("puzzles-text") or ""
    _take(lambda place: preview_text(text, place=place))


def _take(read: Callable[[str], Preview]) -> None:
    """Show what a reader, which is told where smaller grids go, finds."""
    try:
        st.session_state[PREVIEW] = read(st.session_state.get("puzzles-place") or "top-left")
        choose(PAGE, page=1, result="all", task="", grids="")
    except PuzzlescopeError as error:
        st.session_state.pop(PREVIEW, None)
        notify(str(error))


def _tell(preview: Preview) -> None:
    sound, refused = len(preview.sound), preview.refused
    words = f"**{escape_markdown(preview.source)}** ({preview.form}): {sound} to be picked from"
    st.markdown(words + (f", {len(refused)} refused." if refused else "."))
    for note in preview.notes:
        st.caption(escape_markdown(note))
    told = [(one.place, " ".join([*one.done, one.truth])) for one in preview.sound[:MOST_TOLD]]
    if any(words.strip() for _, words in told):
        with st.expander("What was done, and what the solvers say", expanded=sound <= 2):
            for place, words in told:
                st.markdown(f"- {escape_markdown(place)}: {escape_markdown(words)}")
            if sound > MOST_TOLD:
                st.caption(f"and {sound - MOST_TOLD} more")
    if refused:
        with st.expander("What is refused, and why", expanded=not sound):
            for one in refused[:MOST_TOLD]:
                st.markdown(f"- {escape_markdown(one.refused)}")
            if len(refused) > MOST_TOLD:
                st.caption(f"and {len(refused) - MOST_TOLD} more")
