"""An error that a visitor's page ends with: the log has all of it under an id, the page shows the id."""

import logging
import secrets

import streamlit as st

from app.server import logs
from app.server.metrics import counters
from app.server.watching import runs


def script_failed(error: Exception) -> bool:
    """Log it and show its id in place of the page. Streamlit calls this in the run that has failed."""
    id = secrets.token_hex(4)
    counters.PAGE_ERRORS.inc()
    logs.event("page failed", logging.ERROR, error=error, id=id, visitor=runs.visitor())
    st.error(f"Something went wrong (id {id}). It is in the server's log.", icon=":material/error:")
    return True
