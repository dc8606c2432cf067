"""Who is let in, and what those are told who are not."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.server import health, readiness
from app.server.life import doors

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def page(request: Request) -> PlainTextResponse:
    return PlainTextResponse("the page")


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    async for said in socket.iter_text():
        if said == "close all":
            await doors.close_all()
            await socket.send_text("too late")  # as a page that is still being computed would
        else:
            await socket.send_text(said)


@pytest.fixture
def client() -> Iterator[TestClient]:
    readiness.begin()
    routes = [
        *health.routes(""),
        Route("/static/main.js", page),
        WebSocketRoute("/_stcore/stream", echo),
        Route("/{path:path}", page),
    ]
    with TestClient(Starlette(routes=routes, middleware=[Middleware(doors.Doors)])) as client:
        yield client
    readiness.begin()


def test_all_come_in_while_it_is_loaded_and_afterwards(client: TestClient) -> None:
    for say in (readiness.starting, readiness.ready):
        say()
        assert client.get("/heads", headers=PAGE).text == "the page"
        with client.websocket_connect("/_stcore/stream") as socket:
            socket.send_text("hello")
            assert socket.receive_text() == "hello"


def test_who_comes_while_it_stops_gets_a_sentence_and_comes_back(client: TestClient) -> None:
    readiness.stopping(doors.SENTENCE)
    refused = client.get("/heads", headers=PAGE)
    assert refused.status_code == 503 and doors.SENTENCE in refused.text
    assert 'http-equiv="refresh"' in refused.text and refused.headers["retry-after"] == str(doors.AGAIN)
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect("/_stcore/stream") as socket,
    ):
        socket.receive_text()
    assert closed.value.code == doors.RESTART


def test_probes_and_parts_of_open_pages_are_answered_to_the_end(client: TestClient) -> None:
    readiness.stopping(doors.SENTENCE)
    assert client.get("/live", headers=PAGE).text == "alive"
    ready = client.get("/ready", headers=PAGE)
    assert (ready.status_code, ready.text) == (503, doors.SENTENCE)
    assert client.get("/static/main.js", headers={"Accept": "*/*"}).status_code == 200


def test_open_pages_are_told_and_nothing_is_sent_to_them_after_that(client: TestClient) -> None:
    with client.websocket_connect("/_stcore/stream") as socket:
        assert doors.n_open() == 1
        socket.send_text("close all")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert closed.value.code == doors.RESTART
    assert doors.n_open() == 0


def test_a_browser_that_has_gone_does_not_keep_the_others_from_being_told(client: TestClient) -> None:
    async def gone(message: object) -> None:
        raise RuntimeError("it has gone")

    doors._open.add(ghost := doors._Open(gone))
    try:
        with client.websocket_connect("/_stcore/stream") as socket:
            socket.send_text("close all")
            with pytest.raises(WebSocketDisconnect):
                socket.receive_text()
    finally:
        doors._open.discard(ghost)
