"""The dashboard behind the nginx of ``deploy/nginx``, over https, in a real browser: the policy that nginx
sends lets it do all it does, and lets nothing else in."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import NewContext, finished, settled
from tests.support.deploy.nginx import Front, front


@pytest.fixture(scope="module")
def site(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with front(tmp_path_factory.mktemp("nginx") / "etc", [urlsplit(address).port or 0]) as at:
        yield at


@pytest.fixture
def context(new_context: NewContext) -> BrowserContext:
    """The certificate of a test is nobody's."""
    return new_context(ignore_https_errors=True)


@pytest.fixture
def refused(page: Page) -> list[str]:
    """What the policy has kept from being loaded or run, and what was asked of other sites."""
    found: list[str] = []

    def note(message: str) -> None:
        if "Content Security Policy" in message:
            found.append(message)

    page.on("console", lambda message: note(message.text))
    page.on("pageerror", lambda error: note(str(error)))
    page.on("request", lambda asked: _abroad(asked.url) and found.append(asked.url))
    return found


def _abroad(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "localhost"


def test_every_page_works_under_the_policy(page: Page, site: Front, refused: list[str]) -> None:
    page.goto(f"{site.secure}/?off=L1.attn")
    settled(page)
    page.get_by_text("Token by token", exact=True).click()
    page.locator("svg, canvas").first.wait_for()
    finished(page)
    for name in ("Logbook", "Heads", "Circuits", "Stories"):
        page.get_by_role("link", name=name, exact=True).first.click()
        finished(page)
    assert refused == []


def test_figures_are_exported_under_the_policy(page: Page, site: Front, refused: list[str]) -> None:
    page.goto(site.secure)
    settled(page)
    page.get_by_role("button", name="Export the ablation board").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img", name="with one component ablated")).to_be_visible(timeout=60_000)
    with page.expect_download() as download:
        dialog.get_by_role("button", name="SVG").click()
    assert "<svg" in download.value.path().read_text()
    assert refused == []


def test_foreign_code_is_refused_by_the_policy(page: Page, site: Front, refused: list[str]) -> None:
    """The check above can fail."""
    page.goto(site.secure)
    settled(page)
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))"
    )
    page.evaluate("fetch('https://example.org/').catch(() => 0)")
    assert page.evaluate("window.ran") is None
    assert len(refused) >= 2


def test_people_read_that_the_server_starts(page: Page, tmp_path: Path) -> None:
    with front(tmp_path / "etc", [1]) as at:  # nothing listens there
        page.goto(f"{at.secure}/heads")
        expect(page.get_by_role("heading", name="Puzzlescope is starting")).to_be_visible()
