"""What passes the gate, and what does not: with a shared password, and with a proxy's header."""

import base64
import json
import time
from dataclasses import replace
from typing import Any, get_args

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.server.gate import headers as safe_headers
from app.server.gate import person as people
from app.server.gate.allowed import allowed
from app.server.gate.attempts import ALL, EACH
from app.server.gate.entrance import Entrance
from app.server.gate.middleware import OPEN
from app.server.gate.networks import networks
from app.server.gate.seal import SESSION_COOKIE
from app.server.gate.settings import GateSettings
from app.state.scene import Only
from tests.app.server.gate.conftest import OWN, PAGE, Enter, later

RIGHT = "correct horse battery"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(RIGHT)
PASSWORD = GateSettings("password", secret="x" * 32, password_hash=HASH)
HEADER = GateSettings("header", header="x-user", proxies=networks("A", ("10.0.0.0/24",)))
CLOSED = [
    *("/", "/heads", "/static/js/index.js", "/app/static/plotly.js", "/media/x.png", "/component/x/y.js"),
    *("/_stcore/host-config", "/_stcore/bidi-components/x.js", "/_stcore/metrics", "/_stcore/health/"),
    *(
        "/live/",
        "/ready.html",
        "/sign-in/x",
        "//sign-in",
        "/auth/login",
        "/auth/logout",
        "/SIGN-IN",
        "/admin",
    ),
]


def forged(client: TestClient) -> dict[str, str]:
    told = base64.urlsafe_b64encode(json.dumps({"way": "provider", "address": "root@example.org"}).encode())
    return {people.HEADER.decode(): told.decode(), "X-PUZZLESCOPE-PERSON": told.decode()}


def sign_in(client: TestClient, password: str = RIGHT, link: str = "/", **more: Any) -> Any:
    page = client.get(f"{more.pop('base', '')}/sign-in", params={"next": link}, headers=PAGE)
    token = page.text.split('name="token" value="')[1].split('"')[0]
    form = {"token": token, "next": link, "password": password}
    return client.post(page.url.path, data=form, headers=OWN | more.pop("headers", {}))


def hears(client: TestClient, headers: dict[str, Any] | None = None) -> str | None:
    with client.websocket_connect("/_stcore/stream", headers=headers or {}) as websocket:
        person: str | None = websocket.receive_json()["person"]
        return person


def test_one_who_has_not_tried_is_not_told_that_they_have(enter: Enter) -> None:
    entrance = Entrance(PASSWORD, "")
    for n in range(ALL):
        entrance.attempts.begin(f"10.0.{n}.1")
    late = sign_in(enter(entrance))
    assert late.status_code == 429 and "Too many wrong" not in late.text
    assert "Others have tried too many passwords" in late.text and "wait 5 minutes" in late.text


# ---- without a session -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("settings", [PASSWORD, HEADER], ids=["password", "header"])
def test_a_stranger_sees_nothing(enter: Enter, settings: GateSettings, path: str) -> None:
    client = enter(settings)
    assert client.get(path, headers=forged(client)).status_code in (400, 401)
    assert client.put(path, headers=PAGE).status_code in (400, 401)
    assert client.post(path, headers=PAGE).status_code in (400, 401)
    assert '"person":' not in client.get(path, headers=PAGE).text


def test_a_stranger_sees_how_the_server_is(enter: Enter) -> None:
    client = enter(PASSWORD)
    inside = [path for path in sorted(OPEN) if not path.startswith(("/sign", "/oauth"))]
    assert inside == ["/_stcore/health", "/live", "/metrics", "/ready", "/status"]
    assert [client.get(path, headers=forged(client)).json()["person"] for path in inside] == [None] * 5


@pytest.mark.parametrize("settings", [PASSWORD, HEADER], ids=["password", "header"])
@pytest.mark.parametrize("path", ["/_stcore/stream", "/live", "/sign-in"])
def test_a_strangers_websocket_is_refused_before_it_is_accepted(
    enter: Enter, settings: GateSettings, path: str
) -> None:
    client = enter(settings)
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(path, headers=forged(client)),
    ):
        raise AssertionError("accepted")


@pytest.mark.parametrize("base", ["", "/puzzles"])
def test_a_page_leads_to_where_one_signs_in_and_back(enter: Enter, base: str) -> None:
    client = enter(PASSWORD, base=base)
    link = f"{base}/heads?puzzle=9a3726a23b&off=L1.attn,L2.H3"
    answer = client.get(link, headers=PAGE)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{base}/sign-in?next=")
    assert answer.headers["cache-control"] == "no-store"
    assert sign_in(client, link=link, base=base).headers["location"] == link
    assert client.get(link, headers=PAGE).json() == {"person": "somebody", "path": f"{base}/heads"}


def test_the_gate_is_not_there_where_nobody_signs_in(enter: Enter) -> None:
    client = enter(GateSettings())
    assert client.get("/heads", headers=forged(client)).json()["person"] is None
    assert hears(client, forged(client)) is None
    assert client.get("/sign-in", headers=PAGE).headers["location"] == "/"


# ---- with a password ---------------------------------------------------------------------------------------


def test_the_right_password_opens_and_a_wrong_one_does_not(enter: Enter) -> None:
    client = enter(PASSWORD)
    wrong = sign_in(client, "another")
    assert wrong.status_code == 403 and "This is not the password" in wrong.text
    assert SESSION_COOKIE not in client.cookies
    right = sign_in(client)
    assert right.status_code == 303 and hears(client) == "somebody"
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Max-Age=43" in cookie
    assert "Secure" not in cookie and "secure" not in cookie


def test_over_https_cookies_stay_on_https(enter: Enter) -> None:
    client = enter(replace(PASSWORD, url="https://puzzles.example.org"))
    assert "secure" in sign_in(client).headers["set-cookie"].lower()


def test_too_many_attempts_have_to_wait(enter: Enter) -> None:
    entrance = Entrance(PASSWORD, "")
    client = enter(entrance)
    assert {sign_in(client, "another").status_code for _ in range(EACH)} == {403}
    late = sign_in(client)
    assert late.status_code == 429 and "Too many wrong passwords: wait 5 minutes" in late.text
    assert int(late.headers["retry-after"]) > 290
    assert SESSION_COOKIE not in client.cookies


@pytest.mark.parametrize(
    "headers", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}]
)
def test_another_sites_form_is_refused(enter: Enter, headers: dict[str, str]) -> None:
    client = enter(PASSWORD)
    token = client.get("/sign-in").text.split('name="token" value="')[1].split('"')[0]
    form = {"token": token, "password": RIGHT}
    assert client.post("/sign-in", data=form, headers=headers).status_code == 400
    client.cookies.clear()
    assert client.post("/sign-in", data=form, headers=OWN).status_code == 400  # of another browser
    assert client.post("/sign-in", content=b"x" * 300_000, headers=OWN).status_code == 400


def test_a_session_ends_with_its_hours(enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    client = enter(PASSWORD)
    sign_in(client)
    assert client.get("/").status_code == 200
    later(monkeypatch, 12 * 3600 + 1)
    assert client.get("/").status_code == 401


def test_a_websocket_ends_with_the_session(enter: Enter) -> None:
    entrance = Entrance(replace(PASSWORD, hours=1 / 3600), "")  # a second
    client = enter(entrance)
    sign_in(client)
    with client.websocket_connect("/_stcore/stream") as websocket:
        assert websocket.receive_json() == {"person": "somebody"}
        with pytest.raises(WebSocketDisconnect) as caught:
            websocket.receive_text()
    assert caught.value.code == 1008
    assert not entrance.visits._open


def test_signing_out_closes_what_is_open_and_a_copied_cookie(enter: Enter) -> None:
    entrance = Entrance(PASSWORD, "")
    client, other = enter(entrance), enter(entrance)
    sign_in(client)
    sign_in(other)
    copied = client.cookies[SESSION_COOKIE]
    with client.websocket_connect("/_stcore/stream") as websocket:
        websocket.receive_json()
        answer = client.get("/sign-out", headers=OWN)
        assert answer.headers["location"] == "/sign-in?out"
        with pytest.raises(WebSocketDisconnect):
            websocket.receive_text()
    assert client.get("/").status_code == 401
    client.cookies[SESSION_COOKIE] = copied
    assert client.get("/").status_code == 401
    assert other.get("/").status_code == 200  # another browser with the same password
    assert "You have signed out." in enter(entrance).get("/sign-in?out").text


def test_another_site_cannot_sign_people_out(enter: Enter) -> None:
    client = enter(PASSWORD)
    sign_in(client)
    for ask in (client.get, client.post):
        answer = ask("/sign-out", headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 200 and "<form" in answer.text
    assert client.get("/").status_code == 200
    assert client.post("/sign-out", headers=OWN).status_code == 303
    assert client.get("/").status_code == 401


# ---- with a proxy's header ---------------------------------------------------------------------------------


def test_the_proxy_says_who_has_come(enter: Enter) -> None:
    client = enter(HEADER)
    assert client.get("/", headers={"X-User": "ann@example.org"}).json()["person"] == "ann@example.org"
    assert hears(client, {"X-User": "Änn".encode()}) == "Änn"


@pytest.mark.parametrize("peer", ["10.0.1.5", "127.0.0.1", "", "gpu-box"])
def test_anybody_else_is_refused(enter: Enter, peer: str) -> None:
    client = enter(HEADER, peer=peer)
    said = {"X-User": "ann@example.org", "X-Forwarded-For": "10.0.0.5", "Forwarded": "for=10.0.0.5"}
    answer = client.get("/", headers=said | PAGE)
    assert answer.status_code == 403 and "Only the proxy where people sign in may say" in answer.text
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/_stcore/stream", headers=said):
        raise AssertionError("accepted")
    assert client.get("/sign-in", headers=said).status_code == 403
    assert client.get("/live", headers=said).json()["person"] is None


@pytest.mark.parametrize(
    "said",
    [
        [],
        [("X-User", "")],
        [("X-User", "  ")],
        [("X-User", "ann@example.org"), ("X-User", "root@example.org")],
        [("X-User", "ann@example.org, root@example.org")],
        [("X-User", "a" * 201)],
        [("X-User", "ann\x85@example.org")],
    ],
)
def test_the_proxy_must_name_one_person(enter: Enter, said: list[tuple[str, str]]) -> None:
    client = enter(HEADER)
    encoded = [(name, value.encode("latin-1")) for name, value in said]
    assert client.get("/", headers=encoded).status_code == 400


def test_the_list_holds_for_the_proxys_people_too(enter: Enter) -> None:
    client = enter(replace(HEADER, allowed=allowed("A", ("example.org",))))
    assert client.get("/", headers={"X-User": "ann@example.org"}).status_code == 200
    answer = client.get("/", headers={"X-User": "eve@evil.net"} | PAGE)
    assert answer.status_code == 403 and "eve@evil.net is not among those who may enter" in answer.text


def test_a_proxys_websocket_has_to_pass_it_again(enter: Enter) -> None:
    client = enter(replace(HEADER, hours=0.3 / 3600))
    began = time.monotonic()
    with client.websocket_connect("/_stcore/stream", headers={"X-User": "ann"}) as websocket:
        websocket.receive_json()
        with pytest.raises(WebSocketDisconnect):
            websocket.receive_text()
    assert time.monotonic() - began > 0.2


# ---- headers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frames", "path", "ancestors"),
    [
        (None, "/heads", "'self'"),
        (None, "/?only=board&puzzle=7", "*"),
        (None, "/?puzzle=only", "'self'"),
        (None, "/?only=nonsense", "'self'"),
        (None, "/?only=board&only=x", "'self'"),
        (None, "/heads?only=board", "'self'"),
        (None, "/admin?only=board", "'self'"),
        (("https://wiki.example.org", "self"), "/?only=board", "https://wiki.example.org 'self'"),
        (("none",), "/heads", "'none'"),
    ],
)
def test_who_may_frame_a_page(
    enter: Enter, frames: tuple[str, ...] | None, path: str, ancestors: str
) -> None:
    headers = enter(GateSettings(frames=frames)).get(path).headers
    assert headers["content-security-policy"] == f"frame-ancestors {ancestors}"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_the_figures_that_may_be_framed_are_those_of_the_workbench() -> None:
    assert set(safe_headers.FIGURES) == set(get_args(Only)) - {""}


@pytest.mark.parametrize("path", ["/metrics%0A", "/heads%0a", "/%00", "/status%0D%0A", "/a%7f"])
def test_an_address_with_what_cannot_be_seen_is_none(enter: Enter, path: str) -> None:
    answer = enter(GateSettings()).get(path)
    assert answer.status_code == 400 and answer.text == "This is no address of this server."


def test_the_page_where_one_signs_in_is_framed_by_nobody(enter: Enter) -> None:
    policy = enter(replace(PASSWORD, frames=("*",))).get("/sign-in").headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy and policy.startswith("default-src 'none'")
