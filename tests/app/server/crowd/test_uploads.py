"""A visitor may have so many files, and no more."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.server.crowd import uploads
from app.server.crowd.uploads import MOST_FILES, Uploads


@pytest.fixture
def client() -> TestClient:
    async def take(request: Request) -> PlainTextResponse:
        return PlainTextResponse("taken")

    route = Route("/base/_stcore/upload_file/{session}/{file}", take, methods=["PUT", "DELETE", "GET"])
    known = Middleware(Uploads, known=lambda session: session.startswith("known"))
    return TestClient(Starlette(routes=[route], middleware=[known]))


def put(client: TestClient, session: str, file: object) -> int:
    return client.put(f"/base/_stcore/upload_file/{session}/{file}", content=b"x").status_code


def test_one_too_many_is_refused_in_a_sentence(client: TestClient) -> None:
    assert {put(client, "known", k) for k in range(MOST_FILES)} == {200}
    refused = client.put("/base/_stcore/upload_file/known/more", content=b"x")
    assert refused.status_code == 413
    assert refused.text == f"You have opened {MOST_FILES} files: load the page anew before you open another."
    assert put(client, "known", 3) == 200, "the same file anew"
    assert put(client, "known-2", "more") == 200, "another visitor"
    client.delete("/base/_stcore/upload_file/known/3")
    assert put(client, "known", "more") == 200, "one was closed"
    assert client.get("/base/_stcore/upload_file/known/more").status_code == 200


def test_strangers_fill_no_memory(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_VISITORS", 3)
    counting = Uploads(client.app, known=lambda session: session != "stranger")
    assert all(counting._let_by("PUT", "stranger", str(k)) for k in range(2 * MOST_FILES))
    assert not counting._files, "Streamlit keeps nothing of theirs"
    for k in range(10):
        counting._let_by("PUT", f"visitor {k}", "file")
    assert list(counting._files) == ["visitor 7", "visitor 8", "visitor 9"]
