"""A running dashboard and a real Chromium. Without a Chromium these tests fail and say how to get one; none
is skipped."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from scripts.dashboard import SECONDS, dashboard
from tests.browser.kept.browsers import Browsers

expect.set_options(timeout=1000 * SECONDS)  # a busy machine is slow, not wrong


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with dashboard() as address:
        yield address


NewContext = Callable[..., BrowserContext]


@pytest.fixture(scope="session")
def browsers(chromium: Browser) -> Browsers:
    return Browsers(chromium)


@pytest.fixture
def new_context(chromium: Browser, browsers: Browsers) -> Iterator[NewContext]:
    """Gives browsers that know nothing of each other. One that is ``fresh`` has never opened a page, as has
    one with options, or of another size."""
    taken: list[BrowserContext] = []
    made: list[BrowserContext] = []

    def give(width: int = 1280, height: int = 900, *, fresh: bool = False, **options: Any) -> BrowserContext:
        if not (fresh or options) and (width, height) == (1280, 900):
            taken.append(browsers.take())
            return taken[-1]
        made.append(chromium.new_context(viewport={"width": width, "height": height}, **options))
        made[-1].set_default_timeout(1000 * SECONDS)
        return made[-1]

    yield give
    for context in made:
        context.close()
    for context in taken:
        browsers.give_back(context)


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
