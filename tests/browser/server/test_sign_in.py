"""Sign-in as people meet it: a real Chromium, a dashboard, and an OpenID provider in a process of its own."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx2
import pytest
from argon2 import PasswordHasher
from playwright.sync_api import BrowserContext, Page, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from app.server.gate import person as people
from app.server.gate import settings as gate
from app.server.gate.person import Person
from app.server.gate.seal import SESSION_COOKIE, Seal
from app.server.words import Words
from scripts.dashboard import dashboard, free_port
from tests.browser.conftest import NewContext, finished
from tests.browser.test_accessibility import grave
from tests.support.deploy.provider import RunningProvider, provider

pytestmark = pytest.mark.browser
LINK = "/heads?puzzle=9a3726a23b&off=L1.attn"
RIGHT = "correct horse battery"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(RIGHT)


@dataclass(frozen=True)
class Site:
    """A dashboard where people sign in.

    Attributes:
        url: by which they come.
        seal: signs as it does.
        provider: where they sign in, if it is not with a password.
    """

    url: str
    seal: Seal
    provider: RunningProvider | None = None

    def cookie(self, seconds_left: float) -> str:
        """What the browser keeps of somebody whose session has so much time left."""
        person = self.seal.begun("ann@example.org", "Ann")
        gone = person.until - person.since - seconds_left
        return self.seal.session(replace(person, since=person.since - gone))

    def give(self, context: BrowserContext, cookie: str) -> None:
        context.add_cookies([{"name": SESSION_COOKIE, "value": cookie, "url": self.url}])

    def hears(self, cookie: str = "", **headers: str) -> int:
        """The status with which a program's websocket is answered."""
        headers = {"Origin": self.url, "Cookie": f"{SESSION_COOKIE}={cookie}"} | headers
        try:
            origin = headers.pop("Origin")
            address = f"ws://{urlsplit(self.url).netloc}/_stcore/stream"
            with connect(address, additional_headers=headers, origin=origin, open_timeout=60):
                return 101
        except InvalidStatus as error:
            return error.response.status_code


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    port = free_port()
    url = f"http://localhost:{port}"
    with provider() as running:
        client = running.register(url)
        said = {
            gate.METADATA: running.metadata_url,
            gate.CLIENT_ID: client.id,
            gate.CLIENT_SECRET: client.secret,
            gate.URL: url,
            gate.SECRET: "0123456789abcdef0123456789abcdef",
            gate.ALLOWED: "example.org bob@other.net",
        }
        running.knows("ann", email="ann@example.org", email_verified=True, name="Ann Árbor")
        running.knows("bob", email="bob@other.net", name="Bob")
        running.knows("eve", email="eve@evil.net", name="Eve")
        with dashboard(port, said):
            yield Site(url, Seal(gate.read(Words(said), "127.0.0.1")), running)


@pytest.fixture(scope="module")
def password_site() -> Iterator[Site]:
    said = {gate.PASSWORD: HASH, gate.SECRET: "0123456789abcdef0123456789abcdef"}
    with dashboard(said=said) as url:
        yield Site(url, Seal(gate.read(Words(said), "127.0.0.1")))


def signs_in(page: Page, site: Site, user: str, link: str = "/stories") -> None:
    """Open a link and sign in at the provider."""
    page.goto(f"{site.url}{link}")
    page.get_by_role("link", name="Sign in with localhost").click()
    page.get_by_placeholder("sub").fill(user)
    page.get_by_role("button", name="Authorize").click()


def test_a_shared_link_opens_once_one_has_signed_in_and_signing_out_closes_all(
    new_context: NewContext, site: Site
) -> None:
    assert site.provider is not None
    context = new_context()
    page, other = context.new_page(), context.new_page()
    signs_in(page, site, "ann", LINK)
    finished(page)
    assert page.url.startswith(f"{site.url}{LINK}")
    who = page.get_by_role("button", name="Ann Árbor")
    expect(who).to_be_visible()
    other.goto(f"{site.url}/stories")  # in the same browser nobody is asked again
    finished(other)
    (cookie,) = [one for one in context.cookies(site.url) if one["name"] == SESSION_COOKIE]
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    assert site.hears(cookie["value"]) == 101
    assert site.hears(cookie["value"], Origin="http://evil.example") == 403
    who.click()
    expect(page.get_by_text("ann@example.org")).to_be_visible()
    with site.provider.busy():  # the session has ended, and the page is still there
        page.get_by_role("link", name="Sign out").click(no_wait_after=True)
        other.wait_for_url(f"{site.url}/sign-in?next=%2Fstories**")  # by itself
        other.wait_for_timeout(1000)
    page.wait_for_url(f"{site.provider.url}/oauth2/end_session**")
    assert site.hears(cookie["value"]) == 403  # a copy of the cookie opens nothing any more
    page.get_by_role("button").first.click()
    page.wait_for_url(f"{site.url}/sign-in?out")
    expect(page.get_by_text("You have signed out.")).to_be_visible()


def test_two_people_at_once_see_their_own_names(new_context: NewContext, site: Site) -> None:
    pages = [new_context().new_page() for _ in range(2)]
    for page, user in zip(pages, ("ann", "bob"), strict=True):
        signs_in(page, site, user)
    for page, name, another in zip(pages, ("Ann Árbor", "Bob"), ("Bob", "Ann Árbor"), strict=True):
        expect(page.get_by_role("button", name=name)).to_be_visible()
        expect(page.get_by_role("button", name=another)).to_have_count(0)


def test_who_is_not_on_the_list_is_told_so(page: Page, site: Site) -> None:
    signs_in(page, site, "eve")
    expect(page.get_by_role("alert")).to_contain_text("eve@evil.net is not among those who may enter")
    assert grave(page) == []
    page.get_by_role("link", name="Sign in with another account").click()
    page.get_by_placeholder("sub").fill("ann@example.org")
    page.get_by_role("button", name="Authorize").click()
    expect(page.get_by_role("button", name="ann@example.org")).to_be_visible()


def test_there_is_no_page_and_no_websocket_without_a_session(page: Page, site: Site) -> None:
    stranger = Seal(gate.read(Words({gate.PASSWORD: HASH, gate.SECRET: "x" * 32}), "127.0.0.1"))
    made_up = stranger.session(stranger.begun("ann@example.org", "Ann"))
    pretended = Person("provider", "ann@example.org", "Ann", "s", time.time(), time.time() + 999)
    told = people.written(pretended).decode()
    for cookie in ("", "made-up", made_up, site.cookie(-5)):
        assert site.hears(cookie) == 403
        assert site.hears(cookie, **{people.HEADER.decode(): told}) == 403
        headers = {"Cookie": f"{SESSION_COOKIE}={cookie}", people.HEADER.decode(): told}
        for path in ("/", "/static/index.html", "/app/static/icon.svg", "/_stcore/host-config", "/media/x"):
            assert httpx2.get(f"{site.url}{path}", headers=headers).status_code == 401
        for path in ("/live", "/_stcore/health", "/sign-in"):
            assert httpx2.get(f"{site.url}{path}", headers=headers).status_code == 200
    site.give(page.context, site.cookie(-5))
    page.goto(f"{site.url}{LINK}")
    expect(page.get_by_role("link", name="Sign in with localhost")).to_be_visible()
    assert grave(page) == []
    page.emulate_media(color_scheme="dark")
    assert "rgb(22, 24, 28)" in page.evaluate("getComputedStyle(document.body).background")
    assert grave(page) == []


def test_an_open_page_whose_session_ends_leads_to_where_one_signs_in(page: Page, site: Site) -> None:
    site.give(page.context, site.cookie(20))
    page.goto(f"{site.url}/stories")
    expect(page.get_by_role("button", name="Ann")).to_be_visible()
    page.wait_for_url(f"{site.url}/sign-in?next=%2Fstories**")


def test_a_password_opens_without_scripts_and_a_wrong_one_does_not(
    new_context: NewContext, password_site: Site
) -> None:
    context = new_context(width=390, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{password_site.url}{LINK}")
    page.get_by_label("Password").fill("another password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("This is not the password: try again.")
    page.get_by_label("Password").fill(RIGHT)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{password_site.url}{LINK}")
    (cookie,) = [one for one in context.cookies() if one["name"] == SESSION_COOKIE]
    assert password_site.hears(cookie["value"]) == 101


def test_a_password_opens_where_the_address_is_neither_https_nor_this_machines(
    new_context: NewContext, password_site: Site
) -> None:
    """A browser says less of a form there (no Sec-Fetch-Site)."""
    page = new_context(java_script_enabled=False).new_page()
    url = password_site.url.replace("127.0.0.1", "plain.test").replace("localhost", "plain.test")
    page.goto(f"{url}{LINK}")
    page.get_by_label("Password").fill(RIGHT)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}{LINK}")
    page.goto(f"{url}/sign-in")
    assert page.context.cookies()


def test_on_a_phone_the_name_has_room_beside_the_title(new_context: NewContext, password_site: Site) -> None:
    context = new_context()
    password_site.give(context, password_site.seal.session(password_site.seal.begun("", "")))
    page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(password_site.url)
    finished(page)
    who = page.get_by_role("button", name="Signed in")
    expect(who).to_be_visible()
    left = page.locator(".st-key-bar").bounding_box()
    title = page.locator("h1 span").first.bounding_box()
    assert left is not None and title is not None and title["x"] + title["width"] <= left["x"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert grave(page) == []


def test_too_many_wrong_passwords_have_to_wait(page: Page, password_site: Site) -> None:
    page.goto(f"{password_site.url}/sign-in")
    for n in range(20):
        page.get_by_label("Password").fill(f"another {n}")
        page.get_by_role("button", name="Sign in").click()
        if "Too many wrong passwords" in page.get_by_role("alert").inner_text():
            break
    page.get_by_label("Password").fill(RIGHT)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Too many wrong passwords: wait 5 minutes")


@contextmanager
def another_site(html: str) -> Iterator[str]:
    """A site on this machine that shows this page."""

    class Shows(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *said: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Shows) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


def test_another_site_may_frame_a_figure_and_no_whole_page(page: Page, address: str) -> None:
    refused = []
    page.on("console", lambda message: refused.append(message.text))
    frames = "".join(
        f"<iframe src='{address}/{query}' width=900 height=300></iframe>"
        for query in ("?only=strip", "stories")
    )
    with another_site(frames) as wiki:
        page.goto(wiki)
        page.frame_locator("iframe").first.get_by_text("f(Y), truth").first.wait_for()
        whole = page.frame_locator("iframe").last
        expect(whole.locator("[data-testid=stApp]")).to_have_count(0)
    assert any(f"Framing '{address}/'" in said and "frame-ancestors" in said for said in refused)
