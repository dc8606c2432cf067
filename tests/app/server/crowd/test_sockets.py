"""What a program may do with a websocket."""

import time

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.server.crowd import sockets

HEARD: list[bytes] = []


async def listen(socket: WebSocket) -> None:
    await socket.accept()
    async for said in socket.iter_bytes():
        HEARD.append(said)
        await socket.send_bytes(said)


def client(**bounds: float) -> TestClient:
    HEARD.clear()
    routes = [WebSocketRoute("/stream", listen)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(sockets.Sockets, **bounds)]))


def test_messages_pass() -> None:
    with client().websocket_connect("/stream") as socket:
        for number in range(20):
            socket.send_bytes(bytes([number]))
            assert socket.receive_bytes() == bytes([number])


def test_a_text_is_refused_without_an_error() -> None:
    """Streamlit raises on one, which is a traceback in the log."""
    with client().websocket_connect("/stream") as socket:
        socket.send_text("hello")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_bytes()
    assert closed.value.code == sockets.UNSUPPORTED and HEARD == []


def test_one_that_sends_too_fast_is_read_slowly() -> None:
    with client(a_second=100.0, at_once=5).websocket_connect("/stream") as socket:
        began = time.monotonic()
        for _ in range(35):
            socket.send_bytes(b"x")
        for _ in range(35):
            socket.receive_bytes()
        assert time.monotonic() - began >= 0.25, "30 of them at 100 a second"


def test_there_are_no_more_than_there_is_room_for() -> None:
    full = client(most_open=2)
    with full.websocket_connect("/stream"), full.websocket_connect("/stream"):
        with pytest.raises(WebSocketDisconnect) as closed, full.websocket_connect("/stream") as third:
            third.receive_bytes()
        assert closed.value.code == sockets.FULL
    with full.websocket_connect("/stream") as later:
        later.send_bytes(b"x")
        assert later.receive_bytes() == b"x"


def test_there_is_room_for_as_many_as_there_are_file_handles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets.resource, "getrlimit", lambda _: (1024, 4096))
    assert 200 <= sockets.most() <= 1024 // sockets.HANDLES
    monkeypatch.setattr(sockets.resource, "getrlimit", lambda _: (64, 64))
    assert sockets.most() == 16


@pytest.mark.parametrize("origin", ["http://[", "https://[::1"])
def test_an_origin_that_is_no_address_is_refused_before_it_is_accepted(origin: str) -> None:
    """Streamlit raises on one, which is a traceback in the log."""
    there = client().websocket_connect("/stream", headers={"Origin": origin})
    with pytest.raises(WebSocketDisconnect) as closed, there:
        pass
    assert closed.value.code == sockets.POLICY_VIOLATION
    with client().websocket_connect("/stream", headers={"Origin": "http://127.0.0.1:8501"}) as socket:
        socket.send_bytes(b"x")
        assert socket.receive_bytes() == b"x"
