"""What each request and each websocket passes through first: it gets an id, and is counted and logged at its
end."""

import logging
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.server import logs
from app.server.metrics import counters
from app.server.watching.visits import VISITS, Connection
from interp.errors import brief

CONNECTION = "x-puzzlescope-connection"
"""The header that tells the pages by which websocket their visitor has come. What a browser sends under this
name is taken out."""
REQUEST_ID = b"x-request-id"

_GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")
_ROUTES = {
    "/": "page",
    "/live": "probe",
    "/ready": "probe",
    "/_stcore/health": "probe",
    "/_stcore/script-health-check": "probe",
    "/metrics": "metrics",
    "/status": "metrics",
    "/_stcore/metrics": "metrics",
    "/_stcore/stream": "websocket",
    "/_stcore/host-config": "host-config",
}
_BELOW = {
    "/static/": "static",
    "/app/static/": "static",
    "/media/": "media",
    "/component/": "component",
    "/_stcore/bidi-components/": "component",
    "/_stcore/upload_file/": "upload",
    "/sign-in": "sign-in",
    "/sign-out": "sign-in",
    "/auth/": "sign-in",
    "/oauth2callback": "sign-in",
}
"""Addresses that begin so. What follows is not written: it may hold the session's id, or a code that lets one
sign in."""
_OFTEN = ("static", "media", "component", "probe", "metrics", "host-config")


def route_of(path: str) -> tuple[str, str]:
    """What a path below the base asks for, one of few, and the path as it is written.

    >>> route_of("/ready"), route_of("/_stcore/upload_file/4d1f/7")
    (('probe', '/ready'), ('upload', '/_stcore/upload_file/…'))
    """
    known = _ROUTES.get(path)
    if known is not None:
        return known, path
    for begin, route in _BELOW.items():
        if path.startswith(begin):
            return route, begin + ("…" if len(path) > len(begin) else "")
    return "other", brief(path, 120)


@dataclass(eq=False, slots=True)
class _Answer:
    status: int = 0
    nbytes: int = 0


class Requests:
    """The middleware.

    Args:
        app: what comes after it.
        base: the path under which the dashboard is served, without a slash at its end.
        pages: the names of its pages.
    """

    def __init__(self, app: ASGIApp, base: str = "", pages: Sequence[str] = ()) -> None:
        self._app, self._base = app, base
        self._pages = frozenset(f"/{name}" for name in pages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._request(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        id = _id_of(scope)
        answer, began = _Answer(), time.perf_counter()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                message["headers"] = [*message.get("headers", ()), (REQUEST_ID, id.encode())]
            elif message["type"] == "http.response.body":
                answer.nbytes += len(message.get("body", b""))
            await send(message)

        with logs.bound(request=id):
            try:
                await self._app(scope, receive, sending)
            except Exception:
                answer.status = answer.status or 500
                raise
            finally:
                self._told(scope, answer.status or 499, time.perf_counter() - began, answer.nbytes)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        id = _id_of(scope)
        client = scope.get("client")
        connection = Connection(id, address=client[0] if client else None)
        answer, began = _Answer(403), time.perf_counter()

        async def receiving() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive":
                connection.messages_in += 1
                connection.bytes_in += len(message.get("bytes") or message.get("text") or "")
                connection.heard = time.perf_counter()
            return message

        async def sending(message: Message) -> None:
            if message["type"] == "websocket.send":
                connection.messages_out += 1
                connection.bytes_out += len(message.get("bytes") or message.get("text") or "")
            elif message["type"] == "websocket.accept":
                answer.status = 101
                VISITS.opened(connection)
            elif message["type"] == "websocket.http.response.start":
                answer.status = message["status"]
            await send(message)

        headers = [one for one in scope["headers"] if one[0].lower() != CONNECTION.encode()]
        told = {**scope, "headers": [*headers, (CONNECTION.encode(), id.encode())]}
        with logs.bound(request=id):
            try:
                await self._app(told, receiving, sending)
            finally:
                VISITS.closed(connection)
                self._told(scope, answer.status, time.perf_counter() - began, connection.bytes_out)

    def _told(self, scope: Scope, status: int, seconds: float, nbytes: int) -> None:
        path = self._below_base(scope["path"])
        route, path = ("page", path) if path in self._pages else route_of(path)
        counters.REQUESTS.labels(route, str(status)).inc()
        if scope["type"] == "http":
            counters.REQUEST_SECONDS.labels(route).observe(seconds)
        level = logging.ERROR if status >= 500 and route != "probe" else logging.INFO
        if route in _OFTEN and status < 400:
            level = logging.DEBUG
        client = scope.get("client")
        logs.event(
            "request",
            level,
            method=scope.get("method", "websocket"),
            path=path,
            route=route,
            status=status,
            seconds=round(seconds, 4),
            bytes=nbytes,
            address=client[0] if client else None,
        )

    def _below_base(self, path: str) -> str:
        below = path.removeprefix(self._base) if path.startswith(f"{self._base}/") else path
        return below or "/"


def _id_of(scope: Scope) -> str:
    """That of the proxy, if it gives a plain one; else a new one."""
    for name, value in scope["headers"]:
        if name == REQUEST_ID:
            given = value.decode("latin-1")
            if _GIVEN.match(given):
                return str(given)
    return secrets.token_hex(8)
