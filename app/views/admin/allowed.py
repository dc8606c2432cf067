"""Whether the visitor may see and do what this page is for."""

import streamlit as st

from app.server import settings
from app.server.watching import runs
from app.server.watching.admins import may_administer

REFUSED = (
    "This page is for the server's administrators: those whose address is in `PUZZLESCOPE_ADMINS` and who "
    "have signed in, or, on a server without sign-in that listens on this machine only, all who sit at it."
)


def here() -> bool:
    """Whether this page's visitor may. To be asked again before anything is done."""
    now = settings.now()
    person = runs.person()
    sign_in = now.gate.way is not None
    return may_administer(now.admins, now.address, person, st.context.headers.keys(), sign_in=sign_in)
