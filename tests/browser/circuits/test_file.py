"""A circuit's HTML file, from the disk and without a network; the dashboard draws by the same script."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from interp.figures.circuit import CircuitPicture, PictureState, Said, html, picture_of, read_state
from interp.figures.circuit.scene import scene_of
from interp.figures.circuit.svg import svg
from tests.browser.conftest import NewContext
from tests.support.results import TWELVE, random_scores

pytestmark = pytest.mark.browser

LABELS = {"L1.H0": "copy", "L1.H2": "copy", "L2.H1": "previous token"}
MOST_MILLISECONDS = 2000
"""For 400 edges, which take less than 200 on a machine that is not busy."""


def small(n: int = 60) -> CircuitPicture:
    scores = random_scores()
    return picture_of(scores, scores.top(n), model="small", labels=LABELS)


@pytest.fixture
def page(new_context: NewContext) -> Iterator[Page]:
    """Without a network; any error or request fails the test."""
    page = new_context(offline=True).new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("request", lambda one: None if one.url.startswith(("file:", "data:")) else wrong.append(one.url))
    yield page
    assert wrong == []


def opened(page: Page, folder: Path, picture: CircuitPicture, state: PictureState | None = None) -> None:
    file = folder / "circuit.html"
    file.write_text(html(picture, Said([]), state=state or PictureState()))
    page.goto(file.as_uri())
    page.locator(".box").first.wait_for()


def numbers(paths: list[str]) -> np.ndarray:
    return np.array([[float(one) for one in re.findall(r"-?[\d.]+", path)] for path in paths])


STATES = {
    "plain": PictureState(),
    "made": PictureState(
        least=0.5,
        block="copied",
        kinds=("q", "v", "mlp", "logits"),
        groups=(("L1.H0", "L1.H2"),),
        places={"L1.H0+L1.H2": (0.9, 100.0)},
        pinned=("L2.H1",),
        hidden=("L0.H3",),
    ),
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_the_browser_and_the_svg_draw_the_same(page: Page, tmp_path: Path, state: PictureState) -> None:
    scores = random_scores()
    picture = picture_of(scores, labels=LABELS)
    opened(page, tmp_path, picture, state)
    width = page.locator("#graph svg").evaluate("svg => svg.width.baseVal.value")
    drawn = page.locator("#graph .edge").evaluate_all(
        "all => all.map(one => ['d', 'class', 'stroke-width'].map(name => one.getAttribute(name)))"
    )
    scene = scene_of(picture, state, width)
    assert len(drawn) == len(scene.edges) > 20
    for (_, name, thickness), edge in zip(drawn, scene.edges, strict=True):
        assert name.split() == ["edge", edge.kind, *(["harms"] if edge.value < 0 else [])]
        assert float(thickness) == pytest.approx(edge.width, abs=0.011)
    own = numbers([path for path, _, _ in drawn])
    assert np.abs(own - numbers([edge.path for edge in scene.edges])).max() < 0.11
    written = ET.fromstring(svg(picture, state, width=width))
    paths = [one.get("d") for one in written.iter("{http://www.w3.org/2000/svg}path") if one.get("class")]
    assert np.abs(own - numbers(paths)).max() < 0.11


ALONG = """path => {
  const { x, y } = path.getPointAtLength(path.getTotalLength() * 0.2).matrixTransform(path.getScreenCTM())
  return [x, y]
}"""


def test_a_visitor_walks_in_it(page: Page, tmp_path: Path) -> None:
    picture = small()
    opened(page, tmp_path, picture)
    edges, said = page.locator("#graph .edge"), page.locator("#graph output")
    expect(edges).to_have_count(len(picture.edges))
    page.get_by_role("slider").fill("500")
    few = edges.count()
    assert 1 < few < len(picture.edges) and said.inner_text().startswith(f"{few} of {len(picture.edges)}")
    page.get_by_role("slider").fill("1000")
    expect(said).to_have_text(f"all {len(picture.edges)}")
    page.get_by_role("slider").fill("500")
    edge = picture.edges[0]
    writer = page.locator(f'.box[data-box="{edge.writer}"]')
    writer.hover()
    panel = page.get_by_role("region", name="Edges, with numbers")
    expect(panel).to_contain_text("Is read by")
    out = [
        value for one, value in zip(picture.edges, picture.values, strict=True) if one.writer == edge.writer
    ]
    expect(panel).to_contain_text(f"Is read by {len(out)}")
    expect(page.locator(".edge.near").first).to_be_attached()
    point = page.locator("#graph .edge").first.evaluate(ALONG)
    page.mouse.move(*point)
    expect(panel).to_contain_text("By positions")
    page.get_by_label("Positions").select_option("copied")
    page.get_by_role("button", name="into keys").click()
    expect(page.locator(".edge.k")).to_have_count(0)


def test_boxes_are_merged_named_and_split_by_keys(page: Page, tmp_path: Path) -> None:
    opened(page, tmp_path, small())
    for name in ("L2.H1", "L2.mlp"):
        page.locator(f'.box[data-box="{name}"]').focus()
        page.keyboard.press("Space")
    page.keyboard.press("m")
    group = page.locator('.box[data-box="L2.H1+L2.mlp"]')
    expect(group).to_be_focused()
    page.keyboard.press("n")
    page.get_by_label("Name of the chosen box").fill("answers")
    page.keyboard.press("Enter")
    expect(group).to_be_focused()
    assert "answers, L2.H1 L2.mlp, reads" in group.get_attribute("aria-label")
    before = group.get_attribute("transform")
    page.keyboard.press("Shift+ArrowLeft")
    assert group.get_attribute("transform") != before
    page.keyboard.press("Space")
    page.keyboard.press("m")
    expect(page.locator('.box[data-box="L2.H1"]')).to_be_focused()
    page.keyboard.press("h")
    expect(page.locator('.box[data-box="L2.H1"]')).to_have_count(0)
    page.get_by_role("button", name="Reset").click()
    expect(page.locator('.box[data-box="L2.H1"]')).to_have_count(1)


def test_every_box_is_reached_by_arrows(page: Page, tmp_path: Path) -> None:
    picture = small()
    opened(page, tmp_path, picture)
    reached = page.evaluate(
        """() => {
          const given = JSON.parse(document.getElementById("given").textContent)
          const boxes = boxesOf(given.picture, given.state, 800)
          const reached = new Set(["embed"])
          for (const box of reached)
            for (const way of ["Up", "Down", "Left", "Right"])
              reached.add(boxAfter(`Arrow${way}`, box, boxes))
          return [...reached]
        }"""
    )
    assert set(reached) == set(picture.parts)


ENDED = """() => {
  const given = JSON.parse(document.getElementById("given").textContent)
  const graph = new CircuitGraph(document.body.appendChild(document.createElement("div")), {})
  graph.update(given.picture, given.state)
  const found = []
  for (const at of [500, 1000]) {
    graph.tools.range.value = at
    graph.tools.range.dispatchEvent(new Event("input"))
    found.push(graph.state.least)
  }
  return found
}"""


def test_a_slider_at_its_end_leaves_nothing_in_the_state(page: Page, tmp_path: Path) -> None:
    opened(page, tmp_path, small())
    some, all_ = page.evaluate(ENDED)
    assert some > 0 and all_ is None


MADE = """async () => {
  const given = JSON.parse(document.getElementById("given").textContent)
  const told = []
  const place = document.body.appendChild(document.createElement("div"))
  const graph = new CircuitGraph(place, { state: (state) => told.push(state) })
  graph.update(given.picture, null)
  graph.mergeByRole()
  for (const box of ["L2.mlp", "L2.H0", "L2.H1"]) graph.choose(box)
  graph.merge() // what is merged is chosen: it can be named at once
  graph.name("answers")
  graph.pin()
  graph.place(graph.at, 300, 100)
  graph.changed()
  const box = graph.at
  await new Promise((resolve) => setTimeout(resolve, 500))
  graph.state.least = 0.5 // not told yet
  graph.chosen.clear()
  graph.choose("L1.H1")
  graph.update(given.picture, told.at(-1)) // what comes back does not undo it, nor what was chosen meanwhile
  const kept = graph.state.least
  const chosen = [...graph.chosen]
  graph.update(given.picture, { ...told.at(-1), least: 0.25 })
  return [told, box, kept, graph.state.least, chosen, graph.chosen.size]
}"""


def test_what_is_made_of_it_is_told_and_understood(page: Page, tmp_path: Path) -> None:
    picture = small()
    opened(page, tmp_path, picture)
    (told, box, kept, least, chosen, left) = page.evaluate(MADE)
    assert len(told) == 1 and (kept, least) == (0.5, 0.25)
    assert chosen == ["L1.H1"] and left == 0
    state = read_state(told[0], picture)
    assert state.groups == (("L1.H0", "L1.H2"), ("L2.H0", "L2.H1", "L2.mlp"))
    assert state.names == {box: "answers"} and state.pinned == (box,) and box in state.places


ASKED = """(edge) => {
  const given = JSON.parse(document.getElementById("given").textContent)
  const place = document.body.appendChild(document.createElement("div"))
  const graph = new CircuitGraph(place, { event: () => {} })
  const seen = []
  for (const asked of [{ off: ["L1.H0"], cut: [edge] }, { off: [], cut: [] }]) {
    graph.update(given.picture, null, asked)
    const off = [...place.querySelectorAll(".box.off")].map((box) => box.dataset.box)
    const spoken = graph.nodes["L1.H0"].getAttribute("aria-label").includes("ablated")
    seen.push([off, place.querySelectorAll(".crosses .stroke").length, spoken])
  }
  return seen
}"""


def test_what_is_ablated_and_cut_is_marked(page: Page, tmp_path: Path) -> None:
    picture = small()
    opened(page, tmp_path, picture)
    edge = picture.graph.listed(picture.kept)[0]
    assert page.evaluate(ASKED, edge.text) == [[["L1.H0"], 1, True], [[], 0, False]]


CUT_BY_KEY = """() => {
  const given = JSON.parse(document.getElementById("given").textContent)
  const place = document.body.appendChild(document.createElement("div"))
  const graph = new CircuitGraph(place, { event: () => {} })
  graph.update(given.picture, null)
  place.querySelectorAll(".panel button")[2].focus()
  const before = document.activeElement
  const { source, target, members } = graph.shown[2]
  const [from, to] = [graph.picture.from[members[0]], graph.picture.to[members[0]]]
  const cut = [`${given.picture.writers[from]}->${given.picture.readers[to]}`]
  graph.update(given.picture, null, { off: [], cut })
  const after = document.activeElement
  const said = [graph.spoken(source), graph.spoken(target)]
  return [before.textContent, after.textContent, before === after, after.title, ...said]
}"""


def test_who_cuts_an_edge_in_the_list_stays_there_and_hears_numbers(page: Page, tmp_path: Path) -> None:
    opened(page, tmp_path, small())
    before, after, same, title, writer, reader = page.evaluate(CUT_BY_KEY)
    assert after == before and not same and title.endswith("Click to mend it.")
    assert re.search(r"read by \d+, most \S+ [+−]\d", writer)
    assert re.search(r"reads \d+ edges?, most \S+ [+−]\d", reader)


TIMED = """async (least) => {
  const given = JSON.parse(document.getElementById("given").textContent)
  const place = document.body.appendChild(document.createElement("div"))
  const from = performance.now()
  new CircuitGraph(place, {}).update(given.picture, { ...given.state, least })
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
  const said = place.querySelector("output").textContent
  return [place.querySelectorAll(".edge").length, said, performance.now() - from]
}"""


def test_400_edges_are_drawn_at_once_and_15355_do_not_hang_the_browser(page: Page, tmp_path: Path) -> None:
    picture = picture_of(random_scores(TWELVE))
    opened(page, tmp_path, picture)
    count, _, taken = page.evaluate(TIMED, abs(picture.values[399]))
    assert 400 <= count <= 402 and taken < MOST_MILLISECONDS
    count, said, taken = page.evaluate(TIMED, 0)
    assert count == 1000 and taken < 5 * MOST_MILLISECONDS
    assert said == "the strongest 1,000 are drawn, of 15,355 that are as strong"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_grave_is_found(page: Page, tmp_path: Path, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, tmp_path, small())
    page.locator(".box").nth(2).focus()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    grave = [
        one for one in Axe().run(page).response["violations"] if one["impact"] in {"serious", "critical"}
    ]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in grave] == []
