"""What takes seconds is loaded when the server starts, not when its first visitor comes."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.server import logs, readiness
from app.server.watching import about
from interp.errors import PuzzlescopeError

AGAIN = 10.0
"""Seconds after which a model that could not be loaded is tried again: it may be on a volume that comes
late."""


@contextmanager
def begun(load: Callable[[], None], again: float = AGAIN) -> Iterator[None]:
    """Load in a thread of its own, and say in :mod:`app.server.readiness` how it goes. What cannot be loaded
    is told there and in the log, and is tried again; the server stays, and its pages say the same.

    Args:
        load: does it. What it raises is why it cannot be done.
        again: seconds between two tries.
    """
    over = threading.Event()

    def try_on() -> None:
        told = ""
        while not over.is_set():
            sentence = _tried(load)
            if not sentence:
                logs.event("ready", seconds=round(time.time() - about.BEGUN, 1))
                readiness.ready()
                return
            readiness.starting(f"Not ready: {sentence}")
            if sentence != told:
                logs.event("not ready", logging.ERROR, why=sentence)
            told = sentence
            over.wait(again)

    # A daemon: a process that is told to stop does not wait for PyTorch to be loaded.
    threading.Thread(target=try_on, name="puzzlescope-loading", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _tried(load: Callable[[], None]) -> str:
    """Why it could not be loaded; empty if it could."""
    try:
        load()
    except PuzzlescopeError as error:
        return str(error)
    except Exception as error:  # a fault of ours, or of this machine: the log has all of it
        logs.event("loading failed", logging.ERROR, error=error)
        return f"{type(error).__name__} while the model and the puzzles were loaded; the log has more."
    return ""
