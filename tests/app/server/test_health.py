"""Liveness and readiness are two questions."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.server import health, readiness


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    before = readiness.now()
    readiness.begin()
    yield
    readiness.begin()
    if before.taking_visitors:
        readiness.ready()


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=health.routes("/puzzles")))


def asked(client: TestClient, path: str) -> tuple[int, str]:
    answer = client.get(f"/puzzles{path}")
    return answer.status_code, answer.text


def test_a_server_that_starts_is_alive_and_not_ready(client: TestClient) -> None:
    assert asked(client, "/live") == (200, "alive")
    assert asked(client, "/ready") == (503, "Not ready: the model and the puzzles are being loaded.")


def test_it_is_ready_when_all_is_loaded(client: TestClient) -> None:
    readiness.ready()
    assert asked(client, "/ready") == (200, "Ready.")


def test_what_went_wrong_is_told(client: TestClient) -> None:
    readiness.starting("Not ready: there is no model at /model.")
    assert asked(client, "/ready") == (503, "Not ready: there is no model at /model.")


def test_who_stops_does_not_get_ready_again(client: TestClient) -> None:
    readiness.ready()
    readiness.stopping()
    readiness.ready()
    readiness.starting()
    assert asked(client, "/ready") == (503, "Not ready: the server is stopping.")
    assert asked(client, "/live") == (200, "alive")
