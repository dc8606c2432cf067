"""How often a password may be tried."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

from app.server.gate.networks import address_of

SECONDS = 300.0
EACH, ALL = 10, 100
"""Wrong passwords in so many seconds, from one address and from all of them."""
MOST_ADDRESSES = 10_000


def house(host: str) -> str:
    """Whom an address belongs to: with IPv6 a household has a whole network of them."""
    found = address_of(host)
    if found is None:
        return host[:100]
    return str(found) if found.version == 4 else found.exploded[:19]


class Attempts:
    """Counts tries; each counts from when it begins, so that many at once are many.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._all: deque[float] = deque()
        self._each: OrderedDict[str, deque[float]] = OrderedDict()

    def begin(self, host: str) -> float:
        """Take one try.

        Returns:
            0, or the seconds until there is one to take.
        """
        now, key = self._clock(), house(host)
        mine = self._each.setdefault(key, deque())
        self._each.move_to_end(key)
        while len(self._each) > MOST_ADDRESSES:
            self._each.popitem(last=False)
        wait = max(_wait(mine, EACH, now), _wait(self._all, ALL, now))
        if not wait:
            mine.append(now)
            self._all.append(now)
        return wait

    def spent(self, host: str) -> bool:
        """Whether there is none to take because of what was tried from there, and not by others."""
        return _wait(self._each.get(house(host), deque()), EACH, self._clock()) > 0

    def right(self, host: str) -> None:
        """The last try from there was right: what came before it was a slip."""
        self._each.pop(house(host), None)
        if self._all:
            self._all.pop()


def _wait(times: deque[float], most: int, now: float) -> float:
    while times and now - times[0] >= SECONDS:
        times.popleft()
    return SECONDS - (now - times[0]) if len(times) >= most else 0.0
