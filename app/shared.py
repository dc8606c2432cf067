"""What all pages share: the one backend of this process, and how errors are shown."""

import re
import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from interp.backend import Backend
from interp.errors import PuzzlescopeError

_backend: Backend | None = None
_making = threading.Lock()


def backend() -> Backend:
    """The backend that everybody who looks at this server shares.

    It is no `st.cache_resource`: any visitor's browser may ask Streamlit to clear those, for everybody.
    """
    global _backend
    with _making:
        if _backend is None:
            # Nobody can edit a model through a page, so the weights are not looked at for every request.
            _backend = Backend(who=_visitor, pulse=_pulse, follow_edits=False)
        return _backend


def _visitor() -> Hashable:
    """Whose page is being computed: the backend gives each visitor a fair share."""
    context = get_script_run_ctx(suppress_warning=True)
    return threading.get_ident() if context is None else context.session_id


def _pulse() -> None:
    """While a page waits for a result: Streamlit stops it here if its visitor has clicked on meanwhile."""
    if get_script_run_ctx(suppress_warning=True) is not None:
        st.session_state.get("scene")


def plain(sentence: str) -> str:
    """A sentence for Streamlit to show as it is: what a link or a visitor wrote in it must not become
    Markdown, or a stranger's link could make the browser fetch a picture from anywhere."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:])", r"\\\1", sentence)


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show the core's own errors as their sentence and stop the page there."""
    try:
        yield
    except PuzzlescopeError as error:
        st.error(plain(str(error)), icon=":material/error:")
        st.stop()
