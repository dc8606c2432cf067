"""The views of the lens, the attribution and the patching: what they draw and say, what they make of what
comes back, and, in a real Chromium, the film."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from playwright.sync_api import Browser, Page, expect
from streamlit.testing.v1 import AppTest

from app.widgets import patching as patch_view
from app.widgets.charts import attribution as attribution_view
from app.widgets.lens_film import film as lens_film
from app.widgets.pair import grids as pair_grids
from app.widgets.patching import EDITED, PAIR, Patching, source_of
from app.widgets.puzzle_strip import PLAIN
from interp.ablation import NO_ABLATION, parse_ablation
from interp.analyses.activation_patching import (
    Edit,
    first_edit,
    recoloured,
)
from interp.analyses.logit_lens import LogitLens
from interp.figures.draft import Draft
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles
from interp.tokens import STRUCTURES
from scripts.dashboard import SECONDS
from tests.support.models import SMALL
from tests.support.pages import plain
from tests.support.results import attribution

COMPONENTS = Path(lens_film.__file__).parent


# ---- made by hand ------------------------------------------------------------------------------------------


def lens() -> LogitLens:
    """Five stages; the truth is red (1). Cell 0 is right from the third on, cell 1 never, all others
    always."""
    chances = np.full((5, 100, 15), 0.01, np.float32)
    chances[:, :, 1] = 0.86
    chances[:2, 0, [1, 4]] = [0.2, 0.67]
    chances[:, 1, [1, 12]] = [0.3, 0.57]
    return LogitLens(("embed", "L0.attn", "L0.mlp", "L1.attn", "L1.mlp"), chances, np.ones(100, int))


@pytest.fixture(scope="module")
def bank() -> PuzzleSet:
    return load_puzzles("bank", task="frame", structure=STRUCTURES[0])


# ---- components --------------------------------------------------------------------------------------------


def test_what_the_film_gets() -> None:
    data = lens_film.data(lens(), PLAIN, parse_ablation("L0.attn:mean,L1.attn:lookback=1,L0.H1", SMALL), 5)
    assert data["brief"] == ["e", "0a", "0m", "1a", "1m"] and data["cell"] == 5
    assert data["off"] == [False, True, False, False, False]
    assert data["tokens"][0][:3] == [4, 12, 1] and data["tokens"][2][0] == 1
    assert data["settled"][:3] == [2, 5, 0] and data["ofTruth"][0][0] == pytest.approx(0.2)
    assert len(data["names"]) == len(data["short"]) == 15


@pytest.mark.parametrize(
    ("sent", "told"), [(0, [0]), (99, [99]), (100, []), (-1, []), ("7", []), (True, []), (None, [])]
)
def test_only_a_cell_is_passed_on(monkeypatch: pytest.MonkeyPatch, sent: object, told: list[int]) -> None:
    mounted: dict = {}
    monkeypatch.setattr(lens_film, "_film", lambda **arguments: mounted.update(arguments))
    monkeypatch.setattr(st, "session_state", {"film": {"cell": sent}})
    heard: list[int] = []
    lens_film.show(lens(), key="film", on_cell=heard.append)
    mounted["on_cell_change"]()
    assert heard == told


@pytest.mark.parametrize(
    ("sent", "told"), [("0", [0]), ("99", [99]), ("100", []), ("-1", []), ("²", []), ("x", [])]
)
def test_only_a_cell_of_a_map_is_passed_on(
    monkeypatch: pytest.MonkeyPatch, sent: str, told: list[int]
) -> None:
    mounted: dict = {}
    monkeypatch.setattr(attribution_view.clickable_chart, "show", lambda figure, **rest: mounted.update(rest))
    heard: list[int] = []
    attribution_view.show_cells(Draft(), name="cells", key="k", on_cell=heard.append)
    mounted["on_click"]([sent])
    assert heard == told


def test_the_sum_is_said() -> None:
    said = attribution().summary(7)
    assert said == (
        "At row 1, column 8 the 10 parts sum to +1.250, the run's own logits of red over green differ by"
        " +1.250."
        " Largest: L0.mlp +4.00, L1.H1 -3.00, bias +0.25."
    )


def test_the_source_is_the_one_that_is_chosen(bank: PuzzleSet) -> None:
    puzzle, others = bank[0], list(bank[1:4])
    assert source_of(puzzle, others, Patching()) == others[0]
    assert source_of(puzzle, others, Patching(others[2].id)) == others[2]
    assert source_of(puzzle, others, Patching("no such puzzle")) == others[0]
    assert source_of(puzzle, [], Patching()) is None
    edit = first_edit(puzzle)
    changed = source_of(puzzle, others, Patching(edit))
    assert changed == recoloured(puzzle, edit.place, edit.row, edit.column, edit.color)
    was = int(puzzle.grids[2, edit.row, edit.column])
    assert was > 0 and edit.place == 2
    assert source_of(puzzle, others, Patching(Edit(2, edit.row, edit.column, was))) is None
    blank = Puzzle.of("frame", np.where(puzzle.tokens < 11, 0, puzzle.tokens))
    assert source_of(blank, [], Patching(first_edit(blank))) is not None


def views_page() -> None:
    import streamlit as st

    from app.widgets import patching as patch_view
    from app.widgets.charts import attribution as attribution_view
    from app.widgets.lens_film import film as lens_film
    from app.widgets.patching import Patching
    from interp.puzzles import load_puzzles
    from interp.tokens import STRUCTURES
    from tests.app.widgets.test_lens_views import lens
    from tests.support.results import attribution, nothing_patched, patched

    state = st.session_state
    state.setdefault("choice", Patching())
    state.setdefault("tokens", (None, None))
    lens_film.show(lens(), key="film", cell=3, on_cell=print)
    attribution_view.show(
        attribution(),
        key="dla",
        cell=7,
        part="L9.H9",
        tokens=state.tokens,
        on_part=print,
        on_cell=print,
        on_tokens=lambda tokens: state.update(tokens=tokens),
    )
    bank = load_puzzles("bank", task="frame", structure=STRUCTURES[0])

    def choose(choice) -> None:
        state.choice = choice

    patch_view.show_choices(bank[0], list(bank[1:4]), state.choice, key="patch", on_change=choose)
    patch_view.show_edit_of(bank[0], state.choice, key="patch", on_change=choose)
    known = {
        "none": (None, 0.0, False),
        "begun": (nothing_patched(), 0.1, False),
        "some": (patched(complete=False), None, True),
        "all": (patched(state.choice.kind), None, False),
    }
    for name, (effects, progress, stopped) in known.items():
        patch_view.show(
            effects,
            state.choice,
            progress=progress,
            stopped=stopped,
            key=name,
            cell=9 if name == "some" else 0,
            on_cell=lambda cell: state.update(cell=cell),
            on_change=choose,
            on_stop=lambda: state.update(asked="stop"),
            on_again=lambda: state.update(asked="again"),
        )


def test_all_views_stand_on_a_page_and_report_what_is_chosen() -> None:
    page = AppTest.from_function(views_page, default_timeout=SECONDS).run()
    assert not page.exception
    said = [plain(caption.value) for caption in page.caption]
    more = [plain(text.value) for text in page.markdown]
    for view in (lens_film, attribution_view, patch_view):
        assert plain(view.SHORT) in said and plain(view.ABOUT) in more
    assert any("10 parts sum to +1.250" in one for one in said)
    page.button(key="begun-stop").click().run()
    assert page.session_state["asked"] == "stop"
    page.button(key="some-again").click().run()
    assert page.session_state["asked"] == "again"
    page.button(key="some-most").click().run()
    assert page.session_state["cell"] == 0, "where the runs differ most"
    page.selectbox(key="dla-toward").set_value(4).run()
    assert page.session_state["tokens"] == (4, None)
    page.selectbox(key="dla-over").set_value(4).run()
    assert page.session_state["tokens"] == (4, 4) and not page.exception
    page.selectbox(key="dla-toward").set_value(-1).run()
    assert page.session_state["tokens"] == (None, 4)


def test_the_choices_of_patching() -> None:
    page = AppTest.from_function(views_page, default_timeout=SECONDS).run()
    page.button_group(key="patch-kind").set_value("z").run()
    assert page.session_state["choice"].kind == "z"
    page.selectbox(key="all-block").set_value("[X]").run()
    assert page.session_state["choice"].block == "[X]"
    page.button_group(key="patch-detail").set_value("rows").run()
    assert page.session_state["choice"] == Patching(kind="z", detail="rows")
    other = list(page.selectbox(key="patch-source").options)
    assert other[-1] == EDITED and len(other) == 5
    page.selectbox(key="patch-source").set_value(PAIR).run()
    page.selectbox(key="patch-pair").set_value("input").run()
    page.button(key="patch-another").click().run()
    page.button_group(key="patch-way").set_value("denoising").run()
    page.button_group(key="patch-over").set_value("first").run()
    paired = page.session_state["choice"]
    assert (paired.source, paired.pair, paired.seed, paired.way) == (PAIR, "input", 1, "denoising")
    assert paired.measured_over == "first"
    page.selectbox(key="patch-source").set_value(EDITED).run()
    assert isinstance(page.session_state["choice"].source, Edit)
    page.selectbox(key="patch-column").set_value(9).run()
    page.selectbox(key="patch-color").set_value(8).run()
    edit = page.session_state["choice"].source
    assert (edit.column, edit.color, edit.place) == (9, 8, 2) and not page.exception


def test_pictures_of_the_source_cannot_be_broken_out_of(
    bank: PuzzleSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(pair_grids.st, "html", drawn.append)
    edit = first_edit(bank[0])
    changed = source_of(bank[0], [], Patching(edit))
    assert changed is not None
    pair_grids.show_marked(changed, changed.grids != bank[0].grids)
    pictures = [base64.b64decode(one).decode() for one in re.findall(r"base64,([^\"]+)", drawn[0])]
    outlined = [picture.count('stroke="#000000"') for picture in pictures]
    assert outlined == [0, 0, 1, 0], "the cell that was edited"


# ---- the film in a browser ---------------------------------------------------------------------------------

PAGE = """<!doctype html><meta charset="utf-8"><style>
:root { --st-text-color: #1f2328; --st-background-color: #ffffff; --st-secondary-background-color: #f5f6f7;
        --st-border-color: #d5d9de; --st-primary-color: #c8401a; --st-font: sans-serif; }
body { margin: 0 }</style><div id="host"></div>"""
MOUNT = """async ([source, data]) => {
  const address = () => URL.createObjectURL(new Blob([source], { type: "text/javascript" }))
  window.component ??= (await import(address())).default
  window.sent ??= []
  const setTriggerValue = (name, value) => window.sent.push([name, value])
  window.cleanup = window.component({ data, parentElement: document.getElementById("host"), setTriggerValue })
}"""


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page(viewport={"width": 1100, "height": 700})
    page.set_default_timeout(1000 * SECONDS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_content(PAGE)
    page.add_style_tag(path=COMPONENTS / "film.css")
    mount(page)
    yield page
    page.context.close()
    assert errors == []


def mount(page: Page, cell: int | None = 7, film: LogitLens | None = None) -> None:
    data = lens_film.data(film or lens(), PLAIN, NO_ABLATION, cell)
    page.evaluate(MOUNT, [lens_film.SCRIPT, data])


@pytest.mark.browser
def test_the_film_opens_at_its_end_and_is_stepped_by_keys(page: Page) -> None:
    expect(page.locator(".panel .title").first).to_have_text("After L1.mlp")
    slider = page.get_by_role("slider", name="Stage")
    slider.focus()
    slider.press("Home")
    expect(page.locator(".panel .title").first).to_have_text("After embed")
    expect(page.locator(".panel .note").first).to_have_text("98 of 100 right")
    assert slider.get_attribute("aria-valuetext") == "after embed, 98 of 100 right"
    slider.press("ArrowRight")
    expect(page.locator(".thumb[aria-current=true]")).to_have_attribute(
        "aria-label", "After L0.attn: 98 of 100 cells right"
    )
    page.get_by_role("button", name="After L0.mlp: 99 of 100 cells right").click()
    expect(page.locator(".panel .title").first).to_have_text("After L0.mlp")
    mount(page, cell=8)
    expect(page.locator(".panel .title").first).to_have_text("After L0.mlp"), "a new run keeps the stage"


@pytest.mark.browser
def test_a_cell_is_read_off_and_chosen_by_pointer_and_keys(page: Page) -> None:
    page.locator(".thumb").first.locator(".cell").first.hover()
    said = page.locator(".said")
    expect(said).to_have_text(
        "After embed, row 1, column 1: yellow, 67.0 %, wrong: the truth is red, 20.0 %; right from L0.mlp on."
    )
    expect(page.locator(".course .title")).to_have_text("Row 1, column 1, stage by stage")
    large = page.get_by_role("grid").first
    large.get_by_role("gridcell").first.focus()
    page.keyboard.press("ArrowRight")
    expect(said).to_contain_text(
        "row 1, column 2: marker f(X), 57.0 %, wrong: the truth is red, 30.0 %; not right at the end."
    )
    page.keyboard.press("PageUp")
    expect(page.locator(".panel .title").first).to_have_text("After L1.attn")
    page.keyboard.press("Enter")
    large.get_by_role("gridcell").nth(43).click()
    assert page.evaluate("window.sent") == [["cell", 1], ["cell", 43]]
    page.keyboard.press("Escape")


@pytest.mark.browser
def test_wrong_cells_are_outlined_and_the_map_says_when_each_is_right(page: Page) -> None:
    outlined = (
        "(svg) => svg.querySelectorAll('path')[svg.querySelectorAll('path').length - 1].getAttribute('d')"
    )
    assert page.locator(".panel svg").first.evaluate(outlined).count("M") == 1
    assert page.locator(".thumb svg").first.evaluate(outlined).count("M") == 2
    settled = page.get_by_role("grid", name="The stage from which each cell is right and stays right")
    labels = [settled.get_by_role("gridcell").nth(k).get_attribute("aria-label") for k in range(3)]
    assert labels == [
        "row 1, column 1: right from L0.mlp on",
        "row 1, column 2: not right at the end",
        "row 1, column 3: right from embed on",
    ]
    assert page.locator(".panel .note").nth(1).inner_text() == "1 never"


@pytest.mark.browser
def test_it_plays_to_its_end_and_stops(page: Page) -> None:
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".panel .title").first).to_have_text("After embed")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.locator(".panel .title").first).to_have_text("After L1.mlp")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


@pytest.mark.browser
def test_uncertain_cells_fade_if_asked(page: Page) -> None:
    cell = page.get_by_role("grid").first.get_by_role("gridcell").nth(1)
    assert cell.get_attribute("fill-opacity") == "1"
    page.get_by_role("checkbox", name="fade what is uncertain").check()
    assert float(cell.get_attribute("fill-opacity") or 1) == pytest.approx(0.57)


@pytest.mark.browser
def test_a_model_of_other_depth_takes_the_place(page: Page) -> None:
    shorter = LogitLens(("embed", "L0.attn", "L0.mlp"), lens().probabilities[:3], np.ones(100, int))
    mount(page, film=shorter)
    expect(page.locator(".thumb")).to_have_count(3)
    expect(page.locator(".panel .title").first).to_have_text("After L0.mlp")
    mount(page)
    expect(page.locator(".thumb")).to_have_count(5)
