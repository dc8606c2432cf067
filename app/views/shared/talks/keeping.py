"""A visitor's own story is kept in the visitor's browser while it is written: a visit ends with a reload, and
with the server."""

import streamlit as st
from streamlit import config

from app.state import drafting
from app.state.drafting import draft
from app.state.session import notify
from app.state.stories import parse, write
from app.state.stories.markdown_file import LONGEST_FILE
from app.views.shared.talks.known import known
from app.widgets.keepsake import keepsake
from interp.errors import PuzzlescopeError, brief

_HEARD, _VISIT = "draft-heard", "draft-visit"
NAME = "your-story"


def prepare() -> None:
    """Keep what is written, and take up what was. Shows nothing itself."""
    if _VISIT not in st.session_state:
        st.session_state[_VISIT] = drafting.new_visit()
    try:
        text = write(draft().story())
    except PuzzlescopeError:  # nothing is written yet
        text = ""
    # Another dashboard may be at the same host, below another path.
    name = f"puzzlescope/{(config.get_option('server.baseUrlPath') or '').strip('/')}/{NAME}"
    keepsake.prepare(
        name,
        text,
        LONGEST_FILE,
        st.session_state[_VISIT],
        heard=bool(st.session_state.get(_HEARD)),
        on_found=_take_up,
    )


def _take_up(text: str) -> None:
    """Go on with what the browser has kept, unless something new is written already. What cannot be read
    stays in the browser until then: another version of this dashboard may be able to."""
    if draft().scenes or st.session_state.get(_HEARD):
        return
    try:
        story = parse(text, NAME, known(), "The story that this browser has kept")
    except PuzzlescopeError as error:
        if _HEARD not in st.session_state:  # it is told once
            notify(f"Your story is not shown: {brief(str(error), 200)}")
        st.session_state[_HEARD] = False
        return
    st.session_state[_HEARD] = True
    drafting.restore(story)
