"""A running dashboard and a real Chromium. Without a Chromium these tests fail and say how to get one; none
is skipped."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from scripts.dashboard import SECONDS, dashboard

expect.set_options(timeout=1000 * SECONDS)  # a busy machine is slow, not wrong


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with dashboard() as address:
        yield address


NewContext = Callable[..., BrowserContext]


@pytest.fixture
def new_context(chromium: Browser) -> Iterator[NewContext]:
    """Makes browsers that know nothing of each other, each as patient as a busy machine asks for."""
    made: list[BrowserContext] = []

    def make(width: int = 1280, height: int = 900, **options: Any) -> BrowserContext:
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(1000 * SECONDS)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture
def context(new_context: NewContext) -> BrowserContext:
    return new_context()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


FINISHED = "[data-testid=stApp][data-test-script-state=notRunning]"


def finished(page: Page) -> None:
    """Wait until the script has run and stays finished."""
    page.get_by_role("heading", level=1).wait_for()  # before its first run, too, a script is not running
    page.wait_for_selector(FINISHED, state="attached")
    page.wait_for_timeout(400)
    page.wait_for_selector(FINISHED, state="attached")


def settled(page: Page) -> None:
    """The same for the workbench, of which the maps of attention are the last piece."""
    page.locator(".selector canvas").first.wait_for()
    finished(page)
