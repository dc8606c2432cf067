"""The puzzle strip's own JavaScript in a real Chromium, without a server: its module, its styles and data
from Python."""

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from app.widgets.palette import PALETTES
from app.widgets.puzzle_strip import Look, Panel
from app.widgets.puzzle_strip import strip as puzzle_strip

pytestmark = pytest.mark.browser

STYLES = (puzzle_strip.HERE / "strip.css").read_text()
MOUNT = """async (code) => {
  window.strip = (await import("data:text/javascript;charset=utf-8," + encodeURIComponent(code))).default
  window.fired = []
}"""
UPDATE = """(data) => {
  const parentElement = document.querySelector("#host")
  const start = performance.now()
  window.strip({ data, parentElement, setTriggerValue: (name, value) => window.fired.push([name, value]) })
  return performance.now() - start
}"""

TRUTH = np.arange(100) // 10
CLEAN = TRUTH.copy()
CLEAN[[17, 80]] = 10
OFF = TRUTH.copy()
OFF[[5, 6, 80, 99]] = [3, 13, 10, 1]
CHANCE = np.full((100, 15), 0.001, dtype=np.float32)
CHANCE[:, 3], CHANCE[:, 7] = 0.75, 0.2


def panels(off: np.ndarray | None = OFF) -> list[Panel]:
    last = Panel("Ablated", None, note="ablate a component below")
    if off is not None:
        last = Panel("Ablated", off, TRUTH, CHANCE, compared=CLEAN)
    return [
        Panel("X", TRUTH),
        Panel("f(X)", TRUTH, opens="→"),
        Panel("Y", TRUTH, opens="gap"),
        Panel("f(Y), the truth", TRUTH, opens="→", answer=True),
        Panel("Model", CLEAN, TRUTH, CHANCE, opens="gap"),
        last,
    ]


def update(page: Page, shown: list[Panel], look: Look = puzzle_strip.PLAIN, cell: int | None = None) -> float:
    """Give the strip new data, as Streamlit does. Returns the milliseconds it took."""
    return page.evaluate(UPDATE, puzzle_strip._data(shown, look, cell, "puzzle-9a37"))


@pytest.fixture
def strip(page: Page) -> Page:
    page.set_content(f"<style>body {{ margin: 40px }} {STYLES}</style><div id=host></div>")
    page.evaluate(MOUNT, puzzle_strip.SCRIPT)
    update(page, panels())
    return page


def panel(page: Page, title: str) -> Locator:
    return page.locator(f'.panel[data-panel="{title}"]')


def cell(page: Page, title: str, index: int) -> Locator:
    return panel(page, title).locator(".cell").nth(index)


def outlined(page: Page, title: str) -> list[tuple[int, str]]:
    found = panel(page, title).locator(".wrong").all()
    return [
        (int(one.get_attribute("data-cell") or -1), one.get_attribute("data-kind") or "") for one in found
    ]


def fired(page: Page) -> list[Any]:
    return page.evaluate("window.fired")


def test_wrong_cells_are_outlined_by_what_became_of_them(strip: Page) -> None:
    assert outlined(strip, "Model") == [(17, "wrong"), (80, "wrong")]
    assert outlined(strip, "Ablated") == [
        (5, "broken"),
        (6, "broken"),
        (17, "fixed"),
        (80, "both"),
        (99, "broken"),
    ]
    assert panel(strip, "Ablated").locator(".first").get_attribute("data-cell") == "5"
    assert strip.locator(".entry").all_inner_texts() == [
        "wrong",  # in the clean answer, whose panel says how many
        "3 broken",
        "1 fixed",
        "1 still wrong",
        "first wrong cell",
    ]
    shapes = {
        panel(strip, "Ablated").locator(f".{kind} .ink").first.get_attribute("d")
        for kind in ("broken", "fixed", "both")
    }
    assert len(shapes) == 3, "told apart without colour too"
    assert panel(strip, "Ablated").locator("text").all_text_contents() == ["Y"], (
        "an invalid cell has its marker's name"
    )


def test_nothing_jumps_when_parts_go_off(strip: Page) -> None:
    def places() -> list[Any]:
        return [
            strip.locator(chosen).nth(k).bounding_box()
            for chosen, k in ((".panel", 5), (".foot", 0), (".panel", 0))
        ]

    with_parts_off = places()
    update(strip, panels(None))
    assert places() == with_parts_off
    expect(panel(strip, "Ablated")).to_contain_text("ablate a component below")
    assert outlined(strip, "Ablated") == [] and strip.locator(".entry").all_inner_texts()[0] == "2 wrong"
    cell(strip, "Model", 17).hover()
    assert places() == with_parts_off


def test_pointing_tells_place_colour_and_chances_and_marks_all_panels(strip: Page) -> None:
    said = strip.locator(".said")
    expect(said).to_be_hidden()
    cell(strip, "Ablated", 35).hover()
    expect(said).to_contain_text("Ablated, row 4, column 6: blue, right")
    expect(said.locator(".own")).to_contain_text("blue75.0 %")
    assert said.locator(".row").count() == 2, "the clean and the ablated run, to be compared"
    assert said.locator(".own .full").evaluate_all("bars => bars.map(bar => bar.style.width)")[:2] == [
        "75%",
        "20%",
    ]
    assert (
        strip.locator(".here").evaluate_all("all => all.map(one => one.getAttribute('transform'))")
        == ["translate(50 30)"] * 6
    )
    assert strip.locator('.here[visibility="visible"]').count() == 6
    cell(strip, "Ablated", 5).hover()
    expect(said).to_contain_text("broken; the truth is blank")
    cell(strip, "X", 0).hover()
    expect(said).to_have_text("X, row 1, column 1: blank")
    strip.mouse.move(2, 2)
    expect(said).to_be_hidden()
    expect(strip.locator(".hint-line")).to_contain_text("Point at a cell")
    assert fired(strip) == []


def test_a_click_chooses_a_cell_of_the_answer_only(strip: Page) -> None:
    for title, index in (("X", 4), ("Y", 5), ("f(Y), the truth", 0), ("Ablated", 99)):
        cell(strip, title, index).click()
    assert fired(strip) == [["cell", 0], ["cell", 99]]
    assert strip.locator('.chosen[visibility="visible"]').count() == 0
    update(strip, panels(), cell=99)
    rings = strip.locator('.chosen[visibility="visible"]')
    assert (
        rings.evaluate_all("all => all.map(one => one.getAttribute('transform'))") == ["translate(90 90)"] * 3
    )
    assert strip.locator(".entry").last.inner_text() == "chosen: row 10, column 10"


def test_keys_move_within_a_grid_and_tab_from_grid_to_grid(strip: Page) -> None:
    def focused() -> tuple[str, int]:
        here = strip.evaluate(
            "[document.activeElement.closest('.panel').dataset.panel, document.activeElement.dataset.cell]"
        )
        return here[0], int(here[1])

    strip.keyboard.press("Tab")
    assert focused() == ("X", 0)
    moves = {
        "ArrowUp": 0,
        "ArrowDown": 10,
        "End": 19,
        "ArrowRight": 19,
        "Home": 10,
        "ArrowLeft": 10,
        "Control+End": 99,
    }
    for key, index in {**moves, "Control+Home": 0, "PageDown": 0}.items():
        strip.keyboard.press(key)
        assert focused() == ("X", index), key
    for key in ("Control+End", "ArrowUp"):
        strip.keyboard.press(key)
    strip.keyboard.press("Enter")
    assert fired(strip) == [], "a given grid has no cell to choose"
    for title in ("f(X)", "Y", "f(Y), the truth", "Model"):
        strip.keyboard.press("Tab")
        assert focused() == (title, 89)
    expect(strip.locator(".said")).to_contain_text("Model, row 9, column 10")
    strip.keyboard.press("Enter")
    update(strip, panels(TRUTH))
    assert focused() == ("Model", 89), "focus survives an update"
    expect(strip.locator(".said")).to_contain_text("Model, row 9, column 10")
    strip.keyboard.press("Space")
    assert fired(strip) == [["cell", 89], ["cell", 89]]
    strip.keyboard.press("Escape")
    assert strip.evaluate("document.activeElement === document.body")
    expect(strip.locator(".said")).to_be_hidden()


def test_a_screen_reader_hears_each_cell(strip: Page) -> None:
    grid = strip.get_by_role("grid", name="Ablated, 4 wrong")
    assert grid.get_by_role("row").count() == 10
    name = (
        "row 1, column 7: marker Y, invalid in a grid, broken; the truth is blank. Likeliest: blue 75.0 %, "
    )
    assert (grid.get_by_role("gridcell").nth(6).get_attribute("aria-label") or "").startswith(name)


@pytest.mark.parametrize("palette", PALETTES)
def test_palettes_and_digits(strip: Page, palette: str) -> None:
    update(strip, panels(), Look(palette, digits=True))
    fills = panel(strip, "X").locator(".cell").evaluate_all("all => all.map(one => one.getAttribute('fill'))")
    assert fills == [PALETTES[palette][color] for color in TRUTH]
    assert panel(strip, "X").locator("text").all_text_contents() == [str(color) for color in TRUTH]


def test_a_new_prediction_is_drawn_at_once(strip: Page) -> None:
    times = sorted(update(strip, panels(off), Look(digits=True)) for off in (TRUTH, OFF, None) * 7)
    assert times[len(times) // 2] < 100, f"milliseconds: {times}"


@pytest.mark.parametrize(("width", "rows"), [(1280, 1), (700, 2), (400, 2)])
def test_panels_wrap_where_there_is_no_room(strip: Page, width: int, rows: int) -> None:
    strip.set_viewport_size({"width": width, "height": 900})
    tops = {round(box["y"]) for one in strip.locator(".panel").all() if (box := one.bounding_box())}
    assert len(tops) == rows
    assert strip.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
