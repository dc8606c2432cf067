"""The end of the process: what is being computed for visitors may come to its end, for some seconds, before
their browsers are told and the server goes.

A first SIGTERM is a wish, a second one or Ctrl+C is an order.
"""

import asyncio
import atexit
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from streamlit import runtime
from streamlit.runtime.app_session import AppSession, AppSessionState

from app.server import readiness
from app.server.life import doors
from app.server.words import Words

VARIABLE = "PUZZLESCOPE_GRACE"
GRACE = 8.0
"""Seconds for what is being computed, unless that variable says otherwise: Docker kills after 10."""
LONGEST = 600.0
_AFTER_GRACE = 0.5
"""Seconds in which the process then ends, one way or the other: 9.3 in all, before Docker kills it."""
_AT_ONCE = 1.0
_LAST_WORDS = 0.8
"""Seconds in which the server still answers browsers that it has sent away: they ask why."""
_TICK = 0.05

_at_end: list[Callable[[], None]] = []


def at_end(close: Callable[[], None]) -> None:
    """Have this called when the server has stopped: it ends threads, say."""
    _at_end.append(close)


def read(words: Words) -> float:
    """How many seconds of grace there are."""
    return words.number(VARIABLE, GRACE, 0, LONGEST)


@contextmanager
def on_signals(grace: float) -> Iterator[None]:
    """Within it, signals end the server in this way; at its end, what was registered is closed.

    Uvicorn has set its own handlers before. They would close every connection at once, and end the process by
    the signal instead of with exit code 0.
    """
    ours = threading.current_thread() is threading.main_thread()
    if ours:
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        ending = _Ending(grace, _server_of(before[signal.SIGTERM]), asyncio.get_running_loop())
        for number in before:
            signal.signal(number, ending.heard)
    yield
    if ours:
        atexit.register(_leave)
    readiness.stopping(f"Not ready: {doors.SENTENCE}")
    while _at_end:
        _at_end.pop()()


def _leave() -> None:
    """Else Python kills the threads that are left, in the midst of PyTorch's code, which aborts the
    process."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _server_of(handler: Any) -> Any:
    """The server whose handler it is: it ends when its ``should_exit`` is set."""
    return getattr(handler, "__self__", None)


class _Ending:
    def __init__(self, grace: float, server: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._grace, self._server, self._loop = grace, server, loop
        self._drain: asyncio.Task[None] | None = None
        self._wished = False

    def heard(self, number: int, frame: FrameType | None) -> None:
        """A signal has come: the main thread is anywhere."""
        if number == signal.SIGTERM and not self._wished:
            self._wished = True
            readiness.stopping(doors.SENTENCE)
            _end_within(self._grace + _LAST_WORDS + _AFTER_GRACE)
            self._loop.call_soon_threadsafe(self._begin)
        else:
            readiness.stopping(doors.SENTENCE)
            _end_within(_AT_ONCE)
            self._exit()

    def _begin(self) -> None:
        self._drain = asyncio.ensure_future(self._drained())

    async def _drained(self) -> None:
        try:
            await finished(running(), self._grace)
            await doors.close_all()
            await asyncio.sleep(_LAST_WORDS)
        finally:
            self._exit()

    def _exit(self) -> None:
        if self._server is not None:
            self._server.should_exit = True


def running() -> list[tuple[AppSession, Any]]:
    """The visits whose page is being computed, each with the run."""
    if not runtime.exists():
        return []
    sessions = (info.session for info in runtime.get_instance()._session_mgr.list_active_sessions())
    return [(one, one._scriptrunner) for one in sessions if one._state is AppSessionState.APP_IS_RUNNING]


async def finished(runs: list[tuple[AppSession, Any]], grace: float) -> None:
    """Wait until these have come to their end. Those that begin meanwhile are not waited for: what pages look
    in on goes on for minutes."""
    deadline = time.monotonic() + grace
    while runs and time.monotonic() < deadline:
        runs = [
            (session, run)
            for session, run in runs
            if session._state is AppSessionState.APP_IS_RUNNING and session._scriptrunner is run
        ]
        await asyncio.sleep(_TICK)
    await asyncio.sleep(_TICK)  # what they showed last is on its way


def _end_within(seconds: float) -> None:
    """End the process then, whatever hangs."""

    def end() -> None:
        time.sleep(seconds)
        _leave()

    threading.Thread(target=end, name="puzzlescope-end", daemon=True).start()
