"""Why a head looks where it looks, in a real Chromium: a click on a cell asks about that cell."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import finished

pytestmark = pytest.mark.browser


def test_a_click_on_a_cell_asks_why_the_head_looks_there(page: Page, address: str) -> None:
    page.goto(f"{address}/heads?attention=L1.H5&cell=g4r5c3&show=why")
    expect(
        page.get_by_text(re.compile(r"^Where row 5, column 3 .* L1\.H5 puts \d+% .* 100 back"))
    ).to_be_visible()
    expect(
        page.get_by_text(re.compile("^L1.H5, score of Y row 5, column 3 above its other keys"))
    ).to_be_visible()
    strip = page.locator(".st-key-why-strip")
    expect(strip.get_by_text("looked at by the head")).to_be_visible()
    strip.get_by_role("gridcell", name=re.compile("^row 2, column 7")).last.click()
    page.wait_for_url(re.compile("cell=g4r2c7"))
    expect(page.get_by_text(re.compile("^Where row 2, column 7 of the answer"))).to_be_visible()
    finished(page)
