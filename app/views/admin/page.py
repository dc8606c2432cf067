"""How the server is, for those who look after it."""

import streamlit as st

from app.server.watching.overview import overview
from app.startup import title as names
from app.views.admin import actions, allowed
from app.views.admin.tables import show
from app.views.shared import who

EVERY = 3.0
"""Seconds between two looks."""

names.say("Administration")
st.title("Administration", anchor=False)
if not allowed.here():
    st.info(allowed.REFUSED)
    who.show_way_out()
    st.stop()
st.caption(f"How this server is now, looked at every {EVERY:.0f} seconds.")


@st.fragment(run_every=EVERY)
def now() -> None:
    """All that changes by itself."""
    show(overview())


now()
actions.show()
