"""A running dashboard and a real Chromium. Without a Chromium these tests fail and say how to get one; none is skipped."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from scripts.dashboard import CHROMIUM_ARGUMENTS, SECONDS, dashboard
from scripts.find_chromium import find_chromium

expect.set_options(timeout=1000 * SECONDS)  # a busy machine is slow, not wrong


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with dashboard() as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(find_chromium()), args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(1000 * SECONDS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def settled(page: Page) -> None:
    """Wait until the script has run and stays finished."""
    page.locator(
        ".attention-view canvas"
    ).first.wait_for()  # before its first run, too, a script is not running
    finished = "[data-testid=stApp][data-test-script-state=notRunning]"
    page.wait_for_selector(finished, state="attached")
    page.wait_for_timeout(400)
    page.wait_for_selector(finished, state="attached")
