"""From page to page in a real Chromium: the scene goes along, a link brings it back, and nobody else is
asked."""

import re
import time

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from app.views import PAGES
from tests.browser.conftest import NewContext, finished, settled

pytestmark = pytest.mark.browser

# Streamlit looks for its server below the page's address first, and says so on the console.
PROBE = "_stcore/"


def go(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(f"^{name}"))
    finished(page)


def test_the_scene_goes_along_and_no_other_host_is_asked(new_context: NewContext, address: str) -> None:
    context = new_context(fresh=True)  # which fetches all there is
    asked: list[str] = []
    said: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.on("weberror", lambda error: said.append(str(error.error)))
    page = context.new_page()
    page.on(
        "console",
        lambda message: (
            said.append(message.text)
            if message.type == "error" and PROBE not in (message.location or {}).get("url", "")
            else None
        ),
    )
    page.goto(f"{address}/?off=L1.attn")
    finished(page)
    for opened in PAGES[1:]:
        go(page, opened.title)
        expect(page).to_have_url(re.compile(f"/{opened.url_path}.*off=L1.attn"))
        if opened.name not in ("studies", "stories"):
            expect(page.get_by_role("textbox", name="Ablated")).to_have_value("L1.attn")
        expect(page.get_by_role("alert")).to_have_count(0)
    own = (address, address.replace("http", "ws"), "data:", "blob:")
    assert [url for url in asked if not url.startswith(own)] == []
    assert said == []


def test_what_a_page_says_while_it_is_left_brings_nobody_back(page: Page, address: str) -> None:
    """On a slow network a browser is for a while on the page that its visitor has left, and its components go
    on speaking for that one."""
    failed: list[str] = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    slow = _Slow()
    page.route_web_socket("**/_stcore/stream", slow.open)
    page.goto(address)
    settled(page)
    tile = page.locator('.board .tile[data-part="L1.attn"]')
    expect(tile).to_be_visible()
    slow.hold()
    page.get_by_role("link", name="Circuits", exact=True).click()
    tile.click()
    page.wait_for_timeout(1000)
    slow.release()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Circuits"))
    finished(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Circuits"))
    assert failed == []


@pytest.mark.parametrize("late", [False, True], ids=["", "before its watchman has come"])
def test_a_page_whose_script_has_stopped_comes_back(page: Page, address: str, late: bool) -> None:
    watchman = _Late(page, "puzzlescopeFallen") if late else None
    page.goto(f"{address}/heads?off=L1.attn")
    finished(page)
    if watchman:
        watchman.wait_for()  # a page that is at rest may not have asked for all its scripts yet
    page.evaluate("document.getElementById('root').replaceChildren()")  # as React leaves it after an error
    if watchman:
        watchman.come()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Heads"))
    expect(page.get_by_role("textbox", name="Ablated")).to_have_value("L1.attn")


class _Late:
    """A script that comes to a page only when it is told to."""

    def __init__(self, page: Page, word: str) -> None:
        self._page, self._word, self._held, self._here = page, word, list[Route](), False
        page.route("**/*", self._asked)

    def _asked(self, route: Route) -> None:
        if self._here or route.request.resource_type != "script" or self._word not in route.fetch().text():
            route.continue_()
        else:
            self._held.append(route)

    def wait_for(self, seconds: float = 30) -> None:
        last = time.monotonic() + seconds
        while not self._held:
            assert time.monotonic() < last, f"no script with {self._word} was asked for"
            self._page.wait_for_timeout(50)

    def come(self) -> None:
        self._here = True
        for route in self._held:
            route.continue_()


class _Slow:
    """A network that keeps back for a time what the server sends to a page."""

    def __init__(self) -> None:
        self._kept: list[str | bytes] | None = None

    def open(self, route: WebSocketRoute) -> None:
        self._page = route
        server = route.connect_to_server()
        route.on_message(server.send)
        server.on_message(self._arrived)

    def _arrived(self, message: str | bytes) -> None:
        if self._kept is None:
            self._page.send(message)
        else:
            self._kept.append(message)

    def hold(self) -> None:
        self._kept = []

    def release(self) -> None:
        kept, self._kept = self._kept or [], None
        for message in kept:
            self._page.send(message)


def test_an_experiment_opens_in_the_workbench(new_context: NewContext, address: str) -> None:
    page = new_context().new_page()
    page.goto(f"{address}/logbook")
    finished(page)
    expect(page.get_by_text("7. The cache that was not at fault")).to_be_visible()
    link = page.locator('a[href*="off=L1.attn&"]').first
    href = link.get_attribute("href") or ""
    link.click()
    expect(page.locator(".board .chip")).to_have_text(re.compile(r"L1\.attn"))
    assert page.url.endswith(href.removeprefix("./"))


def test_a_cell_chosen_on_the_film_is_in_the_link_that_others_open(
    new_context: NewContext, address: str
) -> None:
    page = new_context().new_page()
    page.goto(f"{address}/circuits?show=lens")
    finished(page)
    page.locator('.strip .panel[data-panel="Model"] .cell[data-cell="35"]').click()
    expect(page).to_have_url(re.compile("cell=g4r4c6"))
    expect(page.get_by_text("Row 4, column 6, stage by stage")).to_be_visible()
    other = new_context().new_page()
    other.set_viewport_size({"width": 1920, "height": 1080})
    other.emulate_media(color_scheme="dark")
    other.goto(page.url)
    expect(other.get_by_text("Row 4, column 6, stage by stage")).to_be_visible()
    assert other.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_patches_fill_up_can_be_stopped_and_gone_on_with(new_context: NewContext, address: str) -> None:
    page = new_context().new_page()
    page.goto(f"{address}/circuits?show=patching&kind=z")
    page.get_by_role("button", name="Stop").click()
    again = page.get_by_role("button", name="Compute the rest")
    expect(again).to_be_visible()
    again.click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()


OPERATED = {
    "button",
    "link",
    "textbox",
    "combobox",
    "slider",
    "spinbutton",
    "checkbox",
    "switch",
    "radio",
    "tab",
}


def nameless(page: Page) -> list[str]:
    """What a person who hears the page could operate, but would not be told what it is."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    return [
        f"{node['role']['value']} in {node.get('backendDOMNodeId')}"
        for node in nodes
        if not node.get("ignored")
        and node.get("role", {}).get("value") in OPERATED
        and not node.get("name", {}).get("value", "").strip()
    ]


@pytest.mark.parametrize(
    "path",
    [*(page.url_path for page in PAGES), "circuits?show=lens", "circuits?show=patching&from=g3r1c1-3"],
)
def test_everything_that_can_be_operated_has_a_name(new_context: NewContext, address: str, path: str) -> None:
    page = new_context().new_page()
    page.goto(f"{address}/{path}")
    finished(page)
    for _ in range(20):  # a component may fill its last button just after the page is done
        if not nameless(page):
            break
        page.wait_for_timeout(250)
    assert nameless(page) == []


def test_the_workbench_is_reached_and_used_by_keyboard_alone(new_context: NewContext, address: str) -> None:
    """From the address bar to a tile of the board by Tab, and a part off by the space bar."""
    page = new_context().new_page()
    page.goto(address)
    settled(page)
    focused = (
        "() => { let at = document.activeElement;"
        " while (at?.shadowRoot) at = at.shadowRoot.activeElement; return at }"
    )
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate(f"({focused})()?.classList.contains('tile')"):
            break
    else:
        raise AssertionError("the board was not reached")
    part = page.evaluate(f"({focused})().dataset.part")
    page.keyboard.press("Space")
    expect(page.locator(f'.tile[data-part="{part}"]')).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_url(re.compile("off="))
