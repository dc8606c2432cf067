"""Three things that somebody comes for, played as a newcomer would: find the layer that matters, find the
head that copies, see why a puzzle breaks. On a laptop's screen, without scrolling to see what a click did."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import settled
from tests.browser.test_workbench import choose_task, measured, panel, tile

pytestmark = pytest.mark.browser

LAPTOP = {"width": 1280, "height": 720}
SENTENCE = ".st-key-narration .narration"


@pytest.fixture(autouse=True)
def laptop(page: Page) -> None:
    page.set_viewport_size(LAPTOP)


def on_screen(part: Locator) -> bool:
    """Whether all of it can be seen as the page is scrolled now."""
    box = part.bounding_box()
    return box is not None and box["y"] >= 0 and box["y"] + box["height"] <= LAPTOP["height"]


def scrolled(page: Page) -> float:
    found: float = page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    return found


def test_the_layer_that_matters(page: Page, address: str) -> None:
    page.goto(address)
    measured(page)
    numbers = {layer: tile(page, f"L{layer}.attn").inner_text().strip() for layer in range(6)}
    counts = {layer: float(text) if re.fullmatch(r"[\d.]+", text) else 0.0 for layer, text in numbers.items()}
    layer = max(counts, key=lambda one: counts[one])
    assert counts[layer] >= 2 * sorted(counts.values())[-2], "it can be read off the tiles"
    costliest = tile(page, f"L{layer}.attn")
    assert on_screen(costliest) and on_screen(panel(page, "Ablated"))
    costliest.click()
    expect(page.locator(SENTENCE)).to_contain_text(f"Without the attention of layer {layer}")
    assert re.search(r"\d+ of 100 cells go wrong", page.locator(SENTENCE).inner_text())
    answer = panel(page, f"Ablated: L{layer}.attn")
    expect(answer).to_contain_text("wrong")
    assert on_screen(costliest) and on_screen(answer) and scrolled(page) == 0


def test_the_head_that_copies(page: Page, address: str) -> None:
    page.goto(address)
    measured(page)
    copying = page.locator('.tile[aria-label*="copy"]')
    names = [copying.nth(k).get_attribute("data-part") for k in range(copying.count())]
    assert names == ["L1.H1", "L1.H5"], "their tiles say so"
    page.get_by_role("tab", name="Head roles").or_(page.get_by_text("Head roles (positional)")).first.click()
    expect(page.get_by_text("copy").first).to_be_visible()
    page.locator(".card").filter(has_text="copy heads").click()
    expect(tile(page, "L1.H1")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(SENTENCE)).to_contain_text("Without heads L1.H1 and L1.H5")
    page.locator(".card").filter(has_text="Only the copy circuit").click()
    expect(page.locator(SENTENCE)).to_contain_text("The answer equals Y in 100 of 100 cells")


def test_why_a_puzzle_breaks(page: Page, address: str) -> None:
    page.goto(address)
    settled(page)
    choose_task(page, "contact")
    measured(page)
    tile(page, "L1.attn").click()
    expect(page.locator(SENTENCE)).to_contain_text("Without the attention of layer 1")
    told = page.locator(SENTENCE).inner_text()
    assert re.search(r"from row \d+ column \d+ on; (\d+|all) of them only had to be copied", told), told
    answer = panel(page, "Ablated: L1.attn")
    first = answer.locator(".first").get_attribute("data-cell")
    answer.locator(f'.cell[data-cell="{first}"]').click(force=True)
    row, column = divmod(int(first or 0), 10)
    page.wait_for_url(re.compile(f"cell=g4r{row + 1}c{column + 1}"))
    assert on_screen(answer) and on_screen(tile(page, "L1.attn")) and scrolled(page) == 0


def test_what_is_scrolled_away_stays_in_sight(page: Page, address: str) -> None:
    page.goto(f"{address}/?off=L1.attn")
    settled(page)
    small = page.locator(".mini")
    expect(small).not_to_have_class(re.compile("shown"))
    page.get_by_text("Original notebook").scroll_into_view_if_needed()
    page.mouse.move(640, 500)
    page.mouse.wheel(0, 500)
    expect(small).to_have_class(re.compile("shown"))
    expect(small).to_contain_text("22 wrong")
    expect(small).to_contain_text("Without the attention of layer 1, 22 of 100 cells go wrong")


def test_short_ways_by_letters(page: Page, address: str) -> None:
    page.goto(address)
    settled(page)
    focused = """() => {
      let at = document.activeElement
      while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
      return `${at.getAttribute("class")} ${at.dataset.part ?? at.dataset.cell ?? ""}`
    }"""
    page.keyboard.press("a")
    page.wait_for_function(f"({focused})().includes('cell 0')")
    expect(panel(page, "Model").locator(".cell:focus")).to_have_count(1)
    page.keyboard.press("b")
    page.wait_for_function(f"({focused})().includes('tile L0.attn')")
