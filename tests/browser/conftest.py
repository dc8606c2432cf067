"""A running dashboard and a real Chromium. Without a Chromium these tests fail and say how to get one; none is skipped."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from scripts.dashboard import SECONDS, dashboard

expect.set_options(timeout=1000 * SECONDS)  # a busy machine is slow, not wrong


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with dashboard() as address:
        yield address


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
