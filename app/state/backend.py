"""What all pages share: the one backend of this process, and how errors are shown."""

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.server import life, settings
from app.server.crowd import limits
from app.server.watching import computing, runs
from app.server.watching.computing import Computing, Turns
from app.state.following import TALKS
from app.state.waiting import TURNS, pulse
from app.widgets.text import escape_markdown
from interp.backend import Backend
from interp.backend.job import TICK
from interp.backend.memory import bounds
from interp.backend.store import store_in
from interp.errors import PuzzlescopeError, UnavailableError

_backend: Backend | None = None
_making = threading.Lock()


def shared_backend() -> Backend:
    """The backend that everybody who looks at this server shares.

    It is no `st.cache_resource`: any visitor's browser may ask Streamlit to clear those, for everybody.
    """
    global _backend
    with _making:
        if _backend is None:
            asked, data = settings.now().machine, settings.now().data
            asked.use_threads()
            # Nobody can edit a model through a page, so the weights are not looked at for every request.
            _backend = Backend(
                bounds(limits.own().memory),
                who=_visitor,
                payer=runs.person,
                pulse=_pulse,
                waiting=TURNS.given_up,
                told=computing.ended,
                store=store_in(data.folder, data.most),
                follow_edits=False,
                device=asked.place(),
            )
            computing.offer(_offered(_backend))
            life.at_end(_backend.close)
        return _backend


def _offered(backend: Backend) -> Computing:
    """What the server may ask of it."""
    return Computing(
        status=backend.status,
        drop=backend.drop,
        empty=backend.empty,
        checkpoints=lambda: {name: backend.checkpoint_id(name) for name in backend.status().models},
        turns=_turns,
        talks=lambda: len(TALKS),
    )


def _turns() -> Turns:
    now = TURNS.status()
    return Turns(now.taken, now.in_line, now.away, now.waited, now.ended, now.left)


def _visitor() -> Hashable:
    """Whose page is being computed: the backend gives each visitor a fair share."""
    context = get_script_run_ctx(suppress_warning=True)
    return threading.get_ident() if context is None else context.session_id


def _pulse() -> None:
    """While a page waits for a result."""
    runs.waited(TICK)
    pulse()


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show the core's own errors as their sentence and stop the page there."""
    try:
        yield
    except PuzzlescopeError as error:
        runs.told()
        show_problem(error)
        st.stop()


def show_problem(error: PuzzlescopeError) -> None:
    """Show one of the core's own errors as its sentence; what a model cannot answer is a notice."""
    if isinstance(error, UnavailableError):
        st.info(escape_markdown(str(error)), icon=":material/info:")
    else:
        st.error(escape_markdown(str(error)), icon=":material/error:")
