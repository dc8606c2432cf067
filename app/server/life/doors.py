"""The websockets that are open, and what those find who come while the server stops."""

import html
from dataclasses import dataclass

from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.server import readiness

SENTENCE = "The server is being restarted; this page comes back by itself."
RESTART = 1012
"""The websocket's code for it."""
AGAIN = 3
"""Seconds after which a page that was refused asks again."""
_ASKED = ("/live", "/ready", "/metrics", "/_stcore/health")

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="{again}">
<meta name="color-scheme" content="light dark">
<title>Puzzlescope</title>
<p style="font: 1rem system-ui; margin: 3rem">{sentence}</p>
</html>
"""


@dataclass(eq=False, slots=True)
class _Open:
    """A websocket.

    Attributes:
        send: to the browser.
        closing: nothing more is to be sent to it.
    """

    send: Send
    closing: bool = False


class Doors:
    """Lets visitors in until :func:`readiness.stopping` is said; from then on new ones get a sentence.

    Args:
        app: what is behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        stopping = readiness.now().phase == "stopping"
        if scope["type"] == "websocket":
            await (self._refuse if stopping else self._admit)(scope, receive, send)
        elif scope["type"] == "http" and stopping and _is_page(scope):
            await refusal()(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.close", "code": RESTART})

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        one = _Open(send)

        async def tell(message: Message) -> None:
            if not one.closing:
                await send(message)

        _open.add(one)
        try:
            await self._app(scope, receive, tell)
        finally:
            _open.discard(one)


_open: set[_Open] = set()


def n_open() -> int:
    """How many websockets are open."""
    return len(_open)


async def close_all() -> None:
    """Tell every browser that the server goes, by the code for that. Streamlit's own part of the page then
    asks for it again from time to time."""
    for one in list(_open):
        one.closing = True
        try:
            await one.send({"type": "websocket.close", "code": RESTART})
        except (RuntimeError, OSError):  # it is gone, or was not accepted yet
            continue


def refusal() -> HTMLResponse:
    """The page of those who come while the server stops; it asks again by itself."""
    page = _PAGE.format(again=AGAIN, sentence=html.escape(SENTENCE))
    return HTMLResponse(page, 503, {"Retry-After": str(AGAIN), "Cache-Control": "no-store"})


def _is_page(scope: Scope) -> bool:
    """Whether a browser wants a page of it, and not a part of one that is open."""
    accepted = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return b"text/html" in accepted and not scope["path"].endswith(_ASKED)
