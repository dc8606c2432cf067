"""Following a talk: the presenter's page shows the code, and others see what is shown there."""

import secrets
from urllib.parse import urlencode

import streamlit as st

from app.startup import arrival
from app.state.following import TALKS, Talk
from app.state.playing import CARRIED
from app.state.scene import Scene
from app.state.session import change, link, now
from app.views.shared.talks.address import address
from app.widgets.text import escape_markdown
from interp.errors import PuzzlescopeError

LOOK_IN = 1.0
"""Seconds between two looks at what the presenter shows."""
COUNT_IN = 2.0
"""Seconds between two counts of the followers."""
_OWN, _SEEN, _SELF = "own-talk", "seen-of-talk", "follower"


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
    st.fragment(_count, run_every=COUNT_IN)()
    st.button("End the talk", key="follow-end", icon=":material/stop:", on_click=end)


def _count() -> None:
    given = code()
    st.caption("" if given is None else TALKS.followers(given).words.capitalize())


# ---- following one -----------------------------------------------------------------------------------------


def show(scene: Scene, page: str) -> None:
    """Draw, for those who follow a talk, the line that says so, or that they see something of their own by
    now; and look in on it.

    Args:
        page: that is open.
    """
    if not scene.follow:
        return
    own_way = _own_way(scene.follow, page)
    name = escape_markdown(scene.follow)
    with st.container(key="following", horizontal=True, vertical_alignment="center", gap="small"):
        if own_way:
            st.markdown(f":material/alt_route: You have gone your own way; the talk **{name}** goes on")
            st.button("Back to the presenter", key="follow-again", type="primary", on_click=_return)
        else:
            st.markdown(f":material/podcasts: Following the talk **{name}**")
        st.button("Break away", key="break-away", on_click=break_away)
        st.fragment(_look, run_every=LOOK_IN)(page)


def break_away() -> None:
    """Follow no longer, and stay on what is shown; for use in widget callbacks."""
    st.session_state.pop(_SEEN, None)
    TALKS.leave(now().follow, _self())
    change(follow="")


def _return() -> None:
    """See again what the presenter shows; for use in widget callbacks."""
    try:
        _go(now().follow, TALKS.find(now().follow))
    except PuzzlescopeError:
        st.session_state.pop(_SEEN, None)  # the line says that it is over


def _own_way(talk: str, page: str) -> bool:
    """Whether this follower sees something else than what was last taken over from the presenter."""
    seen: tuple[str, Talk] | None = st.session_state.get(_SEEN)
    return seen is not None and seen[0] == talk and (seen[1].page, dict(seen[1].query)) != (page, _shown())


def _look(page: str) -> None:
    """Go where the presenter has gone, unless this follower goes a way of their own."""
    following = now().follow
    if not following:
        return
    try:
        talk = TALKS.find(following)
    except PuzzlescopeError:
        st.caption("The talk is over.", width="content")
        return
    own_way = _own_way(following, page)
    TALKS.attend(following, _self(), not own_way)
    seen: tuple[str, Talk] | None = st.session_state.get(_SEEN)
    if own_way or (seen is not None and seen[0] == following and seen[1].step == talk.step):
        return
    _go(following, talk)
    st.rerun()


def _go(following: str, talk: Talk) -> None:
    """Let the next run show what the presenter shows."""
    st.session_state[_SEEN] = following, talk
    own = {name: value for name, value in now().query().items() if name in CARRIED}
    arrival.ask({**talk.query, **own}, talk.page)


def _self() -> str:
    """What tells this visit from others."""
    own: str = st.session_state.setdefault(_SELF, secrets.token_urlsafe(8))
    return own
