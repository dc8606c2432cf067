"""Puzzles of one's own in a real Chromium: painted, kept, sent in a link, and imported."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from interp.puzzles import load_puzzles
from interp.puzzles.spelling import PREFIX
from scripts.dashboard import dashboard
from tests.browser.conftest import NewContext, finished

pytestmark = pytest.mark.browser

FRAME = next(
    one
    for one in load_puzzles("bank", task="frame")
    if one.structure.name == "X f(X) Y f(Y)" and (one.grids[2, 0, :2] == 0).all()
)


def grid(page: Page, place: int) -> Locator:
    return page.locator(".st-key-easel-paint .panel").nth(place)


def cell(page: Page, place: int, index: int) -> Locator:
    return grid(page, place).locator(".cell").nth(index)


def colours(page: Page) -> list[list[str]]:
    """What all cells are called, grid by grid."""
    return [
        grid(page, place)
        .locator(".cell")
        .evaluate_all("cells => cells.map((cell) => cell.ariaLabel.split(': ')[1])")
        for place in range(4)
    ]


def verdict(page: Page) -> Locator:
    return page.locator(".st-key-easel-paint .verdict")


def test_painted_kept_sent_and_imported(new_context: NewContext, tmp_path: Path) -> None:
    with dashboard(said={"PUZZLESCOPE_DATA": str(tmp_path / "data")}) as address:
        page = new_context().new_page()
        page.goto(f"{address}/puzzles?part=easel&puzzle={FRAME.id}")
        finished(page)
        sound = re.compile("^A frame puzzle")
        expect(verdict(page)).to_have_text(sound)
        before = colours(page)
        _paint_by_mouse_and_keys(page)
        expect(verdict(page)).not_to_have_text(sound)
        assert page.locator('.st-key-easel-strip .panel[data-panel="Model"] .cell').count() == 100
        page.wait_for_url(re.compile(re.escape(PREFIX)))
        steps = page.evaluate("history.length")
        while colours(page) != before:
            page.get_by_role("button", name="Undo", exact=True).click()
        expect(verdict(page)).to_have_text(sound)
        page.get_by_role("button", name="Redo", exact=True).click()
        expect(verdict(page)).not_to_have_text(sound)
        page.wait_for_url(re.compile(re.escape(PREFIX)))
        finished(page)
        # The puzzle of the bank, if its address came before the stroke that was done again, and that stroke.
        assert page.evaluate("history.length") <= steps + 2, "strokes fill the browser's Back"
        painted = colours(page)
        _keep(page, "My frames")
        page.reload()
        finished(page)
        assert colours(page) == painted
        _open_link(new_context, page.url, painted)
        _browse(page, address, "My frames")
        expect(page.locator(".st-key-puzzles-gallery .tile")).to_have_count(1)
        _import(page, address, tmp_path)


def _paint_by_mouse_and_keys(page: Page) -> None:
    """A stroke over three cells of X, and a cell of f(X) by its key."""
    page.get_by_role("radio", name="brown").click()
    box = cell(page, 0, 0).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 2.5 * box["width"], box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    assert [cell(page, 0, k).get_attribute("aria-label") for k in range(3)] == [
        f"row 1, column {k + 1}: brown" for k in range(3)
    ]
    cell(page, 1, 0).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("3")
    expect(cell(page, 1, 10)).to_have_attribute("aria-label", "row 2, column 1: blue")


def _keep(page: Page, name: str) -> None:
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("../" + name)
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("cannot have / in it")
    field = page.get_by_role("textbox", name="Name", exact=True)
    if not field.first.is_visible():  # two for a moment, when the page is drawn anew
        page.get_by_role("button", name="Keep it").click()
    field.fill(name)
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_test_id("stAlert")).to_contain_text(f"1 puzzle added to '{name}'")
    expect(page.get_by_role("button", name="Keep", exact=True)).to_be_hidden()
    panels = [page.locator(f".st-key-easel-{one} .panel svg").last for one in ("paint", "strip")]
    sides = [panel.bounding_box() for panel in panels]
    assert sides[0] and sides[1] and abs(sides[0]["y"] - sides[1]["y"]) < 2
    assert abs(sides[0]["width"] - sides[1]["width"]) < 5, "the answer is not as large as what is painted"


def _open_link(new_context: NewContext, url: str, painted: list[list[str]]) -> None:
    stranger = new_context().new_page()
    stranger.goto(url)
    finished(stranger)
    expect(verdict(stranger)).not_to_be_empty()
    assert colours(stranger) == painted


def _browse(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/puzzles?from=collection:{name}")
    finished(page)


def _import(page: Page, address: str, folder: Path) -> None:
    """A task of ARC as its authors publish it; one of its puzzles is opened by the keyboard."""
    x, fx, y, fy = FRAME.grids.tolist()
    too_large = [[0] * 11] * 11
    task = {
        "train": [{"input": x, "output": fx}],
        "test": [{"input": y, "output": fy}, {"input": too_large, "output": too_large}],
    }
    file = folder / "task.json"
    file.write_text(json.dumps(task))
    page.goto(f"{address}/puzzles?from=file")
    finished(page)
    page.locator("input[type=file]").set_input_files(file)
    expect(page.locator(".st-key-puzzles-gallery .tile")).to_have_count(1)
    expect(page.locator("body")).to_contain_text("1 refused")
    page.locator(".st-key-puzzles-gallery .tile .open").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Puzzlescope"))
    page.wait_for_url(re.compile("puzzle="))
    finished(page)
    assert "/puzzles" not in page.url and (PREFIX in page.url or FRAME.id in page.url)
