"""How the pages look where people's screens, settings and printers are not ours: widths, high contrast,
paper."""

import re
from collections.abc import Iterator
from statistics import median

import pytest
from playwright.sync_api import Page, expect

from app.widgets.loss_readout import readout as loss_readout
from interp.engine.measures import MEASURES, METRICS
from interp.figures.scale import ink
from tests.browser.conftest import NewContext, finished, settled
from tests.browser.kept.browsers import Browsers

pytestmark = pytest.mark.browser

WIDTHS = (320, 390, 640, 768, 1024, 1152, 1280, 1920)  # 640: a laptop's page at 200 %
A4 = (794, 1123)
"""Pixels of its sides."""

OVERLAPS = """(scope) => {
  const boxes = []
  const visit = (node) => {
    for (const element of node.querySelectorAll("*")) {
      if (element.shadowRoot) visit(element.shadowRoot)
      for (const text of element.childNodes) {
        if (text.nodeType !== Node.TEXT_NODE || !text.textContent.trim()) continue
        const range = document.createRange()
        range.selectNodeContents(text)
        for (const box of range.getClientRects())
          if (box.width > 2) boxes.push({ box, text: text.textContent })
      }
    }
  }
  visit(document.querySelector(scope))
  const across = (a, b) => a.left < b.right - 1 && b.left < a.right - 1
  const over = (a, b) => across(a, b) && a.top < b.bottom - 3 && b.top < a.bottom - 3
  const after = (k) => boxes.slice(k + 1)
  const under = (one, k) => after(k).filter((other) => over(one.box, other.box))
  return boxes.flatMap((one, k) => under(one, k).map((other) => [one.text, other.text]))
}"""
MOUNT = """async ([code, data]) => {
  const component = (await import("data:text/javascript;charset=utf-8," + encodeURIComponent(code))).default
  component({ data, parentElement: document.querySelector("#host") })
}"""


def test_losses_are_never_printed_over_one_another(page: Page) -> None:
    """The longest numbers that there are, at every width."""
    styles = (loss_readout.HERE / "readout.css").read_text()
    page.set_content(
        f"<style>body {{ margin: 0 16px; font: 15px sans-serif }} {styles}</style><div id=host></div>"
    )
    long = [
        loss_readout.Item(label, "1.8e-15", "not finite", "9,900,000 ×", "help", worse=True)
        for label in [
            *(MEASURES[metric].label for metric in METRICS),
        ]
    ]
    page.evaluate(MOUNT, [loss_readout.SCRIPT, {"items": [item.data() for item in long]}])
    for width in range(320, 1921, 40):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(OVERLAPS, "#host") == [], width
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width


@pytest.fixture(scope="module")
def workbench(browsers: Browsers, address: str) -> Iterator[Page]:
    """With a layer off and all measured, for tests that only look."""
    context = browsers.take()
    page = context.new_page()
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.goto(f"{address}/?off=L1.attn")
    expect(page.locator(".board .tile.costliest")).to_have_count(1)
    expect(page.locator(".board .tile.pending")).to_have_count(0)
    expect(page.locator(".board .tile.approximate")).to_have_count(0)
    settled(page)
    yield page
    browsers.give_back(context)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_workbench_fits_every_width(workbench: Page, width: int) -> None:
    workbench.set_viewport_size({"width": width, "height": 1000})
    workbench.wait_for_timeout(300)
    assert workbench.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert workbench.evaluate(OVERLAPS, ".st-key-loss-readout") == []
    # Nothing is squeezed into a height of its own: what follows the line of losses begins below it.
    line = workbench.locator(".line:has(.item)").first.bounding_box()
    after = workbench.get_by_role("heading", name="Ablation effects").bounding_box()
    assert line is not None and after is not None and line["y"] + line["height"] <= after["y"]


def middle(page: Page, part: str) -> bytes:
    """A picture of the middle of a tile: its colour."""
    box = page.locator(f'.tile[data-part="{part}"]').bounding_box()
    assert box is not None
    clip = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2, "width": 3, "height": 3}
    return page.screenshot(clip=clip)


def picture(page: Page, selector: str) -> bytes:
    return page.locator(selector).first.screenshot()


def test_high_contrast_keeps_what_is_data_and_tells_what_is_chosen(workbench: Page) -> None:
    page = workbench
    page.set_viewport_size({"width": 1280, "height": 1600})
    page.mouse.move(0, 0)
    page.emulate_media(forced_colors="active")
    try:
        page.wait_for_timeout(300)
        assert middle(page, "L2.attn") != middle(page, "L2.H3"), "a costly part and a free one"
        swatches = page.locator(".board .legend .step")
        assert swatches.first.screenshot() != swatches.last.screenshot()
        background = "element => getComputedStyle(element).backgroundColor"
        for chosen, other in (
            ('.choice[aria-pressed="true"]', '.choice[aria-pressed="false"]'),
            ('.switch button[aria-pressed="true"]', '.switch button[aria-pressed="false"]'),
            (
                '[data-testid="stButtonGroup"] [aria-checked="true"]',
                '[data-testid="stButtonGroup"] [aria-checked="false"]',
            ),
        ):
            looks = [page.locator(which).first.evaluate(background) for which in (chosen, other)]
            assert looks[0] != looks[1], chosen
        edge = (
            "element => getComputedStyle(element).borderTopWidth + getComputedStyle(element).borderTopColor"
        )
        off, on = (
            page.locator(f'.tile[data-part="{part}"]').evaluate(edge) for part in ("L1.attn", "L2.attn")
        )
        assert off != on
        page.locator('.tile[data-part="L2.H3"]').focus()
        page.keyboard.press("ArrowRight")
        outline = "element => getComputedStyle(element).outlineStyle"
        assert page.locator('.tile[data-part="L2.H4"]').evaluate(outline) == "solid"
    finally:
        page.emulate_media(forced_colors="null")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_legend_has_the_colours_of_tiles_and_tiles_can_be_read(workbench: Page, scheme: str) -> None:
    page = workbench
    page.set_viewport_size({"width": 1280, "height": 1600})
    page.emulate_media(color_scheme=scheme)
    try:
        page.wait_for_timeout(500)
        paint = """all => all.map((one) => {
            const style = getComputedStyle(one)
            return style.backgroundImage + style.backgroundColor
        })"""
        steps = page.locator(".board .legend .step").evaluate_all(paint)
        nothing = '[aria-label*="breaks no cells from the whole model"]'
        none = page.locator(f".board .tile:not(.implied){nothing}").evaluate_all(paint)
        assert set(none) == {steps[0]}, "what has no effect is where the bar begins"
        assert len(none) > 10
        colours = page.locator(".board .tile:not(.off, .implied)").evaluate_all(
            """all => all.map((one) => {
                const style = getComputedStyle(one)
                return [style.getPropertyValue("--cost"), style.color]
            })"""
        )
        ground = {"light": "#ffffff", "dark": "#16181c"}[scheme]
        for colour, written in colours:
            red, green, blue = map(int, re.findall(r"\d+", written)[:3])
            assert f"#{red:02x}{green:02x}{blue:02x}" == ink(colour.strip(), ground)
    finally:
        page.emulate_media(color_scheme="light")


ON_PAPER = """([side, selector]) => {
  // As a printer does it: a last word to the scripts, then another width, and no script runs before it is
  // on paper.
  window.dispatchEvent(new Event("beforeprint"))
  const sheet = document.querySelector("[data-testid=stMainBlockContainer]")
  sheet.style.cssText = `width: ${side}px; margin: 0`
  const found = []
  const visit = (node) => {
    found.push(...node.querySelectorAll(selector))
    for (const element of node.querySelectorAll("*")) if (element.shadowRoot) visit(element.shadowRoot)
  }
  visit(document)
  const edge = sheet.getBoundingClientRect().right
  const over = found.map((one) => one.getBoundingClientRect().right - edge)
  sheet.style.cssText = ""
  window.dispatchEvent(new Event("afterprint"))
  return [found.length, Math.max(...over)]
}"""


def test_on_paper_charts_and_grids_are_not_cut(workbench: Page) -> None:
    """Drawn for a wide screen, printed on A4, upright and across."""
    page = workbench
    page.set_viewport_size({"width": 1920, "height": 1000})
    page.emulate_media(media="print")
    try:
        page.wait_for_timeout(500)  # charts take the width of the screen
        for side in A4:
            for selector in (
                ".js-plotly-plot .cartesianlayer",
                ".panel svg",
                ".board .grid",
                ".map canvas",
            ):
                count, over = page.evaluate(ON_PAPER, [side, selector])
                assert count and over <= 1, (side, selector, over)
        for hidden in ('[data-testid="stHeader"]', ".save", ".history"):
            expect(page.locator(hidden).first).to_be_hidden()
    finally:
        page.emulate_media(media="null")
    assert page.locator(".js-plotly-plot svg.main-svg").first.get_attribute("viewBox") is None


def test_printed_pages_hold_all_of_the_page(workbench: Page) -> None:
    workbench.set_viewport_size({"width": 1280, "height": 900})
    printed = workbench.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= 2


MOVES = """
  const shifts = []
  let drawn = Infinity // when the page had its title: not what Streamlit draws before there is a page
  const look = () => {
    if (document.querySelector(".st-key-title h1")) drawn = performance.now()
    else requestAnimationFrame(look)
  }
  look()
  const seen = (list) => shifts.push(...list.getEntries().filter((one) => !one.hadRecentInput))
  new PerformanceObserver(seen).observe({ type: "layout-shift", buffered: true })
  window.moved = () => shifts.filter((one) => one.startTime > drawn).reduce((sum, one) => sum + one.value, 0)
"""


@pytest.mark.parametrize("query", ["", "heads", "logbook", "circuits?show=patching"])
def test_what_is_drawn_stays_where_it_is(new_context: NewContext, address: str, query: str) -> None:
    """The layout shift of a page from its title on; 0.1 is good for a page, its opening too."""
    page = new_context(fresh=True).new_page()
    page.add_init_script(MOVES)
    page.goto(f"{address}/{query}")
    finished(page)
    page.wait_for_timeout(3000)
    assert page.evaluate("window.moved()") < 0.03


@pytest.mark.parametrize("query", ["?story=what-matters&at=2", "heads"])
def test_on_a_phone_too(new_context: NewContext, address: str, query: str) -> None:
    """The median of three openings: on a busy machine pieces come one by one now and then."""

    def moved() -> float:
        page = new_context(390, 844).new_page()
        page.add_init_script(MOVES)
        page.goto(f"{address}/{query}")
        finished(page)
        page.wait_for_timeout(2000)
        found: float = page.evaluate("window.moved()")
        page.close()
        return found

    assert median(moved() for _ in range(3)) < 0.06
