"""The gate itself: what each request and each websocket passes before anything of the dashboard sees it."""

import asyncio
import time
from contextlib import suppress
from urllib.parse import urlencode

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.server.gate import person as people
from app.server.gate.entrance import Entrance, Refusal
from app.server.gate.outside import pages
from app.server.gate.outside.targets import asked
from app.server.gate.person import Person

PERSON = "puzzlescope.person"
"""Where the scope of a request has who has come."""
OPEN = frozenset(
    {
        *("/live", "/ready", "/_stcore/health", "/metrics", "/status"),
        *("/sign-in", "/sign-in/begin", "/sign-out", "/oauth2callback"),
    }
)
"""What is answered to anybody: how the server is, and what one needs to sign in. ``/metrics`` and
``/status`` have a rule of their own (:mod:`app.server.metrics.guard`)."""
POLICY_VIOLATION = 1008


class Gate:
    """Lets in whom the entrance knows, and sends others there."""

    def __init__(self, app: ASGIApp, entrance: Entrance) -> None:
        self._app, self._entrance = app, entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope["headers"] = people.without(scope["headers"])
        who = self._entrance.who(scope) if self._entrance.settings.way else None
        if isinstance(who, Person):
            scope[PERSON] = who
            scope["headers"].append((people.HEADER, people.written(who)))
        if not self._entrance.settings.way:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send, who)
        elif isinstance(who, Person) or self._path(scope) in OPEN:
            await self._app(scope, receive, send)
        else:
            await self._refused(scope, who)(scope, receive, send)

    def _path(self, scope: Scope) -> str:
        path: str = scope["path"]
        return path.removeprefix(self._entrance.base)

    # ---- pages ---------------------------------------------------------------------------------------------

    def _refused(self, scope: Scope, refusal: Refusal | None) -> Response:
        headers = Headers(scope=scope)
        page = scope["method"] in ("GET", "HEAD") and "text/html" in headers.get("accept", "")
        if refusal is not None:
            if page:
                return pages.page(
                    "No entry", pages.sentence(refusal.sentence, wrong=True), status=refusal.status
                )
            return _plain(refusal.sentence, refusal.status)
        base = self._entrance.base
        if not page:
            return _plain(f"Sign in first, at {self._entrance.settings.url or base}/sign-in.", 401)
        target = asked(scope["path"], scope["query_string"].decode("latin-1"), base)
        return RedirectResponse(
            sign_in(base, self._entrance.targets.told(target)), 303, headers={"Cache-Control": "no-store"}
        )

    # ---- websockets ----------------------------------------------------------------------------------------

    async def _websocket(
        self, scope: Scope, receive: Receive, send: Send, who: Person | Refusal | None
    ) -> None:
        if not isinstance(who, Person):
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})  # before it is accepted
            return
        line = _Line(send)
        timer = asyncio.get_running_loop().call_later(max(0.0, who.until - time.time()), line.close)
        try:
            with self._entrance.visits.websocket(who, line.close):
                await self._app(scope, receive, line.send)
        finally:
            timer.cancel()


class _Line:
    """The way to a browser, which can be closed from outside of what talks to it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._closing: asyncio.Task[None] | None = None

    def close(self) -> None:
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close())

    async def _close(self) -> None:
        with suppress(Exception):  # the browser may have gone
            await self._send({"type": "websocket.close", "code": POLICY_VIOLATION})

    async def send(self, message: Message) -> None:
        if self._closing is None:
            await self._send(message)
        elif message["type"] == "websocket.send":
            raise OSError("closed")  # as if the browser had gone: Starlette knows what to do


def sign_in(base: str, told: str) -> str:
    """The address of the page where one signs in.

    Args:
        told: what stands for where to go then; see :class:`app.server.gate.outside.targets.Targets`.
    """
    return f"{base}/sign-in" if told == f"{base}/" else f"{base}/sign-in?{urlencode({'next': told})}"


def _plain(sentence: str, status: int) -> PlainTextResponse:
    return PlainTextResponse(sentence, status, headers={"Cache-Control": "no-store"})
