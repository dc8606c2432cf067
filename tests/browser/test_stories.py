"""Stories in a real Chromium: told by arrow keys, written and opened from a disk, presented, and followed."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext, finished

pytestmark = pytest.mark.browser


def told(page: Page, at: int, count: int = 7) -> None:
    """Wait until a scene is told and its page is there."""
    expect(page.locator(".story .count")).to_have_text(f"{at} / {count}")
    expect(page).to_have_url(re.compile(rf"at={at}\b" if at > 1 else r"story=[\w~-]+(&see=\w+)?$"))
    finished(page)


def test_a_story_is_told_by_arrow_keys_from_page_to_page(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(f"{address}/stories")
    finished(page)
    page.get_by_role("button", name="Play The head that copies", exact=True).click()
    told(page, 1)
    ring = page.locator(".ring.calm")  # for a moment, around what the scene speaks of
    expect(ring).to_have_attribute("style", re.compile("left"))
    expect(ring).to_be_hidden()
    bar, figure = (page.locator(one).bounding_box() for one in (".story", ".st-key-attention"))
    assert bar and figure and bar["y"] + bar["height"] <= figure["y"] < 300
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")  # quicker than the page can follow
    told(page, 3)
    expect(page).to_have_url(re.compile("off=L1.H5&"))
    expect(page.locator(".story .caption.shown")).to_contain_text("ablate it")
    # This one speaks of none: it begins at the top.
    page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollTop === 0")
    board = page.locator(".st-key-tiles").bounding_box()
    assert board and board["y"] < 500, "the answer, what became of it and the board are on one screen"

    tile = page.locator('.tile[data-part="L1.H1"]')
    tile.focus()
    page.keyboard.press("ArrowRight")  # belongs to the board
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Back to the scene")).to_be_visible()
    expect(page.locator(".story .count")).to_have_text("3 / 7")
    page.get_by_role("button", name="Back to the scene").click()
    expect(page.get_by_role("button", name="Back to the scene")).to_be_hidden()
    expect(page).to_have_url(re.compile("off=L1.H5&"))
    finished(page)

    for at in range(4, 8):
        page.get_by_role("button", name="Next scene").click()
        told(page, at)
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Heads"))
    expect(page.get_by_role("button", name="Next scene")).to_be_disabled()
    page.go_back()
    told(page, 6)
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Puzzlescope"))
    page.go_forward()
    told(page, 7)
    page.get_by_role("button", name="Leave the story").click()
    expect(page.locator(".story")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("story="))


def test_a_story_is_written_sent_and_opened_from_a_disk(
    new_context: NewContext, address: str, tmp_path: Path
) -> None:
    page = new_context().new_page()
    page.goto(f"{address}/?off=L1.attn")
    finished(page)
    page.get_by_role("button", name="Story", exact=True).click()
    page.get_by_label("Heading").fill("Mine")
    page.get_by_label("Caption").fill("Look <b>here</b>, *now*.")
    page.get_by_role("button", name="Add this scene").click()
    expect(page.get_by_text("Your story has 1 scene.")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Stories", exact=True).click()
    link = page.locator("code").filter(has_text="story=~").inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="As a page of its own").click()
    download.value.save_as(tmp_path / "mine.html")

    other = new_context().new_page()
    other.goto(link)
    expect(other.locator(".story .caption.shown")).to_have_text("MineLook <b>here</b>, now.")
    expect(other.locator(".board .chip")).to_have_text(re.compile(r"L1\.attn"))

    asked: list[str] = []
    disk = new_context().new_page()
    disk.on("request", lambda request: asked.append(request.url))
    disk.goto(f"file://{tmp_path / 'mine.html'}")
    expect(disk.get_by_role("heading", level=2)).to_have_text("Mine")
    expect(disk.locator("figure svg")).to_have_count(6)
    expect(disk.get_by_text("Look <b>here</b>, now.")).to_be_visible()
    expect(disk.locator("#count")).to_have_text("1 / 1")
    assert [url for url in asked if not url.startswith("file:")] == []


def test_a_presenter_is_followed(new_context: NewContext, address: str) -> None:
    page, viewer = (new_context().new_page() for _ in range(2))
    page.goto(f"{address}/?story=what-matters")
    told(page, 1)
    page.get_by_role("button", name="Story", exact=True).click()
    page.get_by_role("button", name="Let others follow along").click()
    link = page.locator("code").filter(has_text="follow=").inner_text()
    page.keyboard.press("Escape")
    viewer.goto(link)
    told_here = viewer.locator(".story .count")
    expect(told_here).to_have_text("1 / 7")

    page.locator("h1").click()
    page.keyboard.press("p")
    expect(page).to_have_url(re.compile("present=1"))
    expect(page.get_by_role("toolbar", name="Before an audience")).to_be_visible()
    expect(page.locator(".st-key-model")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    told(page, 2)
    expect(told_here).to_have_text("2 / 7")
    expect(viewer).to_have_url(re.compile("off=L1.attn&.*follow="))
    expect(viewer).not_to_have_url(re.compile("present"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys of this page")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Pointer")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("present"))

    finished(viewer)
    viewer.get_by_role("button", name="Break away").click()
    expect(viewer).not_to_have_url(re.compile("follow"))
    page.keyboard.press("ArrowRight")
    told(page, 3)
    viewer.wait_for_timeout(2500)
    expect(told_here).to_have_text("2 / 7")
