"""Every figure of every page as a plate: what is downloaded is what the page shows."""

import csv
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.state import session
from app.state.scene import Scene, scene_from_query
from app.views.circuits import figures as circuits
from app.views.circuits.choices import CHOICES as CIRCUITS
from app.views.circuits.choices import PAGE
from app.views.heads import figures as heads
from app.views.heads.choices import CHOICES as HEADS
from app.views.shared import attention_plates
from app.views.workbench import answer, pair
from app.views.workbench import figures as workbench
from app.views.workbench.choices import CHOICES as WORKBENCH
from app.widgets.export_menu.figures import Figure
from interp.ablation import NO_ABLATION
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.export.tables import html_table
from interp.figures.paper.report import page
from tests.support.places import ROOT
from tests.support.plates import read, texts_of


@pytest.fixture(scope="module")
def backend() -> Backend:
    return Backend(follow_edits=False)


@pytest.fixture
def scene(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> Scene:
    choices = {PAGE: CIRCUITS, "heads": HEADS, "workbench": WORKBENCH}
    chosen = {name: {key: one.default for key, one in own.items()} for name, own in choices.items()}
    chosen[PAGE]["patch"] = "L1.attn_out@everywhere"
    for module in (circuits, heads, circuits.readers_view, pair):
        monkeypatch.setattr(module, "chosen", chosen.__getitem__)
    monkeypatch.setattr(session, "chosen", chosen.__getitem__)
    for name in ("choices", "attribution_graph"):
        monkeypatch.setattr(f"app.views.circuits.{name}.chosen", chosen.__getitem__)
    for live, name in ((workbench.methods, "compared"), (workbench.synergies, "pairs")):
        monkeypatch.setattr(live, name, lambda *_: None)  # measured when asked for
    return scene_from_query({"off": "L1.attn", "attention": "L1.H4"}, backend)[0]


def _workbench(scene: Scene, backend: Backend) -> dict[str, Figure]:
    return workbench.shown(scene, backend, answer.ask(scene, backend))


def _nothing_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the tasks nor the pairs are measured before a visitor asks for them."""
    monkeypatch.setattr(workbench.sweeps, "task_sweeps", lambda scene: None)
    monkeypatch.setattr(workbench.synergies, "pairs", lambda scene, backend: None)


PAGES: dict[str, Callable[[Scene, Backend], dict[str, Figure]]] = {
    "workbench": _workbench,
    "heads": heads.shown,
    "readers": circuits.readers,
    "lens": circuits.lens,
    "attribution": circuits.attribution,
    "graph": circuits.graph,
    "patching": circuits.patching,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_every_figure_of_a_page_is_a_plate(
    name: str, scene: Scene, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    _nothing_asked_for(monkeypatch)
    plates = {key: figure.plate() for key, figure in PAGES[name](scene, backend).items()}
    assert len({plate.name for plate in plates.values()}) == len(plates)
    for key, plate in plates.items():
        root = read(plate.svg(183.0))
        assert (root[0].text or "") == plate.title and scene.model in (root[1].text or ""), key
        assert texts_of(plate, 183.0)[1] == [], key
        lines = list(csv.reader(plate.csv().splitlines()))
        assert plate.rows and len(lines) > len(plate.rows), key
    whole = page("Page", plates.values(), programs={"it": "print('<b>')"}, date="2026-11-27")
    assert whole.count("<figure>") == len(plates) and "print(&#x27;&lt;b&gt;&#x27;)" in whole
    assert not re.search(r"""(src|href)="(?!data:|#)|<script|url\((?!#)""", whole), "it asks for nothing"
    ids = re.findall(r'\bid="([^"]+)"', whole)
    assert len(ids) == len(set(ids))


def test_the_strip_is_saved_with_what_is_pinned_and_the_other_model(
    scene: Scene, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    _nothing_asked_for(monkeypatch)
    pinned = replace(scene, pin=scene.ablation, ablation=NO_ABLATION, beside="seed-2")
    plate = _workbench(pinned, backend)["answer"].plate()
    grids = plate.drawing.grids
    assert [grid.title for grid in grids[4:]] == ["Pinned", "Now", "seed-2"]
    assert (
        grids[4].cells.tolist()
        == backend.ask(scene.model, PredictionOf(scene.puzzle, pinned.pin)).greedy[0].tolist()
    )
    assert plate.title == "Pinned: L1.attn; now: clean"
    assert {"pinned_token", "now_token", "seed-2_token"} <= plate.rows[0].keys()
    assert plate.name != _workbench(scene, backend)["answer"].plate().name


def test_attention_on_the_grids_is_that_of_the_pattern(scene: Scene, backend: Backend) -> None:
    attention = attention_plates._ask(scene, backend)
    shares = attention_plates.shares_of(attention, scene)
    query = 304 + scene.cell % 100
    assert shares[4, 2, 3, 7] == pytest.approx(attention.pattern[4, query, 1 + 101 * 2 + 1 + 37])
    cells = shares[4].sum() + attention.pattern[4, query, [0, 1, 102, 203, 304]].sum()
    assert cells == pytest.approx(1, abs=1e-4)


def test_every_chart_names_a_figure_of_its_page() -> None:
    """The names in the charts' modules are those of the pages' figures."""
    named = set()
    widgets = ROOT / "app" / "widgets"
    folders = ("charts", "patching", "why")
    for path in (path for folder in folders for path in (widgets / folder).glob("*.py")):
        if path.stem != "clickable_chart":
            named |= set(re.findall(r'name="([a-z-]+)"', path.read_text()))
    offered = "\n".join(
        (ROOT / "app" / "views" / one / "figures.py").read_text()
        for one in ("workbench", "heads", "heads/why", "circuits")
    )
    assert named and [name for name in named if f'"{name}"' not in offered] == []


def test_a_table_reads_as_one() -> None:
    rows = [{"part": "<b>", "loss_final": 0.12345, "none": float("nan")}] * 3
    table = html_table(rows, "Losses", 2, scrolls=True)
    assert "<caption>Losses</caption>" in table and '<th scope="col">loss final</th>' in table
    assert "&lt;b&gt;" in table and "<td>—</td>" in table and "1 more rows are in the CSV" in table
    assert 'tabindex="0"' in table and 'role="region"' in table
    assert html_table([], "Nothing") == "<p>Nothing: no rows.</p>"
