"""Who is here: connections of browsers, and the visits that they belong to.

A visit is a session of Streamlit's. A connection is a websocket; a browser that comes back has another one.
The pages' own runs tell which visit a connection belongs to (:mod:`app.server.watching.runs`).
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.server import logs

MOST = 2000
"""Visits that are remembered; beyond that, of those that have no connection any more the oldest are
forgotten."""


@dataclass(eq=False, slots=True)
class Connection:
    """One websocket. Only the event loop writes to it, so counting needs no lock.

    Attributes:
        id: of the request that began it.
        heard: when the latest message came that no run has answered yet, in seconds of
            :func:`time.perf_counter`.
        visit: to which it belongs, once a page has run.
    """

    id: str
    address: str | None = None
    begun: float = field(default_factory=time.monotonic)
    messages_in: int = 0
    messages_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    heard: float | None = None
    visit: "Visit | None" = None

    def take_heard(self) -> float | None:
        """When the message came that a run begins to answer now."""
        heard, self.heard = self.heard, None
        return heard


@dataclass(eq=False, slots=True)
class Visit:
    """One visitor's session.

    Attributes:
        session: Streamlit's id of it, which is a secret.
        id: what stands for it wherever it is shown or written.
        since: when it began, in seconds since 1970.
        person: the address with which the visitor has signed in, if any.
        page: that was last opened.
        runs: of pages and of parts of them.
        cpu: seconds that its pages have computed, without the worker's.
        worked: seconds of the worker's time on what this visitor was the first to ask for.
        running: when the run under way began, in seconds of :func:`time.monotonic`.
        waited: seconds that the run under way has waited for results or for its turn.
    """

    session: str
    id: str
    since: float
    person: str | None = None
    page: str = ""
    runs: int = 0
    cpu: float = 0.0
    worked: float = 0.0
    running: float | None = None
    waited: float = 0.0
    connections: set[Connection] = field(default_factory=set)


@dataclass(frozen=True)
class Tally:
    """Websockets' messages and bytes since the start, those of the open ones included."""

    messages_in: int = 0
    messages_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0


class Visits:
    """All of a server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: dict[str, Connection] = {}
        self._visits: dict[str, Visit] = {}
        self._closed = Tally()
        self.begun = 0

    def opened(self, connection: Connection) -> None:
        """A websocket is open."""
        with self._lock:
            self._connections[connection.id] = connection

    def closed(self, connection: Connection) -> None:
        """It is not any more. The visit has ended if it has no other."""
        with self._lock:
            if self._connections.pop(connection.id, None) is None:
                return
            self._closed = _added(self._closed, connection)
            visit = connection.visit
            if visit is not None:
                visit.connections.discard(connection)
        if visit is not None and not visit.connections:
            with logs.bound(visitor=visit.id):
                logs.event(
                    "visit ended",
                    person=visit.person,
                    seconds=round(time.monotonic() - connection.begun, 1),
                    runs=visit.runs,
                    messages=connection.messages_out,
                    bytes=connection.bytes_out,
                )

    def of(self, session: str, connection_id: str | None = None, person: str | None = None) -> Visit:
        """The visit of this session, begun if it is new.

        Args:
            connection_id: the connection by which it comes.
        """
        with self._lock:
            visit = self._visits.get(session)
            if visit is None:
                self._forget_some()
                visit = self._visits[session] = Visit(session, logs.visitor_id(session), time.time())
                self.begun += 1
            visit.person = person or visit.person
            connection = self._connections.get(connection_id or "")
            new = connection is not None and connection.visit is None
            if connection is not None:
                connection.visit = visit
                visit.connections.add(connection)
        if new and connection is not None:
            with logs.bound(visitor=visit.id, request=connection.id):
                logs.event("visit begun", person=visit.person, address=connection.address)
        return visit

    def worked(self, session: object, seconds: float) -> None:
        """The worker has spent so long on what the visitor of this session asked for."""
        with self._lock:
            visit = self._visits.get(session) if isinstance(session, str) else None
            if visit is not None:
                visit.worked += seconds

    def connection(self, connection_id: str | None) -> Connection | None:
        """The open websocket of this id."""
        return self._connections.get(connection_id or "")

    def here(self) -> list[Visit]:
        """Those with a connection, the oldest first."""
        with self._lock:
            return sorted(
                (one for one in self._visits.values() if one.connections), key=lambda one: one.since
            )

    def named(self, visitor: str) -> Visit | None:
        """The one that is shown under this id."""
        with self._lock:
            return next((one for one in self._visits.values() if one.id == visitor), None)

    @property
    def n_connections(self) -> int:
        """Open websockets."""
        return len(self._connections)

    def tally(self) -> Tally:
        """What went through all websockets so far."""
        with self._lock:
            tally = self._closed
            for connection in self._connections.values():
                tally = _added(tally, connection)
            return tally

    def _forget_some(self) -> None:
        if len(self._visits) >= MOST:
            for session in list(self._gone())[: MOST // 10]:
                del self._visits[session]

    def _gone(self) -> Iterator[str]:
        yield from (session for session, visit in self._visits.items() if not visit.connections)


def _added(tally: Tally, connection: Connection) -> Tally:
    return Tally(
        tally.messages_in + connection.messages_in,
        tally.messages_out + connection.messages_out,
        tally.bytes_in + connection.bytes_in,
        tally.bytes_out + connection.bytes_out,
    )


VISITS = Visits()
"""Of this process."""
