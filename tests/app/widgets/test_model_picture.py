"""The picture of the model without a browser: what it tells the browser, and what a browser may send."""

import json

import numpy as np
import pytest
import streamlit as st

from app.widgets.ablation_board import Board, Seen, Switch, Tile, Wish, hearing
from app.widgets.model_picture import CopyPath, Picture, picture_data
from app.widgets.palette import PALETTES
from interp.ablation import COMPONENT_KINDS, MEAN, ZERO, Component, Lookback, components_of, parse_ablation
from interp.figures.scale import colour
from tests.support.models import SMALL

HEAD, LAYER, MLP = Component(1, "head", 2), Component(1, "attn"), Component(0, "mlp")
PATH = CopyPath([HEAD], 35, ("Y", "f(Y)"), np.arange(100) % 11, np.zeros(100, dtype=int), PALETTES["soft"])


def drawn(tiles: dict[Component, Tile], off: str = "", **changes) -> Picture:
    marks = {HEAD: ("c", "copy head")}
    board = Board(SMALL, parse_ablation(off, SMALL), tiles, "answers", 16, marks=marks, **changes)
    return Picture(board, PATH)


def test_components_are_sized_and_coloured_by_their_effects() -> None:
    tiles = {LAYER: Tile(1.0, n=16), HEAD: Tile(0.25, n=16), MLP: Tile(-0.25, n=16, approximate=True)}
    nodes = picture_data(drawn(tiles), Seen())["nodes"]
    assert list(nodes) == [part.text for part in components_of(SMALL, COMPONENT_KINDS)]
    assert nodes["L1.attn"]["number"] == "16" and nodes["L1.attn"]["size"] == 1
    assert nodes["L1.attn"]["colour"] == colour(1.0)
    assert 0 < nodes["L1.H2"]["size"] < 1 and nodes["L1.H2"]["name"] == "L1.H2, copy head"
    assert nodes["L0.mlp"]["size"] == nodes["L1.H2"]["size"], "what helps is as large as what costs as much"
    assert nodes["L0.mlp"]["colour"] != nodes["L1.H2"]["colour"] and nodes["L0.mlp"]["approximate"]
    assert nodes["L2.H0"]["size"] is None and nodes["L2.H0"]["effect"] == "not measured yet"


def test_a_loss_that_is_no_number_has_no_size() -> None:
    board = Board(SMALL, parse_ablation("", SMALL), {MLP: Tile(float("nan"))}, "final", 1)
    node = picture_data(Picture(board, PATH), Seen())["nodes"]["L0.mlp"]
    assert node["size"] == 0 and json.dumps(node, allow_nan=False)


def test_the_costliest_is_told_once_all_are_known() -> None:
    parts = components_of(SMALL, COMPONENT_KINDS)
    tiles = {part: Tile(0.5 if part == HEAD else 0.1) for part in parts}
    assert picture_data(drawn(tiles), Seen())["costliest"] == "L1.H2"
    assert picture_data(drawn({part: tiles[part] for part in parts[1:]}), Seen())["costliest"] == ""


def test_what_is_pinned_and_its_own_effects_are_marked() -> None:
    nodes = picture_data(drawn({}, pinned=[HEAD], beneath={LAYER: Tile(1.0, n=4)}), Seen())["nodes"]
    assert (nodes["L1.H2"]["pinned"], nodes["L1.H2"]["second"]) == (True, None)
    assert (nodes["L1.attn"]["pinned"], nodes["L1.attn"]["second"]) == (False, 1.0)
    assert nodes["L1.attn"]["pinnedWords"] == "added to the pin it loses 4 of 4 answers"


def test_what_is_off_and_what_a_click_does() -> None:
    data = picture_data(drawn({}, "L1.attn:mean,L0.H1", method=Lookback(7)), Seen("a", 3))
    assert data["off"] == {"L0.H1": [ZERO.words, True], "L1.attn": [MEAN.words, MEAN.silences]}
    assert data["next"]["head"][0] == "lookback=7" and data["next"]["mlp"][0] == "zero", "what fits the kind"
    assert data["seen"] == ["a", 3]


def test_the_way_of_a_copied_cell() -> None:
    path = picture_data(drawn({}), Seen())["path"]
    assert path["heads"] == ["L1.H2"] and path["cell"] == 35
    assert path["words"] == "L1.H2 copies row 4, column 6 of Y." and path["grids"][0][11] == 0
    assert CopyPath([], *list(vars(PATH).values())[1:]).data()["words"] == ""


@pytest.mark.parametrize("sent", [None, "L1.H2", {"client": "b", "first": 1, "wishes": [{"kind": "switch"}]}])
def test_a_browser_may_send_anything(sent: object, monkeypatch: pytest.MonkeyPatch) -> None:
    wish = {"kind": "switch", "parts": ["L1.H2"], "off": True, "method": "mean"}
    message = {"client": "a", "first": 1, "wishes": [wish]}
    state: dict = {"picture": {"wishes": sent}}
    monkeypatch.setattr(st, "session_state", state)
    done: list[Wish] = []
    hearing.hear("picture", SMALL, done.append)
    assert done == []
    for _ in range(2):  # it repeats what it has not heard
        state["picture"] = {"wishes": message}
        hearing.hear("picture", SMALL, done.append)
    assert done == [Switch((HEAD,), True, MEAN)]
