"""Comparing ablations and the picture of the model, in a real Chromium, with the default model."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NewContext, settled

pytestmark = pytest.mark.browser


def title(page: Page, text: str) -> Locator:
    """A panel of the strip by its title."""
    return page.locator(".st-key-strip .strip .panel .title").get_by_text(text, exact=True)


def ready(page: Page) -> None:
    """The pin can be clicked when the page has run and is at rest."""
    settled(page)
    page.wait_for_timeout(300)


def test_pin_swap_unpin_and_the_link_restores_it(page: Page, address: str, new_context: NewContext) -> None:
    page.goto(f"{address}/?off=L1.attn")
    ready(page)
    expect(title(page, "Ablated: L1.attn")).to_be_visible()
    page.get_by_role("button", name="Pin", exact=True).click()
    page.wait_for_url(re.compile(r"pin=L1\.attn"))
    expect(page.locator(".narration")).to_contain_text("the same answer")
    ready(page)

    for part in ("L1.attn", "L1.H1"):
        page.locator(f'.tile[data-part="{part}"]').click()
    page.wait_for_url(re.compile(r"off=L1\.H1&"))
    expect(title(page, "Pinned: L1.attn")).to_be_visible()
    expect(title(page, "Now: L1.H1")).to_be_visible()
    expect(page.locator(".narration")).to_contain_text(re.compile(r"Pinned L1\.attn: \d+ .* Now L1\.H1: "))
    ready(page)

    page.get_by_role("button", name="Swap", exact=True).click()
    page.wait_for_url(re.compile(r"pin=L1\.H1"))
    expect(title(page, "Pinned: L1.H1")).to_be_visible()
    expect(title(page, "Now: L1.attn")).to_be_visible()
    ready(page)

    other = new_context().new_page()
    other.goto(page.url)
    ready(other)
    expect(title(other, "Pinned: L1.H1")).to_be_visible()
    expect(title(other, "Now: L1.attn")).to_be_visible()
    assert other.url == page.url

    page.get_by_role("button", name="Unpin", exact=True).click()
    page.wait_for_url(lambda url: "pin=" not in url)
    expect(title(page, "Model")).to_be_visible()
    expect(title(page, "Ablated: L1.attn")).to_be_visible()
    ready(page)
    page.go_back()
    page.wait_for_url(re.compile(r"pin=L1\.H1"))
    expect(title(page, "Pinned: L1.H1")).to_be_visible()


def test_a_click_in_the_picture_of_the_model(page: Page, address: str) -> None:
    page.goto(f"{address}/?board=picture")
    ready(page)
    expect(page.locator(".board .tile").first).to_be_hidden()
    head = page.locator('.picture .node[data-part="L1.H1"]')
    head.click()
    expect(head).to_have_attribute("aria-pressed", "true")
    page.wait_for_url(re.compile(r"off=L1\.H1"))
    expect(title(page, "Ablated: L1.H1")).to_be_visible()
    expect(page.locator(".board .chip")).to_contain_text("L1.H1")

    # By keyboard: from where the click was, down to the attention of the layer.
    head.focus()
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    layer = page.locator('.picture .node[data-part="L1.attn"]')
    expect(layer).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"off=L1\.attn,L1\.H1|off=L1\.attn%2CL1\.H1"))
    expect(page.locator('.picture .node[data-part="L1.H5"]')).to_have_attribute(
        "aria-label", re.compile("^L1.H5, .*copy.*ablated with its layer")
    )
    ready(page)
    head.click()
    layer.click()
    page.wait_for_url(lambda url: "off=" not in url)
    expect(head).to_have_attribute("aria-pressed", "false")

    page.get_by_role("radio", name="tiles").click()
    page.wait_for_url(lambda url: "board=" not in url)
    expect(page.locator('.board .tile[data-part="L1.H1"]')).to_be_visible()
    expect(page.locator(".picture")).to_have_count(0)
