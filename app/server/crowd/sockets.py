"""What a browser may do with its websocket. Streamlit's own part of a page sends a few messages a second at
most, all of bytes; a program might send anything, as fast as it can."""

import asyncio
import resource
import time
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

A_SECOND = 50
"""Messages of one websocket that are read in a second; what comes faster waits in the network."""
AT_ONCE = 200
"""So many may come in one go."""
HANDLES = 4
"""File handles that are counted for a visitor: a websocket takes one, Streamlit's session three."""
KEPT_BACK = 150
"""File handles for all else."""
UNSUPPORTED, POLICY_VIOLATION, FULL = 1003, 1008, 1013
"""The websocket's codes for these."""


def most() -> int:
    """How many websockets may be open, so that the process does not run out of file handles."""
    handles, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(16, (handles - KEPT_BACK) // HANDLES)


class Sockets:
    """Bounds what websockets may do.

    Args:
        app: what is behind it.
        most: that may be open at the same time; left out, as many as there are file handles for.
        a_second, at_once: messages that are read of each.
    """

    def __init__(
        self, app: ASGIApp, most_open: int | None = None, a_second: float = A_SECOND, at_once: int = AT_ONCE
    ) -> None:
        self._app, self._most = app, most() if most_open is None else most_open
        self._rate, self._burst = a_second, at_once
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
        elif not _has_readable_origin(scope):
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})  # before it is accepted
        elif self._open >= self._most:
            await receive()
            await send({"type": "websocket.close", "code": FULL})
        else:
            self._open += 1
            try:
                await self._app(scope, self._bounded(receive, send), send)
            finally:
                self._open -= 1

    def _bounded(self, receive: Receive, send: Send) -> Receive:
        left, since = float(self._burst), time.monotonic()

        async def hear() -> Message:
            nonlocal left, since
            now = time.monotonic()
            left, since = min(self._burst, left + (now - since) * self._rate), now
            if left < 1:
                await asyncio.sleep((1 - left) / self._rate)
            left -= 1
            message = await receive()
            if message["type"] == "websocket.receive" and message.get("bytes") is None:
                await send({"type": "websocket.close", "code": UNSUPPORTED})
                return {"type": "websocket.disconnect", "code": UNSUPPORTED}
            return message

        return hear


def _has_readable_origin(scope: Scope) -> bool:
    """Whether what it says of its origin can be read as an address, as Streamlit does without being prepared
    that it cannot: ``http://[`` would be a traceback in the log for each try."""
    try:
        for name, value in scope["headers"]:
            if name == b"origin":
                urlsplit(value.decode("latin-1"))
    except ValueError:
        return False
    return True
