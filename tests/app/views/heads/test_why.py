"""The view of why a head looks there without a browser: its link, what it says, and what is taken away."""

import csv
import json
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from app.live import why as live
from app.live.why import Asked
from app.state.scene import Scene
from app.views.heads.choices import CHOICES, MOVED
from app.views.heads.why import export
from app.views.heads.why.looking import Looking, place_name
from app.views.heads.why.pieces import parts_of
from interp import load_model, load_puzzles
from interp.ablation import Component
from interp.backend import Backend
from interp.figures.why.parts import Part
from interp.puzzles import Puzzle
from interp.puzzles.spelling import spelled
from interp.tokens import cell_position, marker_position, with_start
from tests.support.pages import figure_of, filled, page_of, plain, run_until, sent_to, words

CELL = "g4r5c3"
QUERY = cell_position(3, 4, 2) - 1


def few() -> tuple[Puzzle, ...]:
    """Eight puzzles, that no mean is taken over."""
    return tuple(load_puzzles("bank")[-8:])


@pytest.fixture
def page(model_folder: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    monkeypatch.setattr("app.live.why.puzzles", few)
    page = page_of("heads")
    page.query_params["show"], page.query_params["cell"] = "why", CELL
    page.query_params["attention"] = "L1.H2"
    return page


def told(model_folder: str, page: AppTest) -> str:
    """Where L1.H2 looks in the whole model, by its hooks."""
    puzzle = page.session_state["scene"].puzzle
    cache = load_model(model_folder).run_with_cache(torch.from_numpy(with_start(puzzle.tokens[None])))[1]
    row = cache["pattern", 1][0, 2, QUERY].numpy()
    return f"L1.H2 puts {row.max():.0%} of its attention on {place_name(puzzle, int(row.argmax()))}"


def test_all_of_it_fills_up_and_stands_in_the_link(page: AppTest, model_folder: str) -> None:
    page.query_params["moved"] = "position"
    filled(page)
    assert not page.exception and not page.error and not page.warning, words(page)
    kept = {name: page.query_params.get(name) for name in ("show", "cell", "attention", "moved")}
    assert kept == {"show": "why", "cell": CELL, "attention": "L1.H2", "moved": "position"}
    assert told(model_folder, page) in words(page)
    for name in ("score-bars", "score-matrix", "shares", "phase-points", "phase-curve", "shift"):
        assert figure_of(page, f"why-{name}")["data"], name
    assert "Stop" not in [button.label for button in page.button]


def test_the_bars_sum_to_what_the_title_says(page: AppTest) -> None:
    filled(page)
    figure = figure_of(page, "why-score-bars")
    total = sum(x for bar in figure["data"] for x in bar["x"])
    said = figure["layout"]["title"]["text"].rpartition(": ")[2].replace("−", "-")
    assert float(said) == pytest.approx(total, abs=0.051)


def test_the_key_is_ringed_on_the_grids(page: AppTest) -> None:
    panels = sent_to(filled(page), "why-strip")["panels"]
    ringed = [
        (k, cell) for k, panel in enumerate(panels) for cell, kind in panel["kinds"] if kind == "looked"
    ]
    assert len(ringed) <= 1
    (found,) = ringed or [None]
    told = words(page)
    if found is None:
        assert "marker" in told or "the start token" in told
    else:
        assert f"row {found[1] // 10 + 1}, column {found[1] % 10 + 1}" in told


def test_nothing_is_computed_for_who_does_not_look(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("asked for")

    monkeypatch.setattr("app.live.why.look", never)
    page.query_params["show"] = "all"
    assert not page.run().exception


@pytest.mark.parametrize("off", ["L1.H2", "L0.attn:mean"])
def test_what_is_ablated_takes_part(page: AppTest, model_folder: str, off: str) -> None:
    page.query_params["off"] = off
    page.run()
    assert not page.exception and "This is of the whole model" in words(page)
    assert told(model_folder, page) in words(page)


@pytest.mark.parametrize("head", ["L0.H1", "L2.H3"])
def test_heads_of_every_layer_are_asked_about(page: AppTest, head: str) -> None:
    """One with no head before it, and one with many."""
    page.query_params["attention"] = head
    filled(page)
    assert not page.exception and not page.warning and f"{head} puts" in words(page)


def test_a_puzzle_of_ones_own_is_asked_about_too(page: AppTest) -> None:
    own = load_puzzles("bank")[5]
    page.query_params["puzzle"] = spelled(own)
    filled(page)
    assert not page.exception and not page.warning, words(page)


def test_another_head_is_chosen_in_the_list(page: AppTest) -> None:
    page.run()
    (box,) = [one for one in page.selectbox if (one.key or "").startswith("why-head-number")]
    box.set_value(0).run()
    assert page.query_params["attention"] == "L1.H0" and "L1.H0 puts" in words(page)


def test_what_cannot_be_taken_apart_is_told_in_one_sentence(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.why.cannot", lambda *_: "Scores cannot be had of this.")
    page.run()
    assert not page.exception and [plain(one.value) for one in page.info] == ["Scores cannot be had of this."]


@pytest.mark.parametrize("name", ["show", "side", "moved"])
def test_a_bad_link_is_told(page: AppTest, name: str) -> None:
    page.query_params[name] = "nonsense"
    (warning,) = page.run().warning
    assert "Expected one of" in warning.value and not page.exception


def test_positions_have_names() -> None:
    puzzle = load_puzzles("bank")[0]
    first, _, third, _ = puzzle.structure.name.split(" ")
    assert place_name(puzzle, 0) == "the start token"
    assert place_name(puzzle, marker_position(0)) == f"the marker of {first}"
    assert place_name(puzzle, cell_position(2, 9, 0)) == f"{third} row 10, column 1"
    assert Looking(0, 304, 204, 0.5).back == 100
    assert MOVED.keys() == {"mean", "position"} and CHOICES["moved"].default == "mean"


def test_parts_that_add_nothing_are_left_out() -> None:
    terms = np.zeros((3, 2, 3, 2))
    terms[0, 1, 2, 0], terms[2, 0, 2, 0] = 2.0, -1.0
    queries, keys, found = parts_of(("token", "L0.mlp", "bias"), terms)
    assert queries == [Part("token", "content"), Part("bias", "position")]
    assert keys == [Part("bias", "position")] and found.tolist() == [[2.0], [-1.0]]


def test_of_what_rests_on_the_start_token_only_the_score_is_taken_apart(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    resting = Looking(42, QUERY, 0, 0.9)
    monkeypatch.setattr("app.views.heads.why.looking.looking", lambda *_: resting)
    run_until(page, lambda page: "Measuring …" not in words(page))
    assert not page.exception and "looks at the very beginning" in plain(page.info[0].value)
    assert figure_of(page, "why-score-bars")["data"] and "Is it so in other puzzles?" not in [
        heading.value for heading in page.header
    ]


def test_all_of_it_can_be_taken_home(model_folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.live.why.puzzles", few)
    taken: dict[str, Any] = {}
    monkeypatch.setattr(export, "exports", lambda *given: taken.update(given=given))
    puzzle, head = load_puzzles("bank")[0], Component(1, "head", 2)
    scene = Scene(model_folder, puzzle, attention=head)
    export.offered(scene, Asked(model_folder, puzzle, head, QUERY, QUERY - 100), Backend(follow_edits=False))
    _, _, figures, downloads, programs, *_ = taken["given"]
    for name, figure in figures.items():
        plate = figure.plate()
        assert plate.rows and plate.about and "L1.H2" in plate.name, name
        assert len(list(csv.reader(plate.csv().splitlines()))) > len(plate.rows), name
    for download in downloads:
        assert "L1.H2" in download.name and "header" in json.loads(download.json())
    for program in programs.values():
        compile(program, "snippet", "exec")
    assert len(downloads) == len(programs) == 5 and len(figures) == 6


def test_the_few_puzzles_are_of_all_tasks() -> None:
    """Tasks come in turn in the many: every eighth of them is of the same."""
    shift = live.question(live.SHIFT, Asked("default", few()[0], Component(1, "head", 2), QUERY, QUERY - 100))
    own = shift.puzzles
    assert len(own) == len({puzzle.task for puzzle in own}) == live.FEW
    assert len({puzzle.structure for puzzle in own}) > 1
