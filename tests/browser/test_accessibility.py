"""What axe-core, an independent checker, finds on every page, light and dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import finished

pytestmark = pytest.mark.browser

VIEWS = {
    "workbench": "?off=L1.attn",
    "workbench, nothing ablated": "",
    "logbook": "logbook",
    "heads": "heads?off=L1.H1",
    "why a head looks there": "heads?show=why&attention=L1.H5",
    "readers": "circuits",
    "lens": "circuits?show=lens",
    "attribution": "circuits?show=attribution",
    "patching": "circuits?show=patching",
    "puzzles": "puzzles",
    "the easel": "puzzles?part=easel",
    "studies": "studies",
    "stories": "stories",
    "administration": "admin",
    "a story, presented": "?story=what-matters&at=2&present=1",
}
GRAVE = {"serious", "critical"}


def grave(page: Page) -> list[str]:
    """What is wrong, and where."""
    return [
        f"{found['id']} ({found['impact']}): {node['html'][:160]}"
        for found in Axe().run(page).response["violations"]
        if found["impact"] in GRAVE
        for node in found["nodes"]
    ]


@pytest.mark.parametrize("query", VIEWS.values(), ids=VIEWS)
def test_nothing_grave_is_found_light_or_dark(page: Page, address: str, query: str) -> None:
    page.goto(f"{address}/{query}")
    finished(page)
    page.wait_for_timeout(1500)
    assert grave(page) == []
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(500)
    assert "rgb(22, 24, 28)" in page.evaluate("getComputedStyle(document.querySelector('.stApp')).background")
    assert grave(page) == []


def test_what_is_wrong_would_be_found(page: Page) -> None:
    pale = "<main><h1>Pale</h1><p style='color: #aaa'>Too pale</p></main>"
    page.set_content(f"<html lang=en><title>A page</title>{pale}</html>")
    assert [line.split()[0] for line in grave(page)] == ["color-contrast"]
