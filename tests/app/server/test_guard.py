"""Who may read how the server is."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit import config

from app.server.metrics import guard, routes
from app.server.metrics.guard import THIS_MACHINE, Readers
from app.server.words import Words
from interp.errors import PuzzlescopeError

TOKEN = "0123456789abcdef0123"
PATHS = ("/metrics", "/status", "/_stcore/metrics", "/_stcore/metrics/")


def status(readers: Readers, path: str, peer: str, **headers: str) -> int:
    """What a request from this address gets."""

    async def streamlits(request: object) -> PlainTextResponse:
        return PlainTextResponse("families")

    app = Starlette(
        routes=[
            *routes.routes("/base"),
            Route("/base/_stcore/metrics", streamlits),
            Route("/base/_stcore/metrics/", streamlits),
        ],
        middleware=[routes.guard("/base", readers)],
    )
    client = TestClient(app, client=(peer, 4711), headers={"host": "localhost", **headers})
    return client.get(f"/base{path}").status_code


@pytest.mark.parametrize("path", PATHS)
def test_by_default_this_machine_reads_and_others_do_not(path: str) -> None:
    for peer in ("127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1"):
        assert status(Readers(), path, peer) == 200, peer
    for peer in ("10.0.0.7", "192.168.1.1", "::ffff:10.0.0.7", "fe80::1", "testclient"):
        assert status(Readers(), path, peer) == 403, peer


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip", "via", "X-Forwarded-For"])
@pytest.mark.parametrize("said", ["127.0.0.1", "", "for=127.0.0.1"])
def test_what_comes_through_a_proxy_on_this_machine_is_not_from_this_machine(header: str, said: str) -> None:
    assert status(Readers(), "/metrics", "127.0.0.1", **{header: said}) == 403


def test_a_page_whose_name_points_to_this_machine_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    get = config.get_option
    hosts = ["localhost", "*.1"]
    monkeypatch.setattr(config, "get_option", lambda key: hosts if key == "server.allowedHosts" else get(key))
    assert status(Readers(), "/metrics", "127.0.0.1", host="evil.example:8501") == 403
    assert status(Readers(), "/metrics", "127.0.0.1", host="127.0.0.1:8501") == 200


def test_the_networks_that_are_named_read() -> None:
    readers = guard.read(Words({"PUZZLESCOPE_METRICS_FROM": "10.0.0.0/8, 192.168.7.7 fd00::/8"}))
    for peer, expected in (
        ("10.9.9.9", 200),
        ("192.168.7.7", 200),
        ("fd00::5", 200),
        ("127.0.0.1", 200),
        ("::1", 200),
        ("192.168.7.8", 403),
    ):
        assert status(readers, "/metrics", peer) == expected, peer
    for proxied in ("127.0.0.1", "::1"):
        assert status(readers, "/metrics", proxied, **{"x-forwarded-for": "10.9.9.9"}) == 403
    assert status(readers, "/metrics", "10.9.9.9", **{"x-forwarded-for": "10.9.9.9"}) == 403


def test_with_a_token_it_is_the_token_that_counts() -> None:
    readers = guard.read(Words({"PUZZLESCOPE_METRICS_TOKEN": TOKEN}))
    said = {"authorization": f"Bearer {TOKEN}"}
    assert status(readers, "/status", "203.0.113.9", **said, **{"x-forwarded-for": "1.2.3.4"}) == 200
    for wrong in (
        {},
        {"authorization": TOKEN},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": "Bearer "},
    ):
        assert status(readers, "/status", "127.0.0.1", **wrong) == 403
    both = guard.read(Words({"PUZZLESCOPE_METRICS_TOKEN": TOKEN, "PUZZLESCOPE_METRICS_FROM": "10.0.0.0/8"}))
    assert status(both, "/status", "10.0.0.1", **said) == 200
    assert status(both, "/status", "11.0.0.1", **said) == 403
    assert status(both, "/status", "127.0.0.1", **said) == 200
    assert status(both, "/status", "10.0.0.1") == status(both, "/status", "127.0.0.1") == 403


def test_nothing_said_is_this_machine() -> None:
    assert guard.read(Words({})) == Readers(THIS_MACHINE, "")


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        (
            {"PUZZLESCOPE_METRICS_FROM": "10.0.0.0/8 office"},
            "such as 10.0.0.0/8 or 192.168.1.7, got 'office'.",
        ),
        ({"PUZZLESCOPE_METRICS_TOKEN": "short"}, "must have at least 16 plain characters"),
        ({"PUZZLESCOPE_METRICS_TOKEN": "ä" * 20}, "must have at least 16 plain characters"),
    ],
)
def test_a_wrong_setting_is_told_in_a_sentence(environ: dict[str, str], told: str) -> None:
    with pytest.raises(PuzzlescopeError) as caught:
        guard.read(Words(environ))
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_other_addresses_are_not_its_business() -> None:
    app = Starlette(
        routes=[Route("/other", lambda _: PlainTextResponse("x"))],
        middleware=[routes.guard("", Readers())],
    )
    assert TestClient(app, client=("10.0.0.1", 1)).get("/other").status_code == 200
