"""Back and Forward, a server that is started anew, and a browser that is slow to hear: the scene is what the
address says."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from scripts.dashboard import dashboard, free_port
from tests.browser.conftest import NewContext, finished, settled
from tests.support.studies import made_up

pytestmark = pytest.mark.browser

LATE = """
window.late = 0
const listen = WebSocket.prototype.addEventListener
const later = (hear) => (event) => (window.late ? setTimeout(hear, window.late, event) : hear(event))
WebSocket.prototype.addEventListener = function (name, hear, ...rest) {
  return listen.call(this, name, name === "message" ? later(hear) : hear, ...rest)
}
"""
"""Lets a page hear what its server says only `late` milliseconds later."""


SAID_TOO = """
window.saidAfter = null
const send = WebSocket.prototype.send
WebSocket.prototype.send = function (message) {
  send.call(this, message)
  if (window.saidAfter === null) return
  setTimeout(() => window.puzzlescopeKeeper.ask(), window.saidAfter)
  window.saidAfter = null
}
"""
"""Lets a page say something of its own `saidAfter` milliseconds after its next message."""


def tile(page: Page, part: str) -> Locator:
    return page.locator(f'.tile[data-part="{part}"]')


def off(page: Page, text: str) -> None:
    """Everything on the workbench must say that this is off."""
    expect(page.locator(".board").get_by_role("textbox", name="Ablation spec")).to_have_value(text)
    expect(page).to_have_url(
        re.compile(f"off={text.replace(',', '%2C')}&" if text else r"puzzle=\w+&(?!off)")
    )
    for part in ("L0.H7", "L0.mlp"):
        expect(tile(page, part)).to_have_attribute("aria-pressed", str(part in text).lower())


def test_back_and_forward_step_through_scenes(new_context: NewContext, address: str) -> None:
    page = new_context().new_page()
    page.goto("about:blank")
    page.goto(address)
    settled(page)
    page.evaluate("history.back()")  # that the address gets its scene is no step
    page.wait_for_url("about:blank")
    page.goto(address)
    settled(page)
    before = page.evaluate("history.length")
    tile(page, "L0.H7").click()
    off(page, "L0.H7")
    finished(page)
    tile(page, "L0.mlp").click()
    off(page, "L0.H7,L0.mlp")
    page.get_by_role("link", name="Heads", exact=True).click()
    page.wait_for_url(re.compile("/heads.*off=L0.H7"))
    finished(page)
    assert page.evaluate("history.length") == before + 3, "a step each"

    page.go_back()
    off(page, "L0.H7,L0.mlp")
    page.go_back()
    off(page, "L0.H7")
    finished(page)
    page.get_by_role("button", name="redo").click()  # Back was an undo
    off(page, "L0.H7,L0.mlp")
    finished(page)
    page.go_back()
    off(page, "L0.H7")
    page.go_back()
    off(page, "")
    page.reload()
    settled(page)
    page.go_forward()
    off(page, "L0.H7")
    finished(page)
    page.go_forward()
    off(page, "L0.H7,L0.mlp")
    finished(page)
    for _ in range(2):  # quicker than the page can follow
        page.evaluate("history.back()")
        page.wait_for_timeout(100)
    off(page, "")
    finished(page)
    page.evaluate("history.go(2)")
    off(page, "L0.H7,L0.mlp")


def test_a_study_and_a_question_to_it_are_steps(page: Page, tmp_path: Path) -> None:
    for name in ("one", "two"):
        made_up(tmp_path / "studies" / name)
    box, study = page.get_by_role("textbox", name="One SELECT"), page.get_by_role("combobox", name="Study")

    def stands(question: str, name: str) -> None:
        expect(box).to_have_value(question)
        expect(study).to_have_value(name)
        expect(page).to_have_url(re.compile(f"study={name}&.*sql={question.replace(' ', '.')}"))
        expect(
            page.get_by_text(f"1 row. At the command line: python -m interp study-sql {name} …")
        ).to_be_visible()
        finished(page)

    with dashboard(said={"PUZZLESCOPE_DATA": str(tmp_path)}) as own:
        page.goto(f"{own}/studies?study=one&show=sql&sql=SELECT 1 AS a")
        stands("SELECT 1 AS a", "one")
        before = page.evaluate("history.length")
        box.fill("SELECT 2 AS b")
        page.get_by_role("button", name="Ask").click()
        stands("SELECT 2 AS b", "one")
        study.click()
        page.get_by_role("option", name="two").click()
        stands("SELECT 2 AS b", "two")
        assert page.evaluate("history.length") == before + 2, "a step each"
        page.go_back()
        stands("SELECT 2 AS b", "one")
        page.go_back()
        stands("SELECT 1 AS a", "one")
        page.go_forward()
        stands("SELECT 2 AS b", "one")


def test_a_step_is_not_lost_to_what_the_page_says_in_the_same_moment(
    new_context: NewContext, address: str
) -> None:
    """A board that fills up looks in again and again. Of two messages that wait a server may make one, and of
    the later it takes the page and forgets that the visitor has gone to another."""
    page = new_context().new_page()
    page.add_init_script(SAID_TOO)
    page.goto(f"{address}/?off=L0.H7,L0.mlp")
    settled(page)
    page.get_by_role("link", name="Heads", exact=True).click()
    page.wait_for_url(re.compile("/heads.*off=L0.H7"))
    finished(page)
    page.keyboard.press("]")
    page.wait_for_url(re.compile("/heads.*puzzle=f82f6e8d96"))
    finished(page)
    back = ("history.go(-2)", "Puzzlescope", r"/\?puzzle=9a3726a23b&off=L0.H7")
    forward = ("history.go(2)", "Heads", r"/heads\?puzzle=f82f6e8d96&off=L0.H7")
    for after, (way, heading, place) in ((0, back), (0, forward), (2, back), (2, forward)):
        page.evaluate("after => (window.saidAfter = after)", after)
        page.evaluate(way)
        for _ in range(2):  # and stays there
            expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(f"^{heading}"))
            expect(page).to_have_url(re.compile(place))
            finished(page)


def test_a_page_within_another_hears_of_its_steps_too(new_context: NewContext, address: str) -> None:
    """Its address has a name that Streamlit keeps to itself."""
    page = new_context().new_page()
    page.goto(f"{address}/?embed=true&off=L0.H7")
    settled(page)
    page.keyboard.press("]")
    page.wait_for_url(re.compile("embed=true&puzzle=f82f6e8d96"))
    finished(page)
    page.go_back()
    page.wait_for_url(re.compile("embed=true&puzzle=9a3726a23b"))
    page.wait_for_function("window.puzzlescopeKeeper.awaited === null")


def test_a_step_is_a_page_a_puzzle_an_ablation(new_context: NewContext, address: str) -> None:
    """How they are looked at is none; the title says where one is, and a note stands there as it was
    written."""
    page = new_context().new_page()
    page.goto(f"{address}/?note=see+**row+3**")
    settled(page)
    expect(page.locator(".st-key-note")).to_contain_text("see **row 3**")
    before = page.evaluate("history.length")
    page.keyboard.press("]")
    page.wait_for_url(re.compile("puzzle=f82f6e8d96"))
    finished(page)
    for palette in ("original", "safe"):  # as a link would say it: the switch's place may change
        page.evaluate(f"history.pushState({{}}, '', location.search + '&palette={palette}')")
    tile(page, "L0.H7").click()
    expect(page).to_have_title("grow f82f6e · L0.H7 ablated · Puzzlescope")
    page.wait_for_url(re.compile("off=L0.H7"))
    finished(page)
    assert page.evaluate("history.length") == before + 2
    page.get_by_role("link", name="Heads", exact=True).click()
    expect(page).to_have_title("grow f82f6e · L0.H7 ablated · Heads · Puzzlescope")
    page.wait_for_url(re.compile("/heads.*off=L0.H7"))
    finished(page)
    for puzzle in ("f82f6e8d96.*off", "f82f6e8d96&(?!off)", "9a3726a23b"):
        page.go_back()
        page.wait_for_url(re.compile(f"puzzle={puzzle}"))
        finished(page)
    expect(page.get_by_role("textbox", name="Number of the puzzle")).to_have_value("17")
    expect(page).to_have_title("grow 9a3726 · Puzzlescope")


def test_pages_come_to_life_again_when_their_server_was_restarted(new_context: NewContext) -> None:
    port = free_port()
    with dashboard(port) as address:
        board, lens = (new_context().new_page() for _ in range(2))
        board.goto(f"{address}/?off=L0.H7")
        lens.goto(f"{address}/circuits?show=lens&off=L0.H7")
        expect(board.locator(".board .tile.pending")).to_have_count(0)
        expect(board.locator(".board .tile.approximate")).to_have_count(0)
        for page in (board, lens):
            finished(page)
    tile(board, "L0.mlp").click()  # nobody is there to hear it
    with dashboard(port):
        lens.wait_for_selector("[data-test-connection-state=CONNECTED]")
        lens.get_by_role("link", name="Workbench", exact=True).click()
        lens.wait_for_url(re.compile(r"/\?.*off=L0.H7&"))
        off(board, "L0.H7,L0.mlp")
        board.locator(".st-key-measure").get_by_role("combobox").click()
        board.get_by_role("option", name="loss: changed", exact=True).click()
        board.wait_for_url(re.compile("measure=changed"))
        off(board, "L0.H7,L0.mlp")


def test_another_models_head_is_not_taken_up(new_context: NewContext, address: str) -> None:
    """While a sweep fills up, the page looks in on it again and again, and each time says what its widgets
    show: for a while that is still the head of the model before."""
    page = new_context().new_page()
    page.add_init_script(LATE)
    page.goto(f"{address}/?attention=L4.H5&sample=64")
    expect(page.locator(".board .status")).to_contain_text("of 64 puzzles so far")
    page.evaluate("window.late = 1000")
    page.locator(".st-key-model").get_by_role("combobox").click()
    page.get_by_role("option", name="seed-2", exact=True).click()
    page.wait_for_url(re.compile("model=seed-2"))
    page.wait_for_timeout(2500)
    page.evaluate("window.late = 0")
    head = re.search("attention=([^&]*)", page.url)
    assert head is not None and head[1] == "L2.H4", "the head of this model that copies"
    layer = page.locator(".st-key-attention-layer-seed-2").get_by_role("radio", checked=True)
    expect(layer).to_have_text("2")
