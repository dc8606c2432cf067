"""Whose word is believed on a real connection, whatever its headers say."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
import uvicorn
import uvicorn.config
from starlette.types import Receive, Scope, Send

from app.server.gate import peers
from app.server.gate.entrance import Entrance
from app.server.gate.middleware import Gate
from app.server.gate.networks import networks
from app.server.gate.settings import GateSettings
from scripts.dashboard import free_port

PRETENDED = "10.9.9.9"
SAID = {"X-User": "ann", "X-Forwarded-For": PRETENDED}


async def shows(scope: Scope, receive: Receive, send: Send) -> None:
    """Tells which machine the request is said to come from, and which one it does come from."""
    body = f"{peers.client(scope)} {peers.peer(scope)}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def serving(proxies: str) -> Iterator[str]:
    """uvicorn as Streamlit starts it: what it wraps is loaded after its configuration is made."""
    settings = GateSettings("header", header="x-user", proxies=networks("A", (proxies,)))
    config = uvicorn.Config(
        Gate(shows, Entrance(settings, "")), port=(port := free_port()), log_level="error", lifespan="off"
    )
    peers.keep(settings.proxies)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    name = uvicorn.config.ProxyHeadersMiddleware.__name__
    monkeypatch.setattr(uvicorn.config, name, uvicorn.config.ProxyHeadersMiddleware)


def test_the_connection_decides_and_not_what_is_said() -> None:
    with serving("127.0.0.1") as url:
        answer = httpx2.get(url, headers=SAID)
        assert (answer.status_code, answer.text) == (200, f"{PRETENDED} 127.0.0.1")


def test_whoever_pretends_to_be_the_proxy_is_refused() -> None:
    with serving(PRETENDED) as url:
        answer = httpx2.get(url, headers=SAID)
        assert answer.status_code == 403 and "has not come from it" in answer.text
        assert httpx2.get(url, headers={"X-Forwarded-For": PRETENDED}).status_code == 401
