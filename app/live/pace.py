"""How often open pages look in on what fills up: all of them together may cost the server only so much."""

import math
import threading
import time
from collections import deque
from collections.abc import Hashable

from app.live.watching import Pace

FIRST, USUAL, LONGEST = 0.4, 1.5, 15.0
"""Seconds between two looks: while nothing is to be seen yet, after that, and at most."""
SHARE = 0.1
"""Of one processor core: what all visitors' looks may take together. Scripts take turns, for Python runs one
at a time; what looks take is not there for answers."""
OVERHEAD = 0.004
"""Processor seconds of a look besides what :meth:`Budget.spent` is told: Streamlit's own."""
RECENT = 20.0
"""Seconds after which a visitor who has not looked no longer counts as one who looks."""
PART_OF_REST = 1 / 8
"""Of the time that it will still take: what takes minutes is looked at every few seconds."""


def seconds(pace: Pace) -> float:
    """Until the next look at something that comes on like this, if one had the server to oneself."""
    if pace.left == 0:  # nothing is known of it: soon, and less soon the longer it has been so
        return min(max(FIRST, pace.age / 4), LONGEST)
    return min(max(USUAL, pace.left * PART_OF_REST if math.isfinite(pace.left) else 0.0), 4 * USUAL)


class Budget:
    """What the looks of all visitors cost. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._costs: deque[float] = deque([0.02], maxlen=50)
        self._looked: dict[Hashable, float] = {}

    def spent(self, who: Hashable, cost: float) -> None:
        """Somebody has looked, at a cost of so many processor seconds."""
        with self._lock:
            self._costs.append(cost + OVERHEAD)
            self._looked[who] = time.monotonic()

    def least(self, who: Hashable) -> float:
        """The shortest time between two looks of one visitor, in seconds, at which all together keep to
        their share."""
        now = time.monotonic()
        with self._lock:
            self._looked = {one: when for one, when in self._looked.items() if now - when < RECENT}
            visitors = len(self._looked.keys() | {who})
            return min(visitors * sum(self._costs) / len(self._costs) / SHARE, LONGEST)


BUDGET = Budget()
"""Of this server."""
