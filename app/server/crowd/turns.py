"""Turns: how many scripts compute at the same time, and who comes next.

Every visitor's page is drawn by a thread of its own, and all of them share one interpreter lock with the
server and with the worker that computes: with 20 at once none comes to its end, and the server stands still.
So a script enters here before it draws. It gives its turn up while it waits for the worker, and takes it
again in its old place.

A light module: it is there before PyTorch is.
"""

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

MOST = 2
"""Scripts that compute at once: with one, all wait while its thread sleeps in a system call; with more, they
slow each other and the server."""
TICK = 0.1
"""Seconds after which one who waits in line gets a chance to leave it."""
TOO_LONG = 20.0
"""Seconds after which a script that has not given up its turn no longer counts: one that is stuck must not
hold up all others."""
KEPT = 5.0
"""Seconds for which one who has left the line keeps the place: whose page is drawn anew, for a click, comes
back at once."""
FADING = 30.0
"""Seconds after which half of what was measured of the pace is forgotten."""


@dataclass(eq=False)
class Ticket:
    """One script's place.

    Attributes:
        number: in the order of coming.
        who: the visitor.
        brief: a look at what fills up; it is not counted among those who are ahead of others.
        since: when it began to wait for what it waits for now.
        since_turn: when it last got a turn.
        called: it has a turn now.
    """

    number: int
    who: Hashable
    brief: bool
    since: float
    since_turn: float = 0.0
    called: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class TurnsStatus:
    """The turns at one moment.

    Attributes:
        most: scripts that may compute at once.
        taken: scripts that compute now.
        in_line: scripts that wait for a turn.
        away: scripts that wait for an answer of the worker.
        ended: scripts that have come to their end since the start, looks at what fills up among them.
        left: scripts that were ended while they waited in line: their visitor has clicked on, or gone.
        waited: seconds that all of them have waited in line.
        longest: the longest of these waits.
        pace: scripts a second that come to their end while there is work, looks at what fills up not counted.
    """

    most: int
    taken: int
    in_line: int
    away: int
    ended: int
    left: int
    waited: float
    longest: float
    pace: float


class Turns:
    """A gate that lets a few scripts in at a time, first come first served. For any thread.

    Args:
        most: how many.
        clock: seconds that never go back.
    """

    def __init__(self, most: int = MOST, clock: Callable[[], float] = time.monotonic):
        self._most, self._clock = most, clock
        self._lock = threading.Lock()
        self._numbers = count()
        self._inside: set[Ticket] = set()
        self._line: dict[int, Ticket] = {}
        self._away: set[Ticket] = set()
        self._left_at: dict[Hashable, tuple[int, float]] = {}
        self._own = threading.local()
        self._ended = self._left = 0
        self._waited = self._longest = 0.0
        self._pace = _Pace(clock())

    @contextmanager
    def turn(
        self,
        pulse: Callable[[Ticket], object] = lambda _: None,
        *,
        who: Hashable = None,
        brief: bool = False,
    ) -> Iterator[None]:
        """A turn for what runs in this thread; one that has it already keeps it.

        Args:
            pulse: called every ``TICK`` seconds while waiting in line, with the ticket; what it raises ends
                the waiting.
            who: the visitor. One who has just left the line gets the same place again: a click makes no one
                wait longer.
            brief: whether it is a look at what fills up.
        """
        if getattr(self._own, "ticket", None) is not None:
            yield
            return
        with self._lock:
            ticket = Ticket(self._number(who, brief), who, brief, self._clock())
            self._pace.pass_time(self._clock(), self._n_open())
            self._own.ticket, self._own.pulse = ticket, pulse
            self._join(ticket)
        try:
            self._wait(ticket, pulse)
            yield
        finally:
            self._own.ticket = None
            self._end(ticket)

    @contextmanager
    def given_up(self) -> Iterator[None]:
        """While this thread waits for something: its turn is another's. It is taken again afterwards, but not
        where the script is being ended."""
        ticket: Ticket | None = getattr(self._own, "ticket", None)
        if ticket is None or ticket not in self._inside:
            yield
            return
        with self._lock:
            self._inside.discard(ticket)
            self._away.add(ticket)
            ticket.since = self._clock()
            self._let_in()
        try:
            yield
        except Exception:  # an error that the script may go on after
            self._return(ticket)
            raise
        self._return(ticket)

    def ticket(self) -> Ticket | None:
        """This thread's."""
        return getattr(self._own, "ticket", None)

    def place(self, ticket: Ticket) -> tuple[int, float]:
        """Its place among those who wait or compute, from 1, and the seconds that it will take at the present
        pace."""
        with self._lock:
            self._pace.pass_time(self._clock(), self._n_open())
            ahead = sum(one.number < ticket.number for one in self._open())
            return ahead + 1, (ahead + 1) / self._pace.a_second

    def next_place(self) -> tuple[int, float]:
        """The place that one who came now would have, and the seconds that it would take."""
        with self._lock:
            self._pace.pass_time(self._clock(), self._n_open())
            number = self._n_open() + 1
            return number, number / self._pace.a_second

    def status(self) -> TurnsStatus:
        """How it is."""
        with self._lock:
            return TurnsStatus(
                most=self._most,
                taken=len(self._inside),
                in_line=len(self._line),
                away=len(self._away),
                ended=self._ended,
                left=self._left,
                waited=self._waited,
                longest=self._longest,
                pace=self._pace.a_second,
            )

    def _open(self) -> Iterator[Ticket]:
        for group in (self._inside, self._line.values(), self._away):
            yield from (one for one in group if not one.brief)

    def _n_open(self) -> int:
        return sum(1 for _ in self._open())

    def _number(self, who: Hashable, brief: bool) -> int:
        now = self._clock()
        self._left_at = {one: (number, at) for one, (number, at) in self._left_at.items() if now - at < KEPT}
        kept = None if brief else self._left_at.pop(who, None)
        return next(self._numbers) if kept is None else kept[0]

    def _return(self, ticket: Ticket) -> None:
        with self._lock:
            self._away.discard(ticket)
            ticket.called.clear()
            self._join(ticket)
        self._wait(ticket, self._own.pulse)

    def _join(self, ticket: Ticket) -> None:
        ticket.since = self._clock()
        self._line[ticket.number] = ticket
        self._let_in()

    def _wait(self, ticket: Ticket, pulse: Callable[[Ticket], object]) -> None:
        while not ticket.called.wait(TICK):
            pulse(ticket)
            with self._lock:
                self._let_in()  # one who is stuck inside may no longer count by now

    def _let_in(self) -> None:
        """Call those whose turn it is."""
        now = self._clock()
        while self._line and sum(now - one.since_turn < TOO_LONG for one in self._inside) < self._most:
            ticket = self._line.pop(min(self._line))
            self._inside.add(ticket)
            ticket.since_turn = now
            self._waited += now - ticket.since
            self._longest = max(self._longest, now - ticket.since)
            ticket.called.set()

    def _end(self, ticket: Ticket) -> None:
        with self._lock:
            self._pace.pass_time(self._clock(), self._n_open())
            if self._line.pop(ticket.number, None) is not None or ticket in self._away:
                self._left += 1
                if ticket.who is not None and not ticket.brief:
                    self._left_at[ticket.who] = ticket.number, self._clock()
            else:
                self._ended += 1
                self._pace.ended(not ticket.brief)
            self._inside.discard(ticket)
            self._away.discard(ticket)
            self._let_in()


class _Pace:
    """Scripts that come to their end in a second during which there is work, lately."""

    def __init__(self, now: float):
        self._at, self._ended, self._busy = now, 1.0, 1.0  # one a second, before anything is known

    @property
    def a_second(self) -> float:
        return max(self._ended / self._busy, 0.02)

    def pass_time(self, now: float, n_open: int) -> None:
        seconds, self._at = now - self._at, now
        if n_open:
            fade = 0.5 ** (seconds / FADING)
            self._ended, self._busy = self._ended * fade, self._busy * fade + seconds

    def ended(self, counts: bool) -> None:
        self._ended += counts
