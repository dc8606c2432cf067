"""What all pages share: the one backend of this process, and how errors are shown."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from app.bundle import ensure_bundle
from interp.backend import Backend
from interp.errors import PuzzlescopeError


@st.cache_resource(show_spinner="Starting the model backend")
def backend() -> Backend:
    """The backend that everybody who looks at this server shares."""
    ensure_bundle()
    return Backend()


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show the core's own errors as their sentence and stop the page there."""
    try:
        yield
    except PuzzlescopeError as error:
        st.error(str(error), icon=":material/error:")
        st.stop()
