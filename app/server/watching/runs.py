"""Runs of pages: counted, logged, and told to whom they belong. The router and the parts of pages that fill
up call this."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from streamlit import runtime
from streamlit.runtime.scriptrunner import RerunException, StopException, get_script_run_ctx

from app.server import logs
from app.server.gate.person import HEADER as PERSON
from app.server.gate.person import Person
from app.server.gate.person import read as read_person
from app.server.metrics import counters
from app.server.watching.requests import CONNECTION
from app.server.watching.visits import VISITS, Connection, Visit


@dataclass(eq=False, slots=True)
class Run:
    """A run of a page under way.

    Attributes:
        visit: whose it is.
        page: its name.
        waited: seconds that it has waited for results or for its turn.
        told: it ends with a sentence about what the visitor has asked for.
    """

    visit: Visit
    page: str
    waited: float = 0.0
    told: bool = False


SLOW = 20.0
"""Seconds; a run of a page that takes longer is a warning in the log."""

_thread = threading.local()
"""Under ``run``: the run that this thread is at."""


@contextmanager
def page(name: str) -> Iterator[None]:
    """A run of a page."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        yield
        return
    connection_id = _connection_id(context.session_id)
    visit = VISITS.of(context.session_id, connection_id, person())
    connection = VISITS.connection(connection_id)
    heard = None if connection is None else connection.take_heard()
    run = Run(visit, name)
    visit.page = name
    began, outcome = time.perf_counter(), "finished"
    with _counted(run), logs.bound(visitor=visit.id, request=connection_id or "none"):
        try:
            yield
        except StopException:
            outcome = "told" if run.told else "stopped"
            raise
        except RerunException:
            outcome = "rerun"
            _give_back(connection, heard)
            raise
        except Exception:
            outcome = "failed"
            raise
        finally:
            now = time.perf_counter()
            counters.PAGE_RUNS.labels(name, outcome).observe(now - began)
            counters.PAGE_WAITS.labels(name).observe(run.waited)
            if heard is not None and outcome in ("finished", "told"):
                counters.CLICK_TO_ANSWER.labels(name).observe(now - heard)
            logs.event(
                "page run",
                logging.WARNING if now - began > SLOW else logging.INFO,
                page=name,
                outcome=outcome,
                seconds=round(now - began, 3),
                waited=round(run.waited, 2),
            )


@contextmanager
def part() -> Iterator[None]:
    """A run of a part of a page by itself, such as a look at what fills up; within a run of the whole page it
    is not counted."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is None or not context.fragment_ids_this_run:
        yield
        return
    connection_id = _connection_id(context.session_id)
    visit = VISITS.of(context.session_id, connection_id, person())
    connection, began = VISITS.connection(connection_id), time.perf_counter()
    heard = None if connection is None else connection.take_heard()
    with _counted(Run(visit, visit.page)), logs.bound(visitor=visit.id):
        try:
            yield
        except RerunException:
            _give_back(connection, heard)
            raise
        finally:
            seconds = time.perf_counter() - began
            counters.LOOK_INS.labels(visit.page or "none").observe(seconds)
            logs.event("look-in", logging.DEBUG, page=visit.page, seconds=round(seconds, 3))


def waited(seconds: float) -> None:
    """The run of this thread has waited so long for a result, or for its turn."""
    run: Run | None = getattr(_thread, "run", None)
    if run is not None:
        run.waited += seconds
        run.visit.waited += seconds


def told() -> None:
    """The run of this thread ends with a sentence about what the visitor has asked for."""
    run: Run | None = getattr(_thread, "run", None)
    if run is not None:
        run.told = True


@contextmanager
def _counted(run: Run) -> Iterator[None]:
    """The visit knows of its run, and what it has cost."""
    visit, cpu = run.visit, time.thread_time()
    _thread.run = run
    visit.running, visit.waited = time.monotonic(), 0.0
    try:
        yield
    finally:
        _thread.run, visit.running = None, None
        visit.runs += 1
        visit.cpu += time.thread_time() - cpu


def _give_back(connection: Connection | None, heard: float | None) -> None:
    """The next run answers the message, unless a later one has come."""
    if connection is not None and connection.heard is None:
        connection.heard = heard


def _connection_id(session: str) -> str | None:
    """Of the websocket by which this session's browser is connected. The server has written it among the
    headers that the browser came with (:mod:`app.server.watching.requests`)."""
    return _told(session, CONNECTION)


def _told(session: str, header: str) -> str | None:
    """What the server has written under this name among the headers that this session's browser came with."""
    client = runtime.get_instance().get_client(session) if runtime.exists() else None
    context = None if client is None else client.client_context
    headers = () if context is None else context.headers
    return next((value for name, value in headers if name.lower() == header), None)


def signed_in() -> Person | None:
    """Who this page's visitor is, if people sign in."""
    context = get_script_run_ctx(suppress_warning=True)
    return None if context is None else read_person(_told(context.session_id, PERSON.decode()))


def visitor() -> str | None:
    """The id of this page's visitor, as in the log."""
    context = get_script_run_ctx(suppress_warning=True)
    return None if context is None else logs.visitor_id(context.session_id)


def person() -> str | None:
    """The address that this page's visitor has signed in with, if any."""
    found = signed_in()
    return found.address or None if found is not None else None
