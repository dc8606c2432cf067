"""The dashboard's pages without a browser."""

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from app import views
from app.state import backend
from app.state.link import Parameter
from app.views import Page
from tests.support.places import ROOT

SECONDS = 300
PAUSE = 0.05
"""Seconds between two runs of a page that fills up."""
REST = 3.0
"""The most where only its end matters."""


def page_of(view: str) -> AppTest:
    """A page of the dashboard, as the router opens it: the name of a folder in app/views."""
    page = AppTest.from_file(str(ROOT / "app" / "router.py"), default_timeout=SECONDS)
    return turn_to(page, view)


def choices_of(page: Page) -> Mapping[str, Parameter]:
    """What stands in a page's link besides the scene."""
    return page.choices


def turn_to(page: AppTest, view: str) -> AppTest:
    """Let the next run show another page. Before its first run AppTest's own ``switch_page`` only knows
    files' names, by which the pages do not differ."""
    (url_path,) = (one.url_path for one in views.PAGES if one.name == view)
    page._page_hash = calc_hash(url_path)
    return page


def words(page: AppTest) -> str:
    """All that the page says, as a person reads it."""
    return "\n".join(plain(block.value) for block in [*page.markdown, *page.caption])


def plain(said: str) -> str:
    """Markdown without what only protects a character or marks a term."""
    return re.sub(r"\\(.)", r"\1", re.sub(r"</?button[^>]*>", "", said))


def run_until(page: AppTest, done: Callable[[AppTest], bool], *, rest: float = 0) -> AppTest:
    """Run the page again and again, as it does by itself while something fills up, with time in between for
    that.

    Args:
        rest: for so many seconds at most the next run waits until nothing is computed any more. For what is
            on the page at the end, not on the way: a run costs more than many a step of the computation.
    """
    last = time.monotonic() + SECONDS
    while time.monotonic() < last:
        page.run()
        if done(page):
            return page
        time.sleep(PAUSE)
        _let_work(rest)
    raise AssertionError(words(page))


def _let_work(seconds: float) -> None:
    """Wait until the pages' backend has nothing to do, or so long."""
    last = time.monotonic() + seconds
    while time.monotonic() < last and backend.shared_backend().working:
        time.sleep(PAUSE)


def filled(page: AppTest) -> AppTest:
    """Run the page until nothing fills up any more: nothing is left to stop."""
    return run_until(page, lambda page: not any(button.label == "Stop" for button in page.button), rest=REST)


def sent_to(page: AppTest, key: str) -> dict[str, Any]:
    """What a component of the page was sent by the last run that drew it."""
    (found,) = [one.proto for one in page.get("bidi_component") if one.proto.id.endswith(f"-{key}")]
    data: dict[str, Any] = json.loads(found.json)
    return data


def figure_of(page: AppTest, key: str) -> dict[str, Any]:
    """The figure of a chart, as Plotly draws it."""
    figure: dict[str, Any] = json.loads(sent_to(page, key)["figure"])
    return figure
