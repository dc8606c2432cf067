"""The tour, played by clicks: how a visitor finds the layer that matters, the head that copies, and the
circuit."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settled

pytestmark = pytest.mark.browser


def at(page: Page, step: str) -> None:
    expect(page.locator(".tour .count")).to_have_text(step)


def ringed(page: Page, selector: str) -> None:
    """The ring lies around what the step speaks of."""
    page.wait_for_function(
        """(selector) => {
          const inner = (selector, one) => one.shadowRoot && deep(selector, one.shadowRoot)
          const deep = (selector, root) => root.querySelector(selector)
            ?? [...root.querySelectorAll("*")].map((one) => inner(selector, one)).find(Boolean)
          const boxOf = (one) => deep(one, document)?.getBoundingClientRect()
          const [ring, target] = [".ring:not(.calm)", selector].map(boxOf)
          return ring && target && ring.left < target.left && ring.right > target.right
            && Math.abs(ring.top + ring.bottom - target.top - target.bottom) < 4
        }""",
        arg=selector,
    )


def test_a_visitor_is_led(page: Page, address: str) -> None:
    page.goto(address)
    settled(page)
    expect(page.get_by_text("A small GPT learns from one example. Ablate it: what breaks?")).to_be_visible()
    page.get_by_role("button", name="Start here").click()
    at(page, "1 / 5")
    ringed(page, '.panel[data-panel="Model"]')
    page.locator('.panel[data-panel="Model"] .cell[data-cell="35"]').click()

    at(page, "2 / 5")
    turn = page.locator(".tour .turn")
    expect(turn).to_have_text(re.compile(r"click the tile L\d, attn"))
    layer = re.sub(r"\D", "", turn.inner_text())
    ringed(page, f'.tile[data-part="L{layer}.attn"]')
    page.locator(f'.tile[data-part="L{layer}.attn"]').click()

    at(page, "3 / 5")
    expect(page.locator(".tour .said")).to_contain_text(f"Without the attention of layer {layer},")
    wrong = page.locator('.panel[data-panel^="Ablated"] .wrong').nth(1).get_attribute("data-cell")
    page.locator(f'.panel[data-panel^="Ablated"] .cell[data-cell="{wrong}"]').click()

    at(page, "4 / 5")
    expect(turn).to_have_text(re.compile(r"click the name L1 H5"))
    ringed(page, '.map[data-head="L1.H5"]')
    page.get_by_role("button", name="Enlarge L1.H5").click()

    at(page, "5 / 5")
    page.locator(".tour").get_by_role("button", name="Back").click()
    at(page, "4 / 5")
    page.locator(".tour").get_by_role("button", name="Skip").click()
    at(page, "5 / 5")
    page.locator(".card", has_text="Only the copy circuit").first.click()
    expect(page.locator(".tour .said")).to_contain_text("The answer equals Y in 100 of 100 cells.")
    assert "tour=6" in page.url and "lookback" in page.url

    page.locator(".tour").get_by_role("button", name="Done").click()
    expect(page.locator(".tour")).to_have_count(0)
    expect(page.locator(".ring:not(.calm)")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"lookback(?!.*tour=)"))  # what was asked for is still there

    page.goto(f"{address}/?puzzle=9a3726a23b&off=L0.mlp")
    settled(page)
    before = page.url
    page.get_by_role("button", name="Start here").click()
    at(page, "1 / 5")
    expect(page).not_to_have_url(re.compile("off="))
    page.locator(".tour").get_by_role("button", name="Close").click()
    page.wait_for_url(before)
    assert page.locator('[data-testid="stMain"]').evaluate("page => page.scrollTop") == 0, "where it began"
