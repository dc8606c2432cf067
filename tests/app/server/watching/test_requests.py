"""What each request and websocket passes through: an id, and a count of what went through it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit.testing.v1 import AppTest

from app.server import logs
from app.server.metrics.counters import PAGE_ERRORS, REGISTRY
from app.server.watching import requests
from app.server.watching.requests import CONNECTION, Requests, route_of
from app.server.watching.visits import VISITS

SESSION = "3f1e4f5a-0000-4000-8000-000000000000"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The events."""
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(logs, "event", lambda name, *_, **facts: found.append({"event": name, **facts}))
    return found


@pytest.fixture
def client() -> Iterator[TestClient]:
    async def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse("x" * 100)

    async def broken(request: Request) -> PlainTextResponse:
        raise RuntimeError

    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(websocket.headers[CONNECTION])
        await websocket.receive_bytes()
        await websocket.send_bytes(b"y" * 1000)
        await websocket.close()

    async def refusing(websocket: WebSocket) -> None:
        await websocket.close(1008)

    app = Starlette(
        routes=[
            Route("/base/", page),
            Route("/base/broken", broken),
            WebSocketRoute("/base/_stcore/stream", stream),
            WebSocketRoute("/base/refusing", refusing),
        ],
        middleware=[Middleware(Requests, base="/base", pages=["heads"])],
    )
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def count(route: str, status: int, registry: CollectorRegistry = REGISTRY) -> float:
    labels = {"route": route, "status": str(status)}
    return registry.get_sample_value("puzzlescope_requests_total", labels) or 0.0


def test_a_request_is_counted_once_with_its_status_and_without_its_query(
    client: TestClient, told: list
) -> None:
    before = count("page", 200), count("other", 404), count("other", 500)
    client.get("/base/?puzzle=secret")
    client.get("/base/nothing")
    client.get("/base/broken")
    assert (count("page", 200), count("other", 404), count("other", 500)) == tuple(n + 1 for n in before)
    client.get("/base/heads?off=secret")
    first, second, third, fourth = told
    assert (fourth["route"], fourth["path"]) == ("page", "/heads")
    assert (first["path"], first["status"], first["bytes"], first["method"]) == ("/", 200, 100, "GET")
    assert (second["path"], second["status"], third["status"]) == ("/nothing", 404, 500)
    assert "secret" not in str(told)


@pytest.mark.parametrize("given", ["0123abcd-proxy.1", "short", "x" * 65, "with space in it", 'quote"quote"'])
def test_the_id_of_a_proxy_is_taken_over_if_it_is_plain(client: TestClient, given: str) -> None:
    answered = client.get("/base/", headers={"x-request-id": given}).headers["x-request-id"]
    plain = re.fullmatch(r"[A-Za-z0-9._-]{8,64}", given) is not None
    assert (answered == given) is plain and re.fullmatch(r"[A-Za-z0-9._-]{8,64}", answered)


def test_a_websocket_is_counted_and_knows_its_id(client: TestClient, told: list) -> None:
    before, tally = count("websocket", 101), VISITS.tally()
    headers = {CONNECTION: "forged-by-a-browser", "x-request-id": "of-the-proxy"}
    with client.websocket_connect("/base/_stcore/stream", headers=headers) as socket:
        assert socket.receive_text() == "of-the-proxy"
        connection = VISITS.connection("of-the-proxy")
        assert connection is not None and connection.heard is None
        socket.send_bytes(b"12345")
        assert len(socket.receive_bytes()) == 1000
        assert connection.take_heard() is not None and connection.take_heard() is None
    assert count("websocket", 101) == before + 1 and VISITS.connection("of-the-proxy") is None
    after = VISITS.tally()
    assert (after.messages_in - tally.messages_in, after.bytes_in - tally.bytes_in) == (1, 5)
    assert (after.messages_out - tally.messages_out, after.bytes_out - tally.bytes_out) == (2, 1012)
    assert [line["event"] for line in told] == ["request"]


def test_a_refused_websocket_is_no_visit(client: TestClient, told: list) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/base/refusing"):
        pass
    assert told[-1]["status"] == 403 and VISITS.n_connections == 0


@pytest.mark.parametrize(
    ("path", "route", "written"),
    [
        ("/", "page", "/"),
        ("/ready", "probe", "/ready"),
        (f"/_stcore/upload_file/{SESSION}/7", "upload", "/_stcore/upload_file/…"),
        ("/media/0123abcd.png", "media", "/media/…"),
        ("/oauth2callback/x", "sign-in", "/oauth2callback…"),
        ("/heads", "other", "/heads"),
        ("/x\r\nforged: line", "other", "/x forged: line"),
    ],
)
def test_routes_are_few_and_paths_hold_no_secret(path: str, route: str, written: str) -> None:
    assert route_of(path) == (route, written)
    assert len({*requests._ROUTES.values(), *requests._BELOW.values(), "other"}) < 16


def failing() -> None:
    from app.server.watching.failing import script_failed

    assert script_failed(ValueError("what a visitor must not see")) is True


def test_a_page_that_fails_shows_the_id_under_which_the_log_has_it(told: list) -> None:
    before = PAGE_ERRORS._value.get()
    page = AppTest.from_function(failing).run()
    (line,) = told
    assert line["event"] == "page failed" and isinstance(line["error"], ValueError)
    assert [one.value for one in page.error] == [
        f"Something went wrong (id {line['id']}). It is in the server's log."
    ]
    assert PAGE_ERRORS._value.get() == before + 1
