"""Pairs of heads in a real Chromium: the map fills up in place, and a click on a pair ablates both."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settled

pytestmark = pytest.mark.browser


def test_a_pair_is_ablated_by_a_click_on_the_map_while_it_fills_up(page: Page, address: str) -> None:
    page.goto(f"{address}/?chart=pairs")
    settled(page)
    page.get_by_role("button", name="Measure pairs of heads").click()
    field = page.locator(".st-key-effects .plotly-view").last
    expect(field.locator(".heatmaplayer image")).to_have_count(1)
    expect(page.locator(".st-key-effects")).to_contain_text("Pairs of heads, this puzzle")
    field.scroll_into_view_if_needed()
    said = field.locator(".hoverlayer")
    for _ in range(100):  # what is drawn anew says nothing until the pointer moves again
        inner = field.locator(".nsewdrag").first.bounding_box()
        assert inner is not None
        # The last layer's pairs are there first; this is the third head from the end with the last.
        x, y = inner["x"] + inner["width"] * (1 - 0.5 / 48), inner["y"] + inner["height"] * (1 - 2.5 / 48)
        page.mouse.move(x - 1, y)
        page.mouse.move(x, y)
        page.wait_for_timeout(200)
        if "L5.H5 and L5.H7" in (said.text_content() or ""):
            break
    expect(said).to_contain_text("L5.H5 and L5.H7")
    page.mouse.click(x, y)
    page.wait_for_url(re.compile(r"off=L5\.H5%2CL5\.H7"))
    expect(page.locator('.tile[data-part="L5.H7"]')).to_have_attribute("aria-pressed", "true")
    label = page.locator('.tile[data-part="L0.mlp"]')
    expect(label).to_have_attribute("aria-label", re.compile("from the whole model"))
