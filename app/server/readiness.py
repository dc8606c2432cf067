"""Whether the server takes visitors: it is starting until the model and the bank are loaded, then ready, and
at its end stopping. ``/ready`` answers by it; ``/live`` does not look.

Loading says :func:`ready`; the end of the process says :func:`stopping`, which is not taken back.
"""

import threading
from dataclasses import dataclass
from typing import Literal

Phase = Literal["starting", "ready", "stopping"]


@dataclass(frozen=True)
class Readiness:
    """What is said of the server.

    Attributes:
        phase: where it is between its start and its end.
        sentence: the same for people, and why.
    """

    phase: Phase
    sentence: str

    @property
    def taking_visitors(self) -> bool:
        """Whether a load balancer may send somebody here."""
        return self.phase == "ready"


STARTING = Readiness("starting", "Not ready: the model and the puzzles are being loaded.")
READY = Readiness("ready", "Ready.")
STOPPING = Readiness("stopping", "Not ready: the server is stopping.")

_lock = threading.Lock()
_now = STARTING


def now() -> Readiness:
    """What holds at this moment."""
    return _now


def starting(sentence: str = STARTING.sentence) -> None:
    """Say what is being waited for, or what has gone wrong while it was loaded."""
    _say(Readiness("starting", sentence))


def ready() -> None:
    """Say that the model and the bank are loaded."""
    _say(READY)


def stopping(sentence: str = STOPPING.sentence) -> None:
    """Say that no more visitors are taken, for good."""
    _say(Readiness("stopping", sentence))


def begin() -> None:
    """Say that a server starts: for a process, such as a test's, in which another one has stopped."""
    global _now
    with _lock:
        _now = STARTING


def _say(said: Readiness) -> None:
    global _now
    with _lock:
        if _now.phase != "stopping" or said.phase == "stopping":
            _now = said
