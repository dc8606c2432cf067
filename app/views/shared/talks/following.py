"""Following a talk: the presenter's page shows the code, and others see what is shown there."""

from urllib.parse import urlencode

import streamlit as st

from app.startup import arrival
from app.state.following import TALKS
from app.state.playing import CARRIED
from app.state.scene import Scene
from app.state.session import change, link, now
from app.views.shared.talks.address import address
from app.widgets.text import escape_markdown
from interp.errors import PuzzlescopeError

LOOK_IN = 1.0
"""Seconds between two looks at what the presenter shows."""
_OWN, _SEEN = "own-talk", "seen-of-talk"


# ---- giving a talk -----------------------------------------------------------------------------------------


def code() -> str | None:
    """The code of the talk that this visitor gives, if one is given."""
    own = st.session_state.get(_OWN)
    return own[0] if own else None


def begin(page: str) -> None:
    """Begin a talk with what is on screen; for use in widget callbacks."""
    st.session_state[_OWN] = TALKS.begin(page, _shown())
    change(follow="")


def end() -> None:
    """End it; for use in widget callbacks."""
    own = st.session_state.pop(_OWN, None)
    if own:
        TALKS.end(*own)


def publish(page: str) -> None:
    """Show what is on screen to those who follow, if a talk is given: in every run of a page."""
    own: tuple[str, str] | None = st.session_state.get(_OWN)
    if own is not None:
        name, key = own
        if not TALKS.show(name, key, page, _shown()):
            del st.session_state[_OWN]


def _shown() -> dict[str, str]:
    return {name: value for name, value in link().items() if name not in CARRIED}


def show_own(page: str) -> None:
    """Draw, in the presenter's menu, the button that begins a talk, or the link to it."""
    given = code()
    if given is None:
        st.button(
            "Let others follow along",
            key="follow-begin",
            icon=":material/podcasts:",
            on_click=begin,
            args=(page,),
            help="Makes a link: those who open it see what you show, until they break away.",
        )
        return
    st.markdown(f"Others follow along at this link, code **{given}**:")
    st.code(f"{address()}?{urlencode({'follow': given})}", language=None)
    st.button("End the talk", key="follow-end", icon=":material/stop:", on_click=end)


# ---- following one -----------------------------------------------------------------------------------------


def show(scene: Scene) -> None:
    """Draw, for those who follow a talk, the line that says so, and look in on it."""
    if not scene.follow:
        return
    with st.container(key="following", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/podcasts: Following the talk **{escape_markdown(scene.follow)}**")
        st.button("Break away", key="break-away", on_click=break_away)
        st.fragment(_look, run_every=LOOK_IN)()


def break_away() -> None:
    """Follow no longer, and stay on what is shown; for use in widget callbacks."""
    st.session_state.pop(_SEEN, None)
    change(follow="")


def _look() -> None:
    """Go where the presenter has gone."""
    following = now().follow
    if not following:
        return
    try:
        talk = TALKS.find(following)
    except PuzzlescopeError:
        st.caption("The talk is over.", width="content")
        return
    if st.session_state.get(_SEEN) == (following, talk.step):
        return
    st.session_state[_SEEN] = following, talk.step
    own = {name: value for name, value in now().query().items() if name in CARRIED}
    arrival.ask({**talk.query, **own}, talk.page)
    st.rerun()
