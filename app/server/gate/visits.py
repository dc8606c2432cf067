"""Which sessions have websockets open, and which were ended before their time."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.server.gate.person import Person


class Visits:
    """Lives on the event loop, and is used by nothing else."""

    def __init__(self) -> None:
        self._open: defaultdict[str, list[Callable[[], None]]] = defaultdict(list)
        self._ended: dict[str, float] = {}

    @contextmanager
    def websocket(self, person: Person, close: Callable[[], None]) -> Iterator[None]:
        """While a websocket of a session is open.

        Args:
            close: closes it.
        """
        self._open[person.session].append(close)
        try:
            yield
        finally:
            self._open[person.session].remove(close)
            if not self._open[person.session]:
                del self._open[person.session]

    def end(self, person: Person) -> None:
        """The person signs out in this browser: what is open is closed, and the cookie opens nothing more,
        not even a copy of it."""
        now = time.time()
        self._ended = {session: until for session, until in self._ended.items() if until > now}
        self._ended[person.session] = person.until
        for close in list(self._open.get(person.session, ())):
            close()

    def is_ended(self, person: Person) -> bool:
        """Whether the person has signed out in this browser."""
        return person.session in self._ended
