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
        return PlainTextResponse("taken", 403 if request.headers.get("refuse") else 200)

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


def test_a_file_that_is_not_closed_after_all_counts(client: TestClient) -> None:
    for k in range(MOST_FILES):
        put(client, "known", k)
        client.delete(f"/base/_stcore/upload_file/known/{k}", headers={"refuse": "yes"})
    assert put(client, "known", "more") == 413


def test_names_that_begin_alike_are_different_files(client: TestClient) -> None:
    assert put(client, "known", "x" * 190) == 200
    assert {put(client, "known", "x" * 190 + str(k)) for k in range(1, MOST_FILES)} == {200}
    assert put(client, "known", "x" * 190 + "0") == 413
    assert put(client, "known-2", "x" * 201) == 414


def test_all_files_of_all_visitors_have_a_bound(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 5)
    assert {put(client, f"known-{k}", "file") for k in range(5)} == {200}
    refused = client.put("/base/_stcore/upload_file/known-5/file", content=b"x")
    assert refused.status_code == 413 and "no room for another" in refused.text
    assert put(client, "known-3", "file") == 200, "in place of the same"
    client.delete("/base/_stcore/upload_file/known-3/file")
    assert put(client, "known-5", "file") == 200


def test_a_file_of_unknown_size_is_not_taken(client: TestClient) -> None:
    refused = client.put("/base/_stcore/upload_file/known/file", content=iter([b"x"]))
    assert refused.status_code == 411


def test_nothing_is_kept_of_strangers_and_of_those_who_have_left(client: TestClient) -> None:
    here = {"ann", "bob"}
    counting = Uploads(client.app, known=here.__contains__)
    for who in ("stranger", "ann", "bob"):
        assert counting._fault(who, "file", "7") is None
    assert [*counting._files] == ["ann", "bob"]
    here.remove("ann")
    assert counting._fault("bob", "another", "7") is None and [*counting._files] == ["bob"]
