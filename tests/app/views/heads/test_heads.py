"""The page of the heads without a browser: its figures, what a click means, what is taken away, and the whole
page."""

import ast
import json
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.live import studies
from app.live.sweeps import Measured
from app.state.scene import Scene
from app.views.heads import body, export
from app.views.heads.choices import CHOICES
from app.widgets import head_offsets
from app.widgets.charts import head_table
from app.widgets.charts.head_scatter import COST, TITLES
from interp import load_puzzles
from interp.ablation import Component, components_of, parse_ablation
from interp.analyses.ablation_sweep import SweepState
from interp.analyses.head_study import DETECTORS, HeadStudy, study_heads
from interp.backend import Backend
from tests.app.widgets.test_charts import part
from tests.support.models import SMALL, six_puzzles, small_model
from tests.support.pages import filled, page_of, words


@pytest.fixture(scope="module")
def study() -> HeadStudy:
    off = parse_ablation("L1.H2:lookback=100,L2.H0", SMALL)
    return study_heads(small_model(), six_puzzles()[:2], off)


# ---- components --------------------------------------------------------------------------------------------


def unpacked(message: bytes) -> tuple[dict, np.ndarray]:
    (length,) = struct.unpack_from("<I", message)
    return json.loads(message[4 : 4 + length]), np.frombuffer(message[4 + length :], "<f4")


def test_the_browser_gets_a_layers_maps(study: HeadStudy) -> None:
    header, numbers = unpacked(head_offsets.message(study, 1, 2, head_offsets.PLACES))
    assert header == {
        "layer": 1,
        "head": 2,
        "heads": 4,
        "off": [False] * 4,
        "names": list(head_offsets.PLACES),
        "known": 2,
        "tags": [],
    }
    maps, rest = numbers[: 4 * 4 * 361].reshape(4, 4, 19, 19), numbers[4 * 4 * 361 :]
    np.testing.assert_allclose(maps, study.maps[1], atol=1e-7)
    np.testing.assert_allclose(rest[:16].reshape(4, 4), study.markers[1], atol=1e-7)
    np.testing.assert_allclose(rest[16:], study.start[1], atol=1e-7)
    _, nothing = unpacked(head_offsets.message(HeadStudy(SMALL, 1), 0, 0, head_offsets.PLACES))
    assert not nothing.any(), "what is not known is not drawn"


@pytest.mark.parametrize(
    ("value", "head"),
    [(3, 3), (3.0, 3), (0, 0), (4, None), (-1, None), (1.5, None), (True, None), ("1", None), (None, None)],
)
def test_only_heads_that_are_there_can_be_chosen(value: object, head: int | None) -> None:
    assert head_offsets.read_head(value, 4) == head


@pytest.mark.parametrize(
    ("selection", "name"),
    [
        ({"rows": [1], "columns": [], "cells": []}, "b"),
        ({"rows": [1], "columns": [], "cells": [(2, "9")]}, "c"),
        ({"rows": [], "columns": [], "cells": []}, None),
        ({"rows": [7], "columns": [], "cells": []}, None),
    ],
)
def test_a_selection_in_the_table_is_a_head(selection: dict, name: str | None) -> None:
    assert head_table.selected_name({"selection": selection}, ["a", "b", "c"]) == name
    assert head_table.selected_name(None, ["a"]) is None


def test_measures_are_the_detectors_and_the_cost(study: HeadStudy) -> None:
    found = body.measures_of(study, "answer", {(1, 2): 0.75})
    assert list(found) == [*DETECTORS, COST] == list(TITLES)
    assert found["next_one_grid_back"]["L1.H2"] == 1 and found[COST]["L1.H2"] == 0.75
    assert np.isnan(found[COST]["L0.H0"]) and len(found["start"]) == 12
    assert {name: head_table.headed(name) for name in ("previous_token", "next_one_grid_back")} == {
        "previous_token": ("same grid", "previous"),
        "next_one_grid_back": ("one grid back", "same cell"),
    }


@pytest.mark.filterwarnings("error")
def test_a_column_of_which_nothing_is_known_has_no_colour() -> None:
    nothing = pd.Series([np.nan, np.nan])
    assert head_table._heat(nothing) == head_table._costs(nothing, [np.nan] * 2) == ["", ""]
    shares, costs = (
        head_table._heat(pd.Series([0.005, 0.02, 0.2])),
        head_table._costs(pd.Series([-2.0, 2.0]), [-0.7, 0.7]),
    )
    assert shares[0] == "" and len(set(shares)) == 3 and len(set(costs)) == 2


# ---- costs and what is taken away --------------------------------------------------------------------------


@pytest.fixture
def scene(model_folder: str) -> Scene:
    return Scene(
        model_folder,
        load_puzzles("bank")[0],
        ablation=parse_ablation("L0.attn", SMALL),
        attention=Component(1, "head", 2),
    )


def half_done() -> SweepState:
    """A sweep that knows two puzzles of the clean run, both of L0.H1, none of the others."""
    state = SweepState(components_of(SMALL, ["attn", "head"]), 2)
    state.add(part(0, 0.1, [1, 1]))
    state.add(part(2 + 1, 1.0, [0, 1]))
    return state


def test_costs_are_of_heads_that_are_measured(scene: Scene) -> None:
    assert studies.costs(scene, half_done()) == {(0, 1): 10.0}, "twenty cells of one of two puzzles"
    assert studies.costs(replace(scene, measure="final"), half_done()) == {(0, 1): pytest.approx(0.9)}
    assert studies.costs(replace(scene, measure="answers"), half_done()) == {(0, 1): 0.5}
    assert studies.costs(scene, None) == studies.positions(scene, None) == {}
    assert studies.positions(scene, half_done()) == {(0, 1): pytest.approx(0.1**0.5)}


def test_what_is_taken_away(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = Measured((half_done(),), None, None, False)
    monkeypatch.setattr(export.studies, "head_sweep", lambda scene, backend: measured)
    monkeypatch.setattr(export, "exports", lambda scene, title, figures, *taken: taken)
    monkeypatch.setattr(export, "shown", lambda scene, backend: {})
    taken: Any = export.offered(scene, Backend(), "answer")
    downloads, programs = taken
    heads, spectra, maps = (json.loads(download.json()) for download in downloads)
    assert heads["header"]["ablation"] == "L0.attn" and heads["header"]["puzzles"] == [scene.puzzle.id]
    assert len(heads["rows"]) == 12 and heads["rows"][1]["cost"] == 10
    assert [row["role"] for row in heads["rows"][:5]] == ["off"] * 4 + ["content"]
    assert heads["rows"][0]["off"] and heads["rows"][0]["over"] == "answer"
    assert len(spectra["rows"]) == 12 * 405 and len(maps["rows"]) == 4 * 361 + 5
    assert sum(row["share"] for row in maps["rows"]) == pytest.approx(1, abs=1e-5)
    assert downloads[0].csv().count("\n") == 6 + 1 + 12
    (program,) = programs.values()
    assert "study.rows('answer')" in program and ast.parse(program)


# ---- the page ----------------------------------------------------------------------------------------------


@pytest.fixture
def page(model_folder: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    return page_of("heads")


def test_rows_in_another_order_are_another_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Costs arrive, and the table is sorted by them: a browser that says which row is chosen may mean a row
    as it stood before."""
    keys: list[str] = []
    monkeypatch.setattr(head_table.st, "dataframe", lambda *_, key, **more: keys.append(key))
    monkeypatch.setattr(head_table.echoes, "show", lambda key, value: None)
    monkeypatch.setattr(head_table.echoes, "hears", lambda key, act: act)
    names = ["L0.H0", "L0.H1"]
    measures = {name: dict.fromkeys(names, 0.5) for name in (*DETECTORS, COST)}
    for order in (names, names[::-1], names):
        head_table.show(
            measures,
            dict.fromkeys(names, False),
            "L0.H1",
            roles=dict.fromkeys(order, ""),
            positions=dict.fromkeys(names, 0.1),
            key="table",
            on_choice=print,
        )
    assert keys[0] == keys[2] != keys[1]


def table_of(page: AppTest) -> pd.DataFrame:
    """The table with the measures' own names for its columns."""
    table = page.dataframe[0].value
    assert list(table.columns) == [head_table.headed(name) for name in head_table.HEADS]
    return table.set_axis(list(head_table.HEADS), axis=1)


def test_the_whole_page(page: AppTest) -> None:
    filled(page)
    assert not page.exception and not page.error and not page.warning
    assert [title.value for title in page.title] == ["Heads"]
    table = table_of(page)
    assert set(table.columns) == {"head", "role", *DETECTORS, COST} and len(table) == 12
    assert table[COST].is_monotonic_decreasing, "the costliest head first"
    assert not table.isna().any().any(), "every detector and cost of every head"
    assert any("next** token" in text.value for text in page.markdown), "how to read it"


def test_a_link_restores_the_pages_own_choices(page: AppTest) -> None:
    asked = {"over": "all", "role": "copy", "x": "start", "y": "markers", "see": "table"}
    asked |= {"show": "all", "side": "keys", "moved": "position"}
    for name, value in {**asked, "off": "L1.H2:lookback=100", "attention": "L0.H3"}.items():
        page.query_params[name] = value
    filled(page)
    assert not page.exception and not page.warning
    assert page.session_state["chosen-heads"] == asked
    table = table_of(page).set_index("head")
    assert table.loc["L1.H2", "next_one_grid_back"] == pytest.approx(1), "the run with it looking back"
    assert table.loc["L1.H2", "start"] == pytest.approx(100 / 404), "from all positions"
    assert sorted(table.index) == ["L0.H3", "L1.H2"], "those that copy, and the one that is chosen"
    assert table.loc["L1.H2", "role"] == "= copy"


def test_what_is_under_way_can_be_stopped_and_gone_on_with(page: AppTest) -> None:
    page.query_params["sample"] = "64"
    page.run()
    page.button(key="heads-stop").click().run()
    (status,) = [caption.value for caption in page.caption if "Cost:" in caption.value]
    assert status.startswith("Over ") and status.endswith("Stopped.")
    page.button(key="heads-again").click().run()
    filled(page)
    assert "Over 64 of 64 puzzles." in words(page)
    assert not page.dataframe[0].value.isna().any().any()


def test_choices_go_into_the_link(page: AppTest) -> None:
    page.run()
    page.segmented_control(key="heads-over").set_value("all").run()
    page.selectbox(key="scatter-y").set_value("start").run()
    assert not page.exception
    assert (page.query_params["over"], page.query_params["y"]) == ("all", "start")
    assert "x" not in page.query_params, "at its default"
    page.text_input(key="off").set_value("L2.attn").run()
    assert page.query_params["off"] == "L2.attn" and not page.exception
    assert [name for name in table_of(page)["head"] if "✕" in name] == [f"L2.H{k} ✕" for k in range(4)]


@pytest.mark.parametrize(("name", "value"), [("over", "none"), ("x", "__import__"), ("y", "<script>")])
def test_a_bad_link_is_told_and_survived(page: AppTest, name: str, value: str) -> None:
    page.query_params[name] = value
    page.run()
    assert not page.exception and len(page.warning) == 1
    assert page.session_state["chosen-heads"][name] == CHOICES[name].default
