"""Sign-in with an OpenID provider that runs on this machine."""

import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.testclient import TestClient

from app.server.gate.allowed import allowed
from app.server.gate.entrance import Entrance
from app.server.gate.settings import GateSettings, Provider
from app.server.watching import sign_ins
from tests.app.server.gate.conftest import OWN, PAGE, Enter
from tests.support.deploy.provider import Client, RunningProvider
from tests.support.deploy.provider import provider as start_provider

URL = "https://puzzles.example.org"


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    with start_provider() as running:
        yield running


@pytest.fixture(scope="module")
def client_of(provider: RunningProvider) -> Client:
    return provider.register(URL)


@pytest.fixture
def settings(provider: RunningProvider, client_of: Client) -> GateSettings:
    return GateSettings(
        "provider",
        url=URL,
        allowed=allowed("A", ("example.org",)),
        secret="x" * 32,
        provider=Provider(provider.metadata_url, client_of.id, client_of.secret),
    )


def begun(client: TestClient, link: str = "/") -> str:
    """The address at the provider to which one is sent."""
    page = client.get("/sign-in", params={"next": link}, headers=PAGE)
    there = re.search(r'href="(/sign-in/begin[^"]*)"', page.text)
    assert there is not None and "Sign in with localhost" in page.text
    return str(client.get(there[1].replace("&amp;", "&")).headers["location"])


def agreed(address: str, person: str = "ann@example.org", **form: str) -> str:
    """The address to which the provider sends back whoever signs in there, as a path of ours."""
    answer = httpx2.post(address, data={"sub": person, **form})
    assert answer.status_code == 302, answer.text
    back = answer.headers["location"]
    assert back.startswith(f"{URL}/oauth2callback?")
    return str(back.removeprefix(URL))


def test_who_is_let_in_comes_to_the_link(enter: Enter, settings: GateSettings) -> None:
    client = enter(settings)
    link = "/heads?puzzle=9a3726a23b&off=L1.attn,L2.H3"
    answer = client.get(agreed(begun(client, link)))
    assert answer.status_code == 303 and answer.headers["location"] == link
    assert all("secure" in one.lower() for one in answer.headers.get_list("set-cookie"))
    assert client.get(link, headers=PAGE).json()["person"] == "ann@example.org"


def test_the_question_is_safe(enter: Enter, settings: GateSettings) -> None:
    asked = parse_qs(urlsplit(begun(enter(settings))).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["response_type"] == ["code"]
    assert {"state", "nonce", "code_challenge"} <= set(asked)
    assert asked["redirect_uri"] == [f"{URL}/oauth2callback"]


def test_a_link_too_long_for_a_cookie_is_kept(enter: Enter, settings: GateSettings) -> None:
    client = enter(settings)
    link = "/stories?story=" + "x" * 20_000
    asked = client.get(link, headers=PAGE).headers["location"]
    assert len(asked) < 100
    there = client.get(asked.replace("/sign-in?", "/sign-in/begin?")).headers["location"]
    assert client.get(agreed(there)).headers["location"] == link


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"email": "eve@evil.net"}, "eve@evil.net is not among those who may enter"),
        ({"email": "eve@example.org.evil.net"}, "is not among those who may enter"),
        ({"email": "<b>@evil.net"}, "&lt;b&gt;@evil.net is not among"),
        (
            {"email": "ann@example.org", "email_verified": False},
            "has not verified the address ann",
        ),
        ({"email": "ann@example.org", "email_verified": "false"}, "has not verified the address"),
        ({"name": "Ann"}, "localhost told no e-mail address"),
        ({"email": ["ann@example.org"]}, "localhost told no e-mail address"),
    ],
)
def test_who_is_not_let_in_is_told_why(
    enter: Enter, settings: GateSettings, provider: RunningProvider, claims: dict[str, Any], told: str
) -> None:
    provider.knows("eve", **claims)
    client = enter(settings)
    answer = client.get(agreed(begun(client), "eve"))
    assert answer.status_code == 403 and told in answer.text and "/sign-in/begin?other" in answer.text
    assert client.get("/", headers=PAGE).status_code == 303
    other = client.get("/sign-in/begin?other").headers["location"]
    assert parse_qs(urlsplit(other).query)["prompt"] == ["select_account"]


def test_a_list_that_has_become_shorter_holds_at_once(enter: Enter, settings: GateSettings) -> None:
    client = enter(settings)
    client.get(agreed(begun(client)))
    shorter = enter(replace(settings, allowed=allowed("A", ("bob@example.org",))))
    shorter.cookies.update(client.cookies)
    assert client.get("/").status_code == 200 and shorter.get("/").status_code == 401


def test_a_sign_in_belongs_to_the_browser_that_began_it(enter: Enter, settings: GateSettings) -> None:
    client, other = enter(settings), enter(settings)
    back = agreed(begun(client))
    answer = other.get(back)
    assert answer.status_code == 400 and "or in another browser: begin it again" in answer.text
    assert client.get(back).status_code == 303
    assert client.get(back).status_code == 400  # each answer counts once
    assert client.get("/oauth2callback?state=x&code=y").status_code == 400
    assert client.get("/oauth2callback").headers["location"] == "/sign-in"


def test_breaking_off_at_the_provider(enter: Enter, settings: GateSettings) -> None:
    client = enter(settings)
    answer = client.get(agreed(begun(client), action="deny"))
    assert answer.status_code == 400 and "broken off at the provider" in answer.text


def test_a_code_that_the_provider_does_not_know(enter: Enter, settings: GateSettings) -> None:
    client = enter(settings)
    answer = client.get(re.sub(r"code=[^&]+", "code=made-up", agreed(begun(client))))
    assert answer.status_code == 400 and "did not confirm the sign-in" in answer.text


def test_a_token_for_another_client_is_refused(
    enter: Enter, settings: GateSettings, provider: RunningProvider
) -> None:
    client, theirs = enter(settings), provider.register(URL)
    back = agreed(begun(client).replace(settings.provider.client_id, theirs.id))
    assert client.get(back).status_code == 400 and client.get("/").status_code == 401


def test_the_provider_checks_our_secret(
    enter: Enter, settings: GateSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.provider is not None
    client = enter(replace(settings, provider=replace(settings.provider, client_secret="made up")))
    noted = []
    monkeypatch.setattr(sign_ins, "note", lambda *said, **more: noted.append(said))
    answer = client.get(agreed(begun(client)))
    assert answer.status_code == 400 and "did not confirm the sign-in" in answer.text
    assert noted == [("refused", "invalid_client")]  # for the log


def test_a_provider_that_is_away(enter: Enter, settings: GateSettings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = Provider(f"http://127.0.0.1:{taken.getsockname()[1]}/x", "puzzles", "hush")
        answer = enter(replace(settings, provider=nowhere)).get("/sign-in/begin")
    assert answer.status_code == 502 and "cannot be reached or gave no proper answer" in answer.text


def test_what_answers_nonsense(enter: Enter, settings: GateSettings, provider: RunningProvider) -> None:
    nonsense = Provider(f"{provider.url}/", "puzzles", "hush")
    assert enter(replace(settings, provider=nonsense)).get("/sign-in/begin").status_code == 502


def test_signing_out_goes_on_at_the_provider(
    enter: Enter, settings: GateSettings, provider: RunningProvider
) -> None:
    entrance = Entrance(settings, "")
    client = enter(entrance)
    client.get(agreed(begun(client)))
    there = client.get("/sign-out", headers=OWN).headers["location"]
    assert there.startswith(f"{provider.url}/oauth2/end_session?")
    asked = parse_qs(urlsplit(there).query)
    assert asked["post_logout_redirect_uri"] == [f"{URL}/oauth2callback"]
    assert len(asked["id_token_hint"][0].split(".")) == 3
    assert client.get("/", headers=PAGE).status_code == 303
    back = client.get(f"/oauth2callback?state={asked['state'][0]}").headers["location"]
    assert back == "/sign-in?out" and "You have signed out." in client.get(back).text
