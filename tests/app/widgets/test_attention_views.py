"""Both attention views: what they send, what they make of what comes back, and, in a real Chromium, what a
visitor sees."""

import base64
import gzip
import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from playwright.sync_api import Browser, Page, Route, expect
from streamlit.testing.v1 import AppTest

from app.server.parcels import PARCELS
from app.startup.bundles import CIRCUITSVIS, ensure_bundle
from app.widgets.grid_attention import view as grid_attention
from app.widgets.grid_attention.choice import Choice, read_choice
from app.widgets.grid_attention.view import Tag, message
from app.widgets.palette import CELL_COLORS
from app.widgets.token_attention import view as attention_view
from app.widgets.token_attention.view import bands_of, names_of, positions_of
from app.widgets.token_attention.window import MOST_TOKENS, Window, length, read_window
from interp.analyses.attention import LayerAttention, packed, quantise
from interp.errors import PuzzlescopeError
from interp.puzzles import Puzzle, load_puzzles
from interp.tokens import cell_position, marker_position, predicting_position
from scripts.dashboard import SECONDS
from tests.support.places import ROOT

WIDGETS = ROOT / "app" / "widgets"
SCRIPTS = {
    "grid_attention": grid_attention.SCRIPT,
    "token_attention": attention_view.SCRIPT,
}
N_HEADS = 8


@pytest.fixture(scope="module")
def puzzle() -> Puzzle:
    return load_puzzles("bank", task="frame", limit=1)[0]


@pytest.fixture(scope="module")
def attention() -> LayerAttention:
    """Every head rests on the start token, but for a few entries known by name; head 5 is off."""
    pattern = np.zeros((N_HEADS, 405, 405), dtype=np.float32)
    pattern[:, :, 0] = 1
    here = predicting_position(3, 6)
    pattern[1, here, 0], pattern[1, here, cell_position(2, 3, 6)] = 0.17, 0.83
    pattern[2, here, 0], pattern[2, here, marker_position(1)] = 0.4, 0.6
    asking = cell_position(0, 5, 5) - 1
    pattern[4, asking, 0], pattern[4, asking, cell_position(0, 2, 2)] = 0.25, 0.75
    norms = np.ones((N_HEADS, 405), dtype=np.float32)
    norms[:, 0] = 0.1
    norms[1] *= 3
    off = np.arange(N_HEADS) == 5
    norms[off] = 0
    return LayerAttention(pattern, norms, off)


def unpacked(data: bytes) -> tuple[dict[str, Any], bytes]:
    (length,) = struct.unpack_from("<I", data)
    return json.loads(data[4 : 4 + length]), data[4 + length :]


# ---- the grids: what is sent, and what comes back ----------------------------------------------------------


def fetched(address: str) -> bytes:
    """What a browser finds there."""
    parcel = PARCELS.get(address.removeprefix("parcels/"))
    assert parcel is not None
    return gzip.decompress(parcel.packed)


def test_the_message_says_all_that_is_drawn(attention: LayerAttention, puzzle: Puzzle) -> None:
    data = message(attention, puzzle, Choice(336), layer=2, note="the run", colors=CELL_COLORS)
    assert data["heads"] == N_HEADS and data["off"] == attention.off.tolist()
    assert data["cells"] == puzzle.grids.ravel().tolist()
    assert data["names"] == puzzle.structure.name.split(" ")
    assert data["choice"] == {"cell": 336, "view": "from", "weighting": "attention", "head": None}
    assert data["largest"] == pytest.approx(3 * 0.83), "attention times norm, where that is largest"
    assert len(json.dumps(data)) < 3000, "weights are not part of it"


def test_the_weights_are_fetched_in_two_parts_a_byte_each(attention: LayerAttention, puzzle: Puzzle) -> None:
    data = message(attention, puzzle, Choice(336), layer=2, note="", colors=CELL_COLORS)
    answer, others = fetched(data["answer"]), fetched(data["others"])
    norms = np.frombuffer(answer[: 4 * N_HEADS * 405], "<f4").reshape(N_HEADS, 405)
    assert np.array_equal(norms, attention.value_norms)
    rows = np.frombuffer(answer[norms.nbytes :], np.uint8).reshape(N_HEADS, -1)
    before = np.frombuffer(others, np.uint8).reshape(N_HEADS, -1)
    assert np.array_equal(np.concatenate([before, rows], axis=1), quantise(attention.pattern))
    query = data["firstQuery"]
    assert before.shape[1] == query * (query + 1) // 2 and query == predicting_position(0, 0)


def test_addresses_change_only_with_what_stands_there(attention: LayerAttention, puzzle: Puzzle) -> None:
    def addresses(attention: LayerAttention, choice: Choice) -> tuple[str, str]:
        data = message(attention, puzzle, choice, layer=2, note="", colors=CELL_COLORS)
        return data["answer"], data["others"]

    first = addresses(attention, Choice(336))
    assert addresses(attention, Choice(47, "to", head=3)) == first
    same = LayerAttention(attention.pattern.copy(), attention.value_norms.copy(), attention.off)
    assert addresses(same, Choice(336)) == first, "an ablation that this layer does not see"
    changed = attention.pattern.copy()
    changed[0, predicting_position(0, 0), :2] = 0.5
    other = addresses(LayerAttention(changed, attention.value_norms, attention.off), Choice(336))
    assert other[0] != first[0] and other[1] == first[1]


@pytest.mark.parametrize(
    ("value", "choice"),
    [
        ({"cell": 347, "view": "from", "weighting": "value", "head": 3}, Choice(347, "from", "value", 3)),
        ({"cell": 0, "view": "to", "weighting": "attention", "head": None}, Choice(0, "to")),
        ({"cell": 399.0, "view": "to", "weighting": "attention", "head": 7.0}, Choice(399, "to", head=7)),
    ],
)
def test_what_a_browser_chooses_is_read(value: object, choice: Choice) -> None:
    found = read_choice(value, N_HEADS)
    assert found == choice and isinstance(found.cell, int)


GOOD = {"cell": 347, "view": "from", "weighting": "attention", "head": None}


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        7,
        "from",
        [],
        {},
        [GOOD],
        {"cell": 347},
        GOOD | {"more": 1},
        GOOD | {"cell": 400},
        GOOD | {"cell": -1},
        GOOD | {"cell": 3.5},
        GOOD | {"cell": True},
        GOOD | {"cell": "347"},
        GOOD | {"cell": None},
        GOOD | {"cell": float("nan")},
        GOOD | {"cell": float("inf")},
        GOOD | {"cell": 10**400},
        GOOD | {"cell": 299},
        GOOD | {"view": "up"},
        GOOD | {"view": ["from"]},
        GOOD | {"view": None},
        GOOD | {"weighting": {}},
        GOOD | {"weighting": "<b>"},
        GOOD | {"head": 8},
        GOOD | {"head": -1},
        GOOD | {"head": 0.5},
        GOOD | {"head": False},
        GOOD | {"head": "0"},
    ],
)
def test_nonsense_from_a_browser_is_ignored(nonsense: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_choice(nonsense, N_HEADS) is None
    heard: list[Choice] = []
    monkeypatch.setattr(st, "session_state", {"key": {"choice": nonsense}})
    grid_attention._report("key", N_HEADS, heard.append)
    assert heard == []
    monkeypatch.setattr(st, "session_state", {"key": {"choice": GOOD}})
    grid_attention._report("key", N_HEADS, heard.append)
    assert heard == [Choice(347)]


def test_a_choice_that_does_not_fit_is_brought_to_the_nearest(
    attention: LayerAttention, puzzle: Puzzle, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(grid_attention, "_view", lambda **arguments: sent.append(arguments["data"]))
    for choice in (Choice(247, "from", head=9), Choice(47, "to"), Choice(1047, "to", head=-1)):
        grid_attention.show(
            attention, puzzle, choice, key="g", layer=0, colors=CELL_COLORS, on_change=lambda choice: None
        )
    shown = [data["choice"] for data in sent]
    assert [(one["cell"], one["head"]) for one in shown] == [(347, None), (47, None), (247, None)]


# ---- tokens for CircuitsVis --------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["pattern", "heads"])
@pytest.mark.parametrize("way", ["rows", "grid", "positions"])
def test_windows_hold_no_more_than_a_browser_draws(what, way) -> None:
    for first in (0, 3, length(way) - 1):
        window = Window(way, first, length(way) - 1, 1).fitted(what)
        positions = positions_of(window)
        assert len(positions) == window.size <= MOST_TOKENS[what]
        assert (np.diff(positions) > 0).all() and positions[0] >= 0 and positions[-1] < 405
        wider = Window(way, window.first, window.last + 1, 1)
        assert window.last == length(way) - 1 or wider.size > MOST_TOKENS[what]


def test_the_same_rows_of_each_grid(puzzle: Puzzle) -> None:
    positions = positions_of(Window("rows", 4, 5))
    names = names_of(positions, puzzle)
    assert len(positions) == len(names) == 1 + 4 * 21
    assert positions[:3].tolist() == [0, 1, 42] and names[0] == "start"
    tokens = np.concatenate([[0], puzzle.tokens])
    assert tokens[positions[[1, 22, 43, 64]]].tolist() == list(puzzle.structure.markers)
    assert np.array_equal(tokens[positions[23:43]], puzzle.grids[1, 4:6].ravel())
    assert [names[k] for k in (1, 22, 43, 64)] == [f"[{title}]" for title in puzzle.structure.name.split(" ")]
    assert not any(re.search(r"\s", name) for name in names)


def test_a_grid_against_the_answer_has_the_positions_that_predict() -> None:
    positions = positions_of(Window("grid", 2, 4, 1))
    assert positions[:30].tolist() == [cell_position(1, i, j) for i in (2, 3, 4) for j in range(10)]
    assert positions[30:].tolist() == [predicting_position(i, j) for i in (2, 3, 4) for j in range(10)]


def test_a_link_holds_the_window() -> None:
    for window in (Window(), Window("rows", 0, 0), Window("grid", 3, 7, 0), Window("positions", 17, 404)):
        assert read_window(window.text) == window


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rows",
        "rows-5-4",
        "rows-4-10",
        "rows2-4-5",
        "grid-0-4",
        "grid3-0-4",
        "positions-0-405",
        "rows--1-2",
        "rows-٣-٤",
    ],
)
def test_a_bad_window_is_one_sentence(text: str) -> None:
    with pytest.raises(PuzzlescopeError, match="Expected tokens such as rows-4-5"):
        read_window(text)


def test_grids_are_marked_off_where_they_stand(puzzle: Puzzle) -> None:
    names = puzzle.structure.name.split(" ")
    rows = Window("rows", 4, 5)
    bands = bands_of(positions_of(rows), "rows", puzzle)
    assert [(band["name"], band["first"], band["length"]) for band in bands] == [
        ("start", 0, 1),
        *((name, 1 + 21 * place, 21) for place, name in enumerate(names)),
    ]
    bands = bands_of(positions_of(Window("grid", 2, 4, 1)), "grid", puzzle)
    assert bands == [
        {"name": names[1], "first": 0, "length": 30},
        {"name": names[3], "first": 30, "length": 30},
    ]
    stretch = bands_of(positions_of(Window("positions", 90, 120)), "positions", puzzle)
    assert [(band["name"], band["length"]) for band in stretch] == [(names[0], 12), (names[1], 19)]


def test_what_circuitsvis_gets(
    attention: LayerAttention, puzzle: Puzzle, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []
    monkeypatch.setattr(attention_view, "_view", lambda **arguments: sent.append(arguments["data"]))
    window = Window("grid", 3, 5, 2)
    attention_view.show(attention, puzzle, window, key="a", layer=1, head=1)
    attention_view.show(attention, puzzle, window, key="a", layer=1, head=None)
    (one, pattern), (many, patterns) = map(unpacked, sent)
    weights = np.frombuffer(pattern, dtype="<u2").reshape(60, 60) / attention_view.DECIMALS
    assert one["view"] == "pattern" and one["heads"] == ["L1 H1"] and one["full"] == 0.83
    assert weights[30 + 6, 6] == pytest.approx(0.83, abs=1e-4) and weights.sum() == weights[30 + 6, 6]
    assert many["heads"][4:6] == ["L1 H4", "L1 H5, ablated"]
    assert np.array_equal(
        np.frombuffer(patterns, dtype="<u2").reshape(8, 60, 60)[1], weights * attention_view.DECIMALS
    )


def controls_page() -> None:
    import streamlit as st

    from app.widgets.token_attention import controls as attention_controls
    from app.widgets.token_attention.window import Window
    from interp.puzzles import load_puzzles

    state = st.session_state
    state.setdefault("chosen", (1, Window()))

    def choose(head, window) -> None:
        state.chosen = (head, window)

    puzzle = load_puzzles("bank", limit=1)[0]
    attention_controls.show(*state.chosen, puzzle, key="c", n_heads=4, on_change=choose)


def test_the_controls_report_what_is_chosen() -> None:
    page = AppTest.from_function(controls_page, default_timeout=SECONDS).run()
    page.button_group(key="c-head").set_value("3").run()
    assert page.session_state["chosen"] == (3, Window("rows", 4, 5))
    page.number_input(key="c-first").set_value(9).run()
    assert page.session_state["chosen"] == (3, Window("rows", 8, 8)), "rows are counted from 1 for a visitor"
    page.number_input(key="c-first").set_value(3).run()
    assert page.session_state["chosen"] == (3, Window("rows", 2, 3)), "the other end follows"
    page.number_input(key="c-last").set_value(10).run()
    assert page.session_state["chosen"] == (3, Window("rows", 8, 9))
    page.number_input(key="c-last").set_value(1).run()
    assert page.session_state["chosen"] == (3, Window("rows", 0, 0))
    page.number_input(key="c-last").set_value(4).run()
    assert page.session_state["chosen"] == (3, Window("rows", 2, 3))
    page.button_group(key="c-way").set_value("grid").run()
    assert page.session_state["chosen"] == (3, Window("grid", 2, 6))
    page.button_group(key="c-place").set_value(0).run()
    assert page.session_state["chosen"] == (3, Window("grid", 2, 6, 0))
    page.button_group(key="c-head").set_value("all").run()
    assert page.session_state["chosen"] == (None, Window("grid", 2, 5, 0)), "eight heads: fewer rows"
    page.button_group(key="c-way").set_value("positions").run()
    assert page.session_state["chosen"] == (None, Window("positions", 0, 84, 0))
    page.number_input(key="c-last").set_value(404).run()
    assert page.session_state["chosen"] == (None, Window("positions", 320, 404, 0))
    assert not page.exception


def view_page() -> None:
    import numpy as np

    from app.widgets.grid_attention import view as grid_attention
    from app.widgets.grid_attention.choice import Choice
    from app.widgets.palette import CELL_COLORS
    from app.widgets.token_attention import view as attention_view
    from app.widgets.token_attention.window import Window
    from interp.analyses.attention import LayerAttention
    from interp.puzzles import load_puzzles

    pattern = np.tile(np.eye(405, dtype=np.float32), (3, 1, 1))
    attention = LayerAttention(pattern, np.ones((3, 405), np.float32), np.zeros(3, bool))
    puzzle = load_puzzles("bank", limit=1)[0]
    options = {"layer": 2, "note": "the run with L1.attn off"}
    grid_attention.show(attention, puzzle, Choice(), key="g", colors=CELL_COLORS, on_change=print, **options)
    attention_view.show(attention, puzzle, Window(), key="a", head=None, **options)


def test_both_views_stand_on_a_page_and_say_which_run_it_is() -> None:
    page = AppTest.from_function(view_page, default_timeout=SECONDS).run()
    assert not page.exception
    said = page.caption[0].value.replace("\\", "")
    assert said.startswith("Layer 2, all heads, in the run with L1.attn off.") and "100%" in said


# ---- in a browser ------------------------------------------------------------------------------------------

PAGE = """<!doctype html><meta charset="utf-8"><style>
:root { --st-text-color: #1f2328; --st-background-color: #ffffff; --st-secondary-background-color: #f5f6f7;
        --st-border-color: #d5d9de; --st-primary-color: #c8401a; --st-font: sans-serif; }
.dark { --st-text-color: #e8e6e3; --st-background-color: #16181c; }
body { margin: 0 } #host { width: 640px }</style><div id="host"></div>"""
MOUNT = """async ([source, sent]) => {
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
  const data = typeof sent === "string" ? bytes(sent) : sent
  const address = () => URL.createObjectURL(new Blob([source], { type: "text/javascript" }))
  window.component ??= (await import(address())).default
  window.sent ??= []
  const setTriggerValue = (name, value) => window.sent.push([name, value])
  const parentElement = document.getElementById("host")
  window.cleanup = window.component({ data, parentElement, setTriggerValue })
}"""


def answer_parcel(route: Route) -> None:
    """As the server answers."""
    name = route.request.url.rpartition("/")[2]
    if PARCELS.get(name) is None:
        route.fulfill(status=404)
    else:
        route.fulfill(body=fetched(name), content_type="application/octet-stream")


@pytest.fixture
def page(chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    page = chromium.new_page(viewport={"width": 900, "height": 900})
    page.set_default_timeout(1000 * SECONDS)
    bundle = ensure_bundle(CIRCUITSVIS, tmp_path).read_text()
    page.route("http://views.test/**", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    page.route(
        "http://views.test/app/static/*",
        lambda route: route.fulfill(body=bundle, content_type="text/javascript"),
    )
    page.route("http://views.test/parcels/*", answer_parcel)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto("http://views.test/")
    yield page
    page.context.close()
    assert errors == []


def mount(page: Page, name: str, data: bytes | dict[str, Any]) -> None:
    page.add_style_tag(path=WIDGETS / name / "view.css")
    sent = base64.b64encode(data).decode() if isinstance(data, bytes) else data
    page.evaluate(MOUNT, [SCRIPTS[name], sent])


@pytest.fixture
def grids(page: Page, attention: LayerAttention, puzzle: Puzzle) -> Page:
    mount_grids(page, attention, puzzle, Choice(336))
    return page


TAGS = [Tag("=", f"role {head}", f"copies {head}") for head in range(N_HEADS)]


def mount_grids(
    page: Page, attention: LayerAttention, puzzle: Puzzle, choice: Choice, note: str = ""
) -> None:
    sent = message(attention, puzzle, choice, layer=1, note=note, colors=CELL_COLORS, tags=TAGS)
    mount(page, "grid_attention", sent)
    page.locator(f".root[data-weights='{sent['answer']} {choice.view}']").wait_for()


def middle(page: Page, canvas: str, cell: int) -> tuple[float, float]:
    """Where on the page a cell (0..399) of a canvas with four grids is."""
    box = page.locator(canvas).bounding_box()
    assert box is not None
    grid = box["height"]
    gap = (box["width"] - 4 * grid) / 3
    place, index = divmod(cell, 100)
    return (
        box["x"] + place * (grid + gap) + (index % 10 + 0.5) * grid / 10,
        box["y"] + (index // 10 + 0.5) * grid / 10,
    )


def point(page: Page, canvas: str, cell: int) -> None:
    page.mouse.move(*middle(page, canvas, cell))


def click(page: Page, canvas: str, cell: int) -> None:
    page.mouse.click(*middle(page, canvas, cell))


def ink(page: Page, canvas: str, cell: int) -> int:
    """How dark the middle of a cell is: 0 for paper, 255 for full opacity on a blank cell."""
    return page.locator(canvas).evaluate(
        """(canvas, cell) => {
          const gap = (canvas.width - 4 * canvas.height) / 3, side = canvas.height / 10
          const x = Math.floor(cell / 100) * (canvas.height + gap) + ((cell % 10) + 0.5) * side
          const y = (Math.floor((cell % 100) / 10) + 0.5) * side
          return 255 - canvas.getContext("2d").getImageData(x, y, 1, 1).data[1]
        }""",
        cell,
    )


def choices(page: Page) -> list[Choice | None]:
    sent = page.evaluate("window.sent")
    assert all(name == "choice" for name, _ in sent)
    return [read_choice(value, N_HEADS) for _, value in sent]


SELECTOR = ".selector canvas"
SAID = "Row 4, column 7 of the answer: L1.H1 looks most at row 4, column 7 of the third grid, 0.83."


def head_map(head: int) -> str:
    return f".map:nth-child({head + 1}) canvas"


@pytest.mark.browser
def test_pointing_shows_where_the_predicting_position_looks(grids: Page) -> None:
    page = grids
    point(page, SELECTOR, 350)
    expect(page.locator(".said")).to_contain_text("Row 6, column 1 of the answer")
    assert ink(page, head_map(1), 236) < 70
    point(page, SELECTOR, 336)
    expect(page.locator(".said")).to_have_text(SAID)
    assert "position 340" in page.locator(".rule").inner_text() and predicting_position(3, 6) == 340
    assert ink(page, head_map(1), 236) > 200 and ink(page, head_map(0), 236) < 70
    expect(page.locator(".map:nth-child(2) .chip")).to_have_text(["start 17 %"])
    expect(page.locator(".map:nth-child(2) .role")).to_have_text("= role 1")
    expect(page.locator(".map:nth-child(2) .role")).to_have_attribute("title", "copies 1")
    expect(page.locator(".map:nth-child(3) .chip")).to_have_text(["start 40 %", re.compile(r"\[.+\] 60 %")])
    expect(page.locator(".map:nth-child(6) .chip").first).to_have_text("ablated")
    point(page, head_map(3), 350)
    expect(page.locator(".said")).to_contain_text("Row 6, column 1 of the answer")
    page.mouse.move(5, 880)
    expect(page.locator(".said")).to_have_text(SAID), "whoever leaves is back at the cell that was kept"
    assert choices(page) == [], "pointing tells the server nothing"


@pytest.mark.browser
def test_a_click_or_enter_keeps_a_cell_and_tells(grids: Page) -> None:
    page = grids
    click(page, SELECTOR, 350)
    click(page, SELECTOR, 47)  # not of the answer: nothing to predict
    click(page, head_map(2), 399)
    assert choices(page) == [Choice(350), Choice(399)]
    page.locator(SELECTOR).focus()
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    expect(page.locator(".said")).to_contain_text("Row 10, column 9 of the answer")
    assert page.locator(SELECTOR).get_attribute("aria-valuetext") == "row 10, column 9 of the answer"
    assert len(choices(page)) == 2
    page.keyboard.press("Enter")
    assert choices(page)[2:] == [Choice(398)]


@pytest.mark.browser
def test_a_head_is_enlarged_and_read_off(grids: Page) -> None:
    page = grids
    page.get_by_role("button", name="Enlarge L1.H1").click()
    expect(page.locator(".maps")).to_be_hidden()
    expect(page.locator(".readout")).to_contain_text(
        "row 4, column 7 of the third grid, 0.83; the start token, 0.17"
    )
    point(page, ".enlarged canvas", 236)
    expect(page.locator(".readout")).to_have_text(
        "Key 240 (row 4, column 7 of the third grid), query 340 (predicts row 4, column 7 of the answer):"
        " 0.831"
    )
    assert cell_position(2, 3, 6) == 240
    point(page, ".enlarged canvas", 399)
    expect(page.locator(".readout")).to_contain_text("the key comes after the query")
    page.get_by_role("button", name="value-weighted").click()
    point(page, ".enlarged canvas", 236)
    expect(page.locator(".readout")).to_contain_text("0.831 × norm 3.00 = 2.49")
    page.get_by_role("button", name="The head after").click()
    expect(page.locator(".enlarged .title")).to_have_text("L1 H2")
    page.keyboard.press("Escape")
    expect(page.locator(".maps")).to_be_visible()
    expect(page.get_by_role("button", name="Enlarge L1.H2")).to_be_focused()
    click(page, head_map(6), 50)
    click(page, ".enlarged canvas", 50)
    expected = [("attention", 1), ("value", 1), ("value", 2), ("value", None), ("value", 6), ("value", None)]
    assert [(one.weighting, one.head) for one in choices(page) if one] == expected


@pytest.mark.browser
def test_who_reads_a_cell_is_drawn_on_the_cell_that_is_predicted(grids: Page) -> None:
    page = grids
    page.get_by_role("button", name="as key").click()
    click(page, SELECTOR, 22)
    assert choices(page) == [Choice(336, "to"), Choice(22, "to")]
    expect(page.locator(".said")).to_have_text(
        "Row 3, column 3 of the first grid: L1.H4 reads it most to predict row 6, column 6 of the first"
        " grid, 0.75."
    )
    assert ink(page, head_map(4), 55) > 200 and ink(page, head_map(4), 54) < 70
    click(page, SELECTOR, 236)
    expect(page.locator(".said")).to_contain_text(
        "L1.H1 reads it most to predict row 4, column 7 of the answer, 0.83"
    )
    assert ink(page, head_map(1), 336) > 200
    page.get_by_role("button", name="as query").click()
    assert choices(page)[-1] == Choice(336), "the same place in the answer"


@pytest.mark.browser
def test_opacity_on_one_scale_or_on_each_heads_own(
    grids: Page, attention: LayerAttention, puzzle: Puzzle
) -> None:
    page = grids
    faint = LayerAttention(attention.pattern * np.float32(0.1), attention.value_norms, attention.off)
    mount_grids(page, faint, puzzle, Choice(336))
    darkness = ink(page, head_map(1), 236)
    assert pytest.approx(darkness, abs=30) == 255 * 0.083**0.5
    page.get_by_role("button", name="per head").click()
    page.wait_for_timeout(100)
    assert ink(page, head_map(1), 236) > 240
    assert choices(page) == [], "that is nobody else's business"


@pytest.mark.browser
def test_the_link_counts_and_late_answers_do_not(
    grids: Page, attention: LayerAttention, puzzle: Puzzle
) -> None:
    page = grids
    click(page, SELECTOR, 350)
    click(page, SELECTOR, 351)
    page.mouse.move(5, 880)
    mount_grids(page, attention, puzzle, Choice(350))
    (
        expect(page.locator(".said")).to_contain_text("Row 6, column 2"),
        "the answer to the first click comes late",
    )
    mount_grids(page, attention, puzzle, Choice(351))
    expect(page.locator(".said")).to_contain_text("Row 6, column 2")
    mount_grids(page, attention, puzzle, Choice(336, head=1), note="the run with L0.attn off")
    expect(page.locator(".said")).to_have_text(SAID)
    expect(page.locator(".enlarged .title")).to_have_text("L1 H1")
    expect(page.locator(".run")).to_have_text("In the run with L0.attn off.")
    assert page.locator(".root").count() == 1
    page.evaluate("window.cleanup()")
    assert page.locator(".root").count() == 0


@pytest.mark.browser
def test_it_fits_follows_the_theme_and_redraws_in_a_frame(grids: Page) -> None:
    page = grids
    for width in (640, 420, 900):
        page.evaluate("width => document.getElementById('host').style.width = `${width}px`", width)
        page.wait_for_timeout(150)
        assert page.evaluate("document.getElementById('host').scrollWidth") <= width
        canvas, holder = (page.locator(name).first.bounding_box() for name in (".map canvas", ".map"))
        assert (
            canvas is not None
            and holder is not None
            and holder["width"] - 41 < canvas["width"] <= holder["width"]
        )
    assert ink(page, head_map(1), 236) > 200
    page.evaluate("document.body.className = 'dark'")
    page.wait_for_timeout(300)
    assert ink(page, head_map(1), 236) < 50, "white on a dark page"


def circuitsvis(puzzle: Puzzle, heads: list[str]) -> bytes:
    positions = positions_of(Window("positions", 0, 19))
    weights = np.tile(np.tril(np.full((20, 20), 5000, dtype=np.uint16)), (len(heads), 1, 1))
    view = "heads" if len(heads) > 1 else "pattern"
    header = {
        "view": view,
        "tokens": names_of(positions, puzzle),
        "heads": heads,
        "label": "Attention",
        "full": 1,
        "bands": bands_of(positions, "positions", puzzle),
    }
    return packed(header | {"bundle": "app/static/circuitsvis.js"}, weights)


@pytest.mark.browser
def test_circuitsvis_draws_and_leaves_nothing_behind(page: Page, puzzle: Puzzle) -> None:
    drawn = page.locator(".attention-view canvas")
    mount(page, "token_attention", circuitsvis(puzzle, ["L1 H0"]))
    expect(drawn).to_have_count(1)
    page.evaluate("window.first = new WeakRef(document.querySelector('.attention-view canvas'))")
    mount(page, "token_attention", circuitsvis(puzzle, ["L1 H0", "L1 H1", "L1 H2 off"]))
    expect(drawn).to_have_count(3)
    expect(page.get_by_text("L1 H2 off")).to_be_visible()
    expect(page.get_by_role("group", name="Attention")).to_be_visible()
    expect(page.get_by_role("img", name="Attention, L1 H1: strongest from ")).to_be_visible()
    box = page.locator(".lines").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 1, box["y"] + box["height"] - 1)
    expect(page.locator(".said")).to_contain_text("looks at start: 0.500")
    page.evaluate("window.kept = document.querySelector('.attention-view canvas')")
    mount(page, "token_attention", circuitsvis(puzzle, ["L1 H0", "L1 H1", "L1 H2 off"]))
    page.wait_for_timeout(300)
    assert page.evaluate("window.kept.isConnected"), "what is drawn already is not drawn again"
    page.evaluate("window.kept = null")
    page.evaluate("window.second = new WeakRef(document.querySelector('.attention-view canvas'))")
    collector = page.context.new_cdp_session(page)
    page.wait_for_timeout(500)
    mount(page, "token_attention", circuitsvis(puzzle, ["L1 H1"]))
    expect(drawn).to_have_count(1)
    page.wait_for_timeout(500)
    collector.send("HeapProfiler.collectGarbage")
    assert page.evaluate("window.first.deref() === undefined && window.second.deref() === undefined")
    page.evaluate("window.cleanup()")
    assert page.locator(".attention-view").count() == 0
