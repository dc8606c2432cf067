"""The page of the heads in a real Chromium: every way to choose a head chooses it everywhere, and in the
link."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import SECONDS, finished

pytestmark = pytest.mark.browser

ROW, HEADER = 27, 70
"""Pixels of a row of the table, and of its two lines of names."""


@pytest.fixture
def heads(context: BrowserContext, address: str) -> Page:
    context.set_default_timeout(1000 * SECONDS)
    page = context.new_page()
    page.set_viewport_size({"width": 1280, "height": 1500})
    page.goto(f"{address}/heads?attention=L1.H1")
    expect(page.get_by_text(re.compile("^Highest: 100 back"))).to_be_visible()
    # What is measured changes the table and the scatter: a click meanwhile would hit what has just gone.
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    finished(page)
    return page


def is_shown(page: Page, name: str) -> None:
    layer, head = name.removeprefix("L").split(".H")
    expect(page.get_by_text(re.compile(f"{name}, . .*: where it looks to predict a cell"))).to_be_visible()
    expect(page.get_by_text(f"{name}: attention by distance back")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile(f"^{name}, .*: most on"))).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page).to_have_url(re.compile(f"attention=L{layer}.H{head}"))


def test_a_head_is_chosen_in_the_table_on_the_maps_and_in_the_scatter(heads: Page) -> None:
    is_shown(heads, "L1.H1")
    table = heads.get_by_test_id("stDataFrame").bounding_box()
    assert table is not None
    heads.mouse.click(table["x"] + 200, table["y"] + HEADER + 3.5 * ROW)
    heads.wait_for_url(re.compile(r"attention=L(?!1\.H1\b)"))
    found = re.search(r"attention=L(\d)\.H\d", heads.url)
    assert found is not None
    is_shown(heads, found[0].removeprefix("attention="))
    other = f"L{found[1]}.H7"
    button = heads.get_by_role("button", name=re.compile(f"^{other}, .*: most on"))
    button.focus()
    heads.keyboard.press("Enter")
    is_shown(heads, other)
    scatter = heads.locator("[class*=st-key-heads-scatter] .scatterlayer .point")
    scatter.nth(20).wait_for()
    finished(heads)
    point = scatter.nth(9).bounding_box()
    assert point is not None
    heads.mouse.click(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
    is_shown(heads, "L1.H1")


def test_pointing_at_a_map_says_what_is_there(heads: Page) -> None:
    sheet = heads.get_by_role("img", name=re.compile("^Offset maps of L1.H1"))
    area = sheet.bounding_box()
    assert area is not None
    # 19 cells a map and a side, 10 pixels between two of the four maps.
    cell = (area["width"] - 3 * 10) / (4 * 19)
    heads.mouse.move(area["x"] + (2 * 19 + 9.5) * cell + 2 * 10, area["y"] + 9.5 * cell)
    expect(heads.get_by_text(re.compile(r"^Y: same cell: 0\.9"))).to_be_visible()
    heads.mouse.move(area["x"] + area["width"] - 5, area["y"] + area["height"] - 5)
    expect(heads.get_by_text("not yet written when the cell is predicted")).to_be_visible()
