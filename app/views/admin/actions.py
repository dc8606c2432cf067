"""What an administrator may do."""

import streamlit as st

from app.server import logs
from app.server.watching import computing, runs
from app.server.watching.visits import VISITS
from app.views.admin import allowed

_VISITOR, _SAID = "admin-visitor", "admin-said"


def show() -> None:
    """Draw it: for one visitor, and for all."""
    st.subheader("Actions", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        here = [visit.id for visit in VISITS.here()]
        chosen = st.selectbox("Visitor", here, key=_VISITOR, width=220, placeholder="nobody is here")
        st.button(
            "Drop what this visitor waits for",
            on_click=drop,
            args=(chosen,),
            disabled=chosen is None,
            help="Pages that wait for it say so. The visitor stays, and may ask again.",
        )
        if st.button("Empty the caches", help="Answers are then computed anew when they are asked for."):
            _confirm()
    st.caption(st.session_state.pop(_SAID, "Each of these is written in the log."))


def drop(visitor: str) -> None:
    """Give up all that a visitor wants."""
    visit, offered = VISITS.named(visitor), computing.now()
    if visit is None or offered is None or not allowed.here():
        st.session_state[_SAID] = f"Visitor {visitor} is not here any more."
        return
    n = offered.drop(visit.session)
    logs.event("administrator", action="drop", of=visitor, computations=n, person=runs.person())
    st.session_state[_SAID] = f"Dropped {n} computation{'' if n == 1 else 's'} of visitor {visitor}."


def empty() -> None:
    """Forget all answers that are kept."""
    offered = computing.now()
    if offered is None or not allowed.here():
        st.session_state[_SAID] = "There is nothing to empty."
        return
    offered.empty()
    logs.event("administrator", action="empty", person=runs.person())
    st.session_state[_SAID] = "The caches are empty."


@st.dialog("Empty the caches?")
def _confirm() -> None:
    st.write("All kept answers and runs are forgotten, for everybody. They are computed anew when asked for.")
    with st.container(horizontal=True, gap="small"):
        if st.button("Empty them", type="primary", on_click=empty):
            st.rerun()
        if st.button("Keep them"):
            st.rerun()
