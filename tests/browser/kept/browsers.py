"""Browsers that know nothing of each other, and are quick to open a page.

Chromium keeps what it has compiled of a page's scripts in the process that draws it, and each new browser
context starts another: of the 4.8 s of processor time that the workbench took to open, 2.9 s went into
scripts that the test before had compiled as well. So a context is used again once a test is done with it,
when it has forgotten all that the test has left there. A blank page of each of this machine's names stays
open in it, so that the processes stay that draw the pages of dashboards there.
"""

from playwright.sync_api import Browser, BrowserContext, CDPSession, Error, Page, Route

from scripts.dashboard import SECONDS

KEEPING = ["--process-per-site", "--js-flags=--no-flush-bytecode"]
"""Arguments for Chromium: all pages of a site are drawn by one process in a context, and what is compiled
there stays compiled."""
NAMES = ("127.0.0.1", "localhost")


class Browsers:
    """Contexts of a Chromium that was started with ``KEEPING``.

    Args:
        chromium: the program.
    """

    def __init__(self, chromium: Browser) -> None:
        self._chromium = chromium
        self._known: dict[BrowserContext, tuple[CDPSession, list[Page]]] = {}
        self._at_rest: list[BrowserContext] = []

    def take(self) -> BrowserContext:
        """One that knows nothing, 1280 pixels wide and 900 high, as patient as a busy machine asks for."""
        return self._at_rest.pop() if self._at_rest else self._made()

    def give_back(self, context: BrowserContext) -> None:
        """Have it forget everything, for the next who takes one. Whoever listens to the context itself stops
        that before."""
        reach, blank = self._known[context]
        try:
            for page in context.pages:
                if page not in blank:
                    page.close()
            context.clear_cookies()
            context.clear_permissions()
            reach.send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
        except Error:  # the test has closed it
            del self._known[context]
        else:
            self._at_rest.append(context)

    def _made(self) -> BrowserContext:
        context = self._chromium.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(1000 * SECONDS)
        blank = [context.new_page() for _ in NAMES]
        for page, name in zip(blank, NAMES, strict=True):
            page.route("**", _nothing)
            page.goto(f"http://{name}/")
        self._known[context] = context.new_cdp_session(blank[0]), blank
        return context


def _nothing(route: Route) -> None:
    route.fulfill(body="")
