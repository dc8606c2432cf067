"""What a person does on the workbench, in a real Chromium, with the default model."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, WebError, expect

from tests.browser.conftest import NewContext, settled

pytestmark = pytest.mark.browser


@pytest.fixture
def hosts(context: BrowserContext) -> Iterator[list[str]]:
    """Every address that the browser asks."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    context.on("request", note)
    yield asked
    context.remove_listener("request", note)


@pytest.fixture
def complaints(context: BrowserContext) -> Iterator[list[str]]:
    """Errors that the browser writes to its console."""
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            said.append(message.text)

    def fail(error: WebError) -> None:
        said.append(str(error.error))

    context.on("console", note)
    context.on("weberror", fail)
    yield said
    context.remove_listener("console", note)
    context.remove_listener("weberror", fail)


def panel(page: Page, name: str) -> Locator:
    return page.locator(f'.strip .panel[data-panel^="{name}"]')


def wrong_cells(page: Page, name: str) -> int:
    """How many wrong cells a panel of the strip outlines."""
    expect(panel(page, name).locator("svg")).to_be_visible()
    return panel(page, name).locator(".wrong:not([data-kind=fixed])").count()


UNTRIED = "?base=off&off=L2.H1,L2.H3"
"""A link under which no other test has the board measured: what is kept is not waited for."""


def tile(page: Page, part: str) -> Locator:
    return page.locator(f'.tile[data-part="{part}"]')


def measured(page: Page) -> None:
    """Wait until the board knows every part exactly."""
    expect(page.locator(".board .tile.pending")).to_have_count(0)
    expect(page.locator(".board .tile.approximate")).to_have_count(0)
    settled(page)


def cost(page: Page, part: str) -> float:
    label = tile(page, part).get_attribute("aria-label") or ""
    found = re.search(r"(breaks|fixes) (\S+) cells?", label)
    assert found is not None, label
    return float(found[2].replace("no", "0")) * (1 if found[1] == "breaks" else -1)


def choose_task(page: Page, task: str) -> None:
    page.get_by_role("button", name="Task: ").click()
    page.get_by_role("option", name=re.compile(f"^{task}:")).click()
    page.wait_for_function("!location.search.includes('puzzle=9a3726a23b')")
    settled(page)


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=re.compile(label)).click()
    page.get_by_role("option", name=option, exact=True).click()


def is_off(page: Page, part: str) -> None:
    expect(tile(page, part)).to_have_attribute("aria-pressed", "true")


def test_a_visitor_takes_the_model_apart(
    page: Page, address: str, new_context: NewContext, hosts: list[str], complaints: list[str]
) -> None:
    """Pick a contact puzzle, switch off the attention layer that has the largest effect, see the answer
    break, point at a cell, and send the link to somebody."""
    page.goto(address)
    settled(page)
    assert wrong_cells(page, "Model") == 0, "the first puzzle is one that the model solves"
    choose_task(page, "contact")
    before = wrong_cells(page, "Model")

    measured(page)
    layers = page.locator(".header[data-row]").count()
    ringed = page.locator(".board .tile.costliest")
    expect(ringed).to_have_count(1)
    expect(ringed).to_have_attribute("aria-label", re.compile(", costliest$"))
    worst = max(range(layers), key=lambda layer: cost(page, f"L{layer}.attn"))
    tile(page, f"L{worst}.attn").click()
    is_off(page, f"L{worst}.attn")
    page.wait_for_url(re.compile(f"off=L{worst}.attn"))
    expect(panel(page, "Ablated").locator(".wrong").first).to_be_visible()
    settled(page)
    broken = wrong_cells(page, "Ablated")
    assert broken > before and wrong_cells(page, "Model") == before
    expect(page.locator(".board .chip")).to_have_text(re.compile(rf"L{worst}\.attn"))

    # Point at a cell: its place and what the model thinks of it; click it, and the heads show where they look
    # for it.
    cell = panel(page, "Ablated").locator('.cell[data-cell="35"]')
    cell.hover()
    expect(page.locator(".said").first).to_contain_text("row 4, column 6")
    cell.click()
    page.wait_for_url(re.compile("cell=g4r4c6"))
    expect(page.get_by_text("Row 4, column 6 of the answer")).to_be_visible()
    settled(page)

    # Somebody else opens the link and sees the same.
    other = new_context().new_page()
    other.goto(page.url)
    settled(other)
    is_off(other, f"L{worst}.attn")
    expect(panel(other, "Ablated").locator(".wrong").first).to_be_visible()
    assert other.url == page.url and wrong_cells(other, "Ablated") == broken
    expect(other.get_by_text("Row 4, column 6 of the answer")).to_be_visible()

    page.get_by_text("Token by token", exact=True).click()
    expect(page.locator(".attention-view canvas").first).to_be_visible()
    page.wait_for_url(re.compile("panel=tokens"))
    outside = [
        url for url in hosts if not url.startswith((address, address.replace("http", "ws"), "data:", "blob:"))
    ]
    assert outside == [], "no request leaves the machine"
    assert complaints == []


def test_the_board_by_mouse_and_keyboard(page: Page, address: str) -> None:
    page.goto(address)
    measured(page)
    for part in ("L0.H1", "L0.H2", "L3.mlp"):  # quicker than the page can follow
        tile(page, part).click()
    page.wait_for_url(re.compile(r"off=L0.H1-2(,|%2C)L3.mlp"))
    for part in ("L0.H1", "L0.H2", "L3.mlp"):
        is_off(page, part)
    tile(page, "L2.H0").click()
    tile(page, "L3.H1").click(modifiers=["Shift"])
    page.wait_for_url(re.compile(r"L2-3.H0-1"))
    page.locator('.header[data-row="L5"]').click()
    page.wait_for_url(re.compile("L5.attn"))
    settled(page)

    tile(page, "L4.H3").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("L4.H4"))
    is_off(page, "L4.H4")
    settled(page)
    expect(tile(page, "L4.H4")).to_be_focused()
    page.keyboard.press("Control+z")
    expect(tile(page, "L4.H4")).to_have_attribute("aria-pressed", "false")
    page.wait_for_function("!location.search.includes('L4.H4')")
    page.keyboard.press("Control+Shift+z")
    page.wait_for_url(re.compile("L4.H4"))
    page.get_by_role("button", name="Restore L4.H4").click()
    page.wait_for_function("!location.search.includes('L4.H4')")
    page.get_by_role("button", name="Remove the ablation").click()
    page.wait_for_function("!location.search.includes('off=')")
    expect(page.get_by_text("Nothing is ablated.")).to_be_visible()


def test_methods_and_spec(page: Page, address: str) -> None:
    page.goto(address)
    settled(page)
    board = page.locator(".board")
    board.get_by_role("button", name="mean", exact=True).click()
    tile(page, "L1.H1").click()
    page.wait_for_url(re.compile("off=L1.H1(:|%3A)mean"))
    text = board.get_by_role("textbox", name="Ablation spec")
    expect(text).to_have_value("L1.H1:mean")
    text.fill("L99.attn")
    text.press("Enter")
    expect(board.get_by_role("alert")).to_contain_text("there is no layer 99")
    assert "mean" in page.url, "what was off stays off"
    text.fill("L1.atn")
    text.press("Enter")
    expect(board.get_by_role("alert")).to_contain_text("Did you mean L1.attn?")
    text.fill("L2.mlp")
    text.press("Enter")
    page.wait_for_url(re.compile("off=L2.mlp"))
    expect(board.get_by_role("alert")).to_be_empty()


def test_a_dot_of_the_chart_is_a_switch(page: Page, address: str) -> None:
    """Each click is told once, and the chart stays the same one."""
    page.goto(address)
    measured(page)
    chart = page.locator(".plotly-view").first
    chart.evaluate("element => { element.known = true }")
    dots = chart.locator(".scatterlayer .point")
    for state in ("true", "false", "true"):
        dots.nth(2).click(force=True)
        expect(tile(page, "L2.attn")).to_have_attribute("aria-pressed", state)
        settled(page)
    page.get_by_role("button", name="Next puzzle (])").click()
    page.wait_for_function("!location.search.includes('puzzle=9a3726a23b')")
    measured(page)
    is_off(page, "L2.attn")
    assert chart.evaluate("element => element.known") and "off=L2.attn" in page.url


def unseen(page: Page) -> None:
    """Let the page believe that its tab is hidden, from the start."""
    hidden = "{ get: () => window.unseen ?? true, configurable: true }"
    page.add_init_script(f"Object.defineProperty(document, 'hidden', {hidden})")


def seen(page: Page) -> None:
    page.evaluate("window.unseen = false; document.dispatchEvent(new Event('visibilitychange'))")


def test_exact_values_come_when_one_asks_and_when_one_stays(page: Page, address: str) -> None:
    unseen(page)  # time does not count: the page asks for nothing by itself
    page.goto(f"{address}/{UNTRIED}&puzzle=3e9fdce5e1")
    board, status = page.locator(".board"), page.locator(".board .status")
    expect(status).to_contain_text("exact if you stay")
    settled(page)
    size = board.bounding_box()
    board.evaluate("element => { element.known = true }")
    page.get_by_role("button", name="Measure exact values now").click()
    expect(status).not_to_contain_text("exact if you stay")
    seen(page)
    measured(page)
    assert board.evaluate("element => element.known"), "it is the same board"
    assert board.bounding_box() == size, "and nothing has moved"
    page.get_by_role("button", name="Next puzzle (])").click()
    page.wait_for_function("!location.search.includes('puzzle=3e9fdce5e1')")
    measured(page)
    expect(page.locator(".card .outcome").first).not_to_have_text("…")


def test_a_tab_that_is_not_seen_asks_for_nothing(page: Page, address: str) -> None:
    asked: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda sent: asked.append(sent)))
    unseen(page)
    page.goto(f"{address}/{UNTRIED}&puzzle=1a5d0d44cf")
    status = page.locator(".board .status")
    expect(status).to_contain_text("exact if you stay")
    settled(page)
    before = len(asked)
    page.wait_for_timeout(4000)
    assert len(asked) == before
    expect(status).to_contain_text("exact if you stay")
    seen(page)
    measured(page)


def test_many_puzzles_fill_the_board_and_can_be_stopped(page: Page, address: str) -> None:
    page.goto(address)
    settled(page)
    choose(page, "Over which puzzles", "64 puzzles")
    page.wait_for_url(re.compile("sample=64"))
    expect(page.locator(".board .status")).to_contain_text("of 64 puzzles so far")
    page.get_by_text("teacher-forced", exact=True).click()  # the page stays usable meanwhile
    page.wait_for_url(re.compile("answer=teacher-forced"))
    page.get_by_role("button", name="Stop measuring").click()
    expect(page.locator(".board .status")).to_contain_text("stopped")
    choose(page, "Over which puzzles", "this puzzle")
    measured(page)


def test_a_cell_is_forced_and_the_model_draws_on_from_it(page: Page, address: str) -> None:
    """Click a cell of the answer and give it another colour; the link keeps it, a click ends it."""
    page.goto(address)
    settled(page)
    panel(page, "Model").locator('.cell[data-cell="15"]').click()
    page.wait_for_url(re.compile("cell=g4r2c6"))
    settled(page)
    page.get_by_role("button", name="Force").click()
    choose(page, "Colour of row 2, column 6", "green")
    page.wait_for_url(re.compile("force=r2c6%3D2"))
    expect(page.get_by_role("button", name="1 forced")).to_be_visible()
    page.reload()
    forced = panel(page, "Model").locator(".forced")
    expect(forced).to_have_count(1)
    expect(forced).to_have_attribute("data-cell", "15")
    expect(panel(page, "Model").locator('.cell[data-cell="15"]')).to_have_attribute(
        "aria-label", re.compile("green, forced")
    )
    settled(page)
    page.get_by_role("button", name="1 forced").click()
    expect(forced).to_have_count(0)


def test_puzzles_that_flip_are_links(page: Page, address: str) -> None:
    page.goto(f"{address}/?chart=tasks&flips=replace_color-L1.attn")
    settled(page)
    page.get_by_role("button", name="Measure all tasks").click()
    link = page.get_by_role("group", name="Puzzles that flip").get_by_role("link").first
    link.wait_for()
    link.click()
    page.wait_for_url(re.compile("off=L1.attn"))
    is_off(page, "L1.attn")
    assert wrong_cells(page, "Model") == 0 and wrong_cells(page, "Ablated") > 0, (
        "solved without, wrong with it"
    )


def test_an_outdated_link_says_so_and_works(page: Page, address: str) -> None:
    page.goto(f"{address}/?puzzle=0000000000&off=L99.attn")
    settled(page)
    expect(page.get_by_text("The link's puzzle could not be used.")).to_be_visible()
    expect(page.get_by_text("there is no layer 99")).to_be_visible()
    assert wrong_cells(page, "Model") == 0


def test_figures_data_and_code_are_exported(page: Page, address: str) -> None:
    page.goto(f"{address}/?off=L1.attn")
    settled(page)
    page.get_by_role("button", name="Export the ablation board").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img", name="with one component ablated")).to_be_visible(timeout=60_000)
    with page.expect_download() as download:
        dialog.get_by_role("button", name="SVG").click()
    assert download.value.suggested_filename == "grow-9a3726-cells-broken-board.svg"
    svg = ET.fromstring(download.value.path().read_bytes())
    assert svg.attrib["width"] == "183mm" and "default (4b7571)" in (svg[1].text or "")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="The whole page").click()
    report = download.value.path().read_text()
    assert report.count("<svg ") >= 6 and "off = parse_ablation(&#x27;L1.attn&#x27;" in report
    dialog.get_by_text("Data", exact=True).click()
    expect(dialog.get_by_role("button", name="SVG")).to_have_count(0)  # the figures have one named CSV too
    with page.expect_download() as download:
        dialog.get_by_role("button", name="CSV").first.click()
    text = download.value.path().read_text()
    assert text.startswith('# model: "default"') and text.count("\n") > 100
    dialog.get_by_text("Code", exact=True).click()
    expect(dialog.get_by_text("off = parse_ablation('L1.attn', model.cfg)").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 1920])
def test_the_page_fits_a_laptop_and_a_projector(page: Page, address: str, scheme: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    page.goto(address)
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    background = page.evaluate(
        "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
    )
    brightness = sum(map(int, re.findall(r"\d+", background)[:3]))
    assert brightness > 600 if scheme == "light" else brightness < 150
