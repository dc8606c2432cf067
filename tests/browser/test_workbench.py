"""What a person does on the workbench, in a real Chromium, with the default model."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import settled

pytestmark = pytest.mark.browser


@pytest.fixture
def hosts(context: BrowserContext) -> list[str]:
    """Every address that the browser asks."""
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    return asked


@pytest.fixture
def complaints(context: BrowserContext) -> list[str]:
    """Errors that the browser writes to its console."""
    said: list[str] = []
    context.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    context.on("weberror", lambda error: said.append(str(error.error)))
    return said


def wrong_cells(page: Page, panel: str) -> int:
    """How many outlined cells a panel of the strip has."""
    svg = page.locator(
        ".strip .panel", has=page.locator(".title", has_text=re.compile(f"^{panel}$"))
    ).locator("svg")
    expect(svg).to_be_visible()
    return svg.locator(".wrong-in").count()


def loss(page: Page) -> float:
    return float(page.get_by_test_id("stMetricValue").first.inner_text())


def test_a_visitor_takes_the_model_apart(
    page: Page, address: str, hosts: list[str], complaints: list[str]
) -> None:
    page.goto(address)
    settled(page)
    assert wrong_cells(page, "Model") == 0, "the first puzzle is one that the model solves"
    clean = loss(page)

    # Switch the attention layer that costs most off: the chart's caption names it.
    caption = page.get_by_text(re.compile(r"Layer \d+ costs most"))
    expect(caption).to_be_visible()
    layer = int(re.search(r"Layer (\d+) costs most", caption.inner_text())[1])
    page.locator(f".st-key-board-{layer}").get_by_text("attn", exact=True).click()
    expect(page.get_by_text("with nothing off").first).to_be_visible()
    settled(page)
    assert loss(page) > 2 * clean
    assert wrong_cells(page, "Parts off") > 0 and wrong_cells(page, "Model") == 0
    assert f"off=L{layer}.attn" in page.url

    # Point at a cell: its place and what the model thinks of it.
    svg = page.locator(".strip .panel", has=page.locator(".title", has_text="Parts off")).locator("svg")
    box = svg.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.55, box["y"] + box["height"] * 0.35)
    expect(page.locator(".said")).to_contain_text("row 4, column 6")
    expect(page.locator(".said")).to_contain_text("Likeliest")

    # CircuitsVis has drawn.
    expect(page.locator(".attention-view canvas").first).to_be_visible()

    outside = [
        url for url in hosts if not url.startswith((address, address.replace("http", "ws"), "data:", "blob:"))
    ]
    assert outside == [], "no request leaves the machine"
    assert complaints == []


def test_the_link_shows_the_same_in_another_browser(page: Page, address: str, chromium) -> None:
    page.goto(address)
    settled(page)
    page.get_by_role("button", name="Copy circuit", exact=True).click()
    expect(page.get_by_text("Parts off")).to_be_visible()
    settled(page)
    page.locator(".st-key-board-text input").wait_for()
    link, text, number = page.url, page.locator(".st-key-board-text input").input_value(), loss(page)
    assert "lookback" in link and text.startswith("L0.attn:lookback=100")

    other = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    other.goto(link)
    settled(other)
    expect(other.get_by_text("Parts off")).to_be_visible()
    expect(other.locator(".st-key-board-text input")).to_have_value(text)
    assert loss(other) == number and other.url == link
    assert wrong_cells(other, "Parts off") == wrong_cells(page, "Parts off")
    other.context.close()


def test_a_bar_of_the_chart_is_a_switch(page: Page, address: str) -> None:
    page.goto(address)
    bars = page.locator(".js-plotly-plot .bars .point path")
    for state in ("on", "off again"):
        expect(page.get_by_text(re.compile(r"Layer \d+ costs most"))).to_be_visible()
        settled(page)
        page.wait_for_timeout(1000)  # plotly draws after the script has ended, and takes no click before
        bars.nth(2).click(force=True)
        if state == "on":
            page.wait_for_url(re.compile("off=L2.attn"))
            expect(page.get_by_text("Parts off")).to_be_visible()
        else:
            expect(page.get_by_text("Parts off")).to_be_hidden()
            assert "off=" not in page.url


def test_many_puzzles_show_progress_and_end_in_a_chart(page: Page, address: str) -> None:
    page.goto(address)
    settled(page)
    page.get_by_text("16 of this task", exact=True).click()
    expect(page.get_by_test_id("stProgress")).to_be_visible()
    expect(page.get_by_text(re.compile(r"\d+ of 16 solved with nothing off"))).to_be_visible()
    assert "sample=16" in page.url


def test_an_outdated_link_says_so_and_works(page: Page, address: str) -> None:
    page.goto(f"{address}/?puzzle=0000000000&off=L99.attn")
    settled(page)
    expect(page.get_by_text("The link's puzzle could not be used.")).to_be_visible()
    expect(page.get_by_text("there is no layer 99")).to_be_visible()
    assert wrong_cells(page, "Model") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_laptop(chromium, address: str, scheme: str) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(address)
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    background = page.evaluate(
        "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
    )
    brightness = sum(map(int, re.findall(r"\d+", background)[:3]))
    assert brightness > 600 if scheme == "light" else brightness < 150
    context.close()
