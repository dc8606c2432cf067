"""The page of the circuits without a browser: its views, its link, and what is taken away."""

import json
import re

import pytest
from streamlit.testing.v1 import AppTest

from app.state.link import Context, query_of, read_query
from app.views.circuits.choices import CHOICES, SIGHTS, VIEWS
from app.widgets.patching import EDITED, PAIR
from interp import load_model, load_puzzles
from interp.ablation import Component, components_of
from interp.analyses.ablation_sweep import cost, sweep
from interp.analyses.activation_patching import Edit, copied_cell, telling_source
from interp.analyses.composition import composition
from interp.analyses.path_ablation import path_ablation
from interp.circuits.cells import CellTarget, cell_effects, cell_graph
from interp.pairs import kinds_for
from interp.puzzles import Puzzle
from interp.puzzles.spelling import spelled
from interp.tokens import STRUCTURES, encode
from tests.support.models import SMALL
from tests.support.pages import filled, page_of, words


@pytest.fixture
def page(model_folder: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    return page_of("circuits")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("off", ["", "L1.attn:mean,L0.H1"])
def test_every_view_comes_from_a_link(page: AppTest, view: str, off: str) -> None:
    page.query_params["show"] = view
    page.query_params["off"] = off
    filled(page)
    assert not page.exception and not page.error and not page.warning, words(page)
    assert page.session_state["scene"].ablation.text == off
    assert page.query_params.get("show", "readers") == view
    page.session_state["export-open"], page.session_state["circuits-export-menu-section-"] = "", "Code"
    page.run()
    assert not page.exception
    for program in (block.value for block in page.code):
        compile(program, "snippet", "exec")
    assert len(page.code) == (2 if view in ("readers", "graph") else 1)


def test_who_reads_a_part_is_what_the_library_finds(page: AppTest, model_folder: str) -> None:
    page.query_params["source"], page.query_params["measure"] = "L0.H2", "final"
    filled(page)
    model, scene = load_model(model_folder), page.session_state["scene"]
    source = Component(0, "head", 2)
    first = composition(model).ranked(source)[0]
    assert f"{first.reader.text} reads L0.H2 most" in words(page)
    state = path_ablation(model, scene.puzzle.tokens[None], source)
    costs = state.costs("final")
    assert f"{max(costs, key=lambda reader: abs(costs[reader])).text} changes most without L0.H2" in words(
        page
    )
    rows = state.rows([scene.puzzle])
    assert len(rows) == 1 + len(state.readers) and json.dumps(rows[1])


def test_it_opens_on_what_this_model_and_puzzle_have_to_tell(page: AppTest, model_folder: str) -> None:
    """The readers of the costliest attention layer, which the introduction names; this puzzle's
    counterfactual, of the first kind that it has."""
    scene = filled(page).session_state["scene"]
    model = load_model(model_folder)
    layers = components_of(model.cfg, ["attn"])
    clean, *rows = sweep(model, scene.puzzle.tokens[None], layers)
    dearest = max(rows, key=lambda row: cost(row, clean, "final")).component
    assert dearest is not None and page.selectbox(key="circuits-source").value == dearest.text
    assert f"Which later components use what {dearest.text} writes?" in words(page)
    assert "the attention layer that costs this puzzle's answer most when ablated" in words(page)
    assert "source" not in page.query_params, "at its default"
    page.segmented_control(key="circuits-view").set_value("patching").run()
    assert page.selectbox(key="patch-source").value == PAIR
    assert page.selectbox(key="patch-pair").value == next(
        kind for kind in kinds_for(scene.puzzle) if kind in ("rule", "task", "input")
    )
    assert "Noising: " in words(page) and "contrast cells" in words(page)


def test_a_puzzle_without_a_pair_is_patched_from_an_edited_copy(page: AppTest) -> None:
    """The source differs in one cell, and it is measured at the cell that is copied from that."""
    own = load_puzzles("bank", task="frame", structure=STRUCTURES[0])[0]
    grids = own.grids.copy()
    grids[1, 9, 9] = 10 - grids[1, 9, 9]  # no rule gives this
    odd = Puzzle.of("frame", encode(grids, own.structure))
    page.query_params["show"], page.query_params["puzzle"] = "patching", spelled(odd)
    filled(page)
    assert not page.exception and page.selectbox(key="patch-source").value == EDITED
    assert "The source is this puzzle with one cell recoloured" in words(page)
    cell = copied_cell(odd)
    answer, third = odd.grids[3].ravel(), odd.grids[2].ravel()
    assert cell is not None and answer[cell] == third[cell] > 0
    edit = telling_source(odd, cell, [])
    assert isinstance(edit, Edit) and 10 * edit.row + edit.column == cell


def test_another_source_is_in_the_link(page: AppTest) -> None:
    page.run()
    page.selectbox(key="circuits-source").set_value("L1.mlp").run()
    assert page.query_params["source"] == "L1.mlp"
    assert "L1.mlp" in words(filled(page))


def test_a_cell_that_is_no_answer_is_replaced(page: AppTest) -> None:
    """The scene may look at a cell of another grid; these views are about the answer."""
    page.query_params["show"] = "attribution"
    page.query_params["cell"] = "g1r1c1"
    page.query_params["view"] = "to"
    page.run()
    assert not page.exception and "parts sum to" in words(page)


@pytest.mark.parametrize("source", ["g3r2c5-7", "g1r10c10-0"])
def test_an_edit_is_a_source_that_a_link_can_name(page: AppTest, source: str) -> None:
    page.query_params["show"] = "patching"
    page.query_params["from"] = source
    filled(page)
    assert not page.exception and not page.warning
    assert page.query_params["from"] == source
    assert any("That cell is" in caption.value for caption in page.caption)


def test_a_source_of_another_task_may_be_named(page: AppTest) -> None:
    page.run()
    puzzle = page.session_state["scene"].puzzle
    other = load_puzzles("bank").filter(task="frame", structure=puzzle.structure)[3]
    page.query_params["show"], page.query_params["from"] = "patching", other.id
    again = page_of("circuits")
    again.query_params["show"], again.query_params["from"] = "patching", other.id
    again.run()
    assert again.selectbox(key="patch-source").value == other.id


def test_a_link_that_cannot_be_used(page: AppTest) -> None:
    page.query_params.update({"show": "film", "source": "L7.attn", "from": "g9r1c1-2", "toward": "77"})
    page.run()
    said = " ".join(re.sub(r"\\(.)", r"\1", warning.value) for warning in page.warning)
    for name in ("show", "source", "from", "toward"):
        assert f"The link's {CHOICES[name].words} could not be used." in said
    assert not page.exception


def test_choices_survive_a_link() -> None:
    values = {
        "show": "patching",
        "source": Component(1, "head", 3),
        "input": "q",
        "part": "L1.mlp",
        "toward": 3,
        "over": 0,
        "from": Edit(2, 9, 0, 10),
        "pair": "input",
        "draw": 3,
        "way": "denoising",
        "measured": "first",
        "kind": "z",
        "detail": "rows",
        "block": "X row 3",
        "patch": "L1.H2@everywhere",
        "lead": "pair",
        "box": "L1.H2",
        "back": "show=edges",
        "see": next(iter(SIGHTS)),
    }
    assert set(values) == set(CHOICES)
    here = Context(SMALL, load_puzzles("bank"))
    assert read_query(query_of(values, CHOICES), CHOICES, here) == (values, [])


def test_the_graph_is_of_the_cell_and_the_lead_in_the_link(page: AppTest, model_folder: str) -> None:
    page.query_params["show"], page.query_params["lead"] = "graph", "centred"
    page.query_params["cell"], page.query_params["box"] = "g4r4c8", "L1.H2 @ here"
    filled(page)
    model, puzzle = load_model(model_folder), page.session_state["scene"].puzzle
    target = CellTarget(centred=True)
    graph, effects = (ask(model, puzzle, 37, target) for ask in (cell_graph, cell_effects))
    assert graph.summary().replace(" -", " −") in words(page)
    assert effects.summary().replace(" -", " −") in words(page), "when all is measured"
    (link,) = [block.proto.body for block in page.get("html") if "on the workbench" in block.proto.body]
    assert "Ablate L1.H2" in link and "off=L1.H2" in link


def test_a_box_that_cannot_be_ablated_has_no_link(page: AppTest) -> None:
    page.query_params["show"], page.query_params["box"] = "graph", "token @ here"
    filled(page)
    assert not page.exception
    assert not any("on the workbench" in block.proto.body for block in page.get("html"))
