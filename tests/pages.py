"""The dashboard's pages without a browser."""

import re
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parent.parent
SECONDS = 120


def page_of(view: str) -> AppTest:
    """A page of the dashboard, as the router opens it: the name of a file in app/views."""
    page = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=SECONDS)
    page.switch_page(f"views/{view}.py")
    return page


def words(page: AppTest) -> str:
    """All that the page says, as a person reads it."""
    return re.sub(r"\\(.)", r"\1", "\n".join(block.value for block in [*page.markdown, *page.caption]))


def run_until(page: AppTest, done: Callable[[AppTest], bool]) -> AppTest:
    """Run the page again and again, as it does by itself while something fills up."""
    for _ in range(60):
        page.run()
        if done(page):
            return page
    raise AssertionError(words(page))
