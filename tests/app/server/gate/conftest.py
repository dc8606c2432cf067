"""A small application behind the gate, as Streamlit's would be."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.server.gate import person as people
from app.server.gate.entrance import Entrance
from app.server.gate.headers import SafeHeaders
from app.server.gate.middleware import Gate
from app.server.gate.outside import routes
from app.server.gate.peers import PEER
from app.server.gate.settings import GateSettings

PAGE = {"Accept": "text/html,*/*"}
OWN = {"Sec-Fetch-Site": "same-origin"}


def told(connection: HTTPConnection) -> str | None:
    """Whom the gate has told the application of."""
    assert len(connection.headers.getlist(people.HEADER.decode())) <= 1
    person = people.read(connection.headers.get(people.HEADER.decode()))
    return person and (person.address or "somebody")


async def anything(request: Request) -> JSONResponse:
    return JSONResponse({"person": told(request), "path": str(request.url.path)})


async def stream(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_json({"person": told(websocket)})
    with suppress(WebSocketDisconnect):
        while True:
            await websocket.send_text(await websocket.receive_text())


class FromPeer:
    """What uvicorn would know of the other end of the connection."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app, self._host = app, host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._host:
            scope[PEER] = self._host
        await self._app(scope, receive, send)


Enter = Callable[..., TestClient]


@pytest.fixture
def enter() -> Iterator[Enter]:
    """Makes a browser before the gate, which knows nothing yet."""
    with ExitStack() as stack:

        def make(
            settings: GateSettings | Entrance, *, base: str = "", peer: str = "10.0.0.5", url: str = ""
        ) -> TestClient:
            entrance = settings if isinstance(settings, Entrance) else Entrance(settings, base)
            every = ["GET", "POST", "PUT", "OPTIONS"]
            inside = [
                WebSocketRoute("/_stcore/stream", stream),
                Route("/{path:path}", anything, methods=every),
            ]
            app = Starlette(
                routes=[*routes.routes(entrance), Mount(base, routes=inside)],
                middleware=[
                    Middleware(FromPeer, host=peer),
                    Middleware(SafeHeaders, settings=entrance.settings),
                    Middleware(Gate, entrance=entrance),
                    Middleware(SessionMiddleware, secret_key="k"),
                ],
            )
            url = url or entrance.settings.url.removesuffix(base) or "http://testserver"
            return stack.enter_context(TestClient(app, base_url=url, follow_redirects=False))

        yield make


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let so much time have gone."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + seconds)
