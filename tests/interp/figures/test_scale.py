"""One colour for one effect, wherever it is shown."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.widgets.ablation_board import Board, board_data, tile_of
from interp import load_model, load_puzzles
from interp.ablation import NO_ABLATION, Component, components_of
from interp.analyses.ablation_sweep import SweepPart, SweepRow, SweepState, sweep
from interp.analyses.path_ablation import PathState
from interp.analyses.readers import Reader
from interp.engine.measures import MEASURES, Measure
from interp.figures.heads import scatter_figure
from interp.figures.paths import effects_board
from interp.figures.scale import (
    AWAY,
    COSTS,
    HELPS,
    NEITHER,
    TOWARD,
    UNKNOWN,
    blended,
    colour,
    in_words,
    ink,
    legend,
    luminance,
    marks,
    note,
    position,
    position_of,
    quantity,
    shade,
    tint,
)
from interp.figures.sweep import head_map, layer_chart, task_map
from tests.support.models import SMALL
from tests.support.rows import losses, row

ATTN, HEAD = Component(1, "attn"), Component(1, "head", 2)


@pytest.mark.parametrize("measure", MEASURES)
@given(st.floats(-200, 200), st.floats(-200, 200))
def test_the_scale_is_even_and_bounded_and_never_turns(measure: Measure, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert -1 <= position(low, measure) <= position(high, measure) <= 1
    assert position(one, measure) == -position(-one, measure)


def test_the_scale_by_hand() -> None:
    assert [position(cells, "wrong") for cells in (0.0, 1.0, 25.0, 100.0, -4.0)] == [0, 0.1, 0.5, 1, -0.2]
    assert [position(share, "answers") for share in (0.25, -1.0)] == [0.5, -1]
    assert [position(nats, "final") for nats in (0.0, 5e-4, 3.0, -20.0)] == [0, 0, 1, -1]
    assert position(0.1, "copied") - position(0.01, "copied") == pytest.approx(1 / np.log10(3000))
    assert all(math.isnan(position(ill, "final")) for ill in (math.inf, math.nan))


def test_it_is_the_change_and_not_its_ratio_to_the_clean_loss() -> None:
    """A loss of a millionth that grows ten thousand times has hardly changed."""
    small = position_of(row(ATTN, 1e-2), row(None, 1e-6), "final")
    assert small == pytest.approx(position_of(row(ATTN, 1.01), row(None, 1.0), "final"), rel=1e-3)
    assert position_of(row(ATTN, 1e-4), row(None, 1e-8), "final") == 0


def test_for_what_is_counted_it_is_what_is_lost() -> None:
    assert position_of(row(ATTN, 1.0, "0011"), row(None, 1.0, "1110"), "answers") == 0.5
    assert position_of(row(ATTN, 1.0, "00", 36), row(None, 1.0, "11"), "wrong") == 0.6
    assert math.isnan(position_of(row(ATTN, 1.0, ""), row(None, 1.0), "answers"))
    assert math.isnan(position_of(row(ATTN, 1.0, ""), row(None, 1.0), "wrong"))


def alpha(paint: str) -> float:
    return float(paint.removesuffix(")").rpartition(",")[2])


def hue(paint: str) -> tuple[int, ...]:
    return tuple(map(int, paint.removeprefix("rgba(").split(",")[:3]))


@pytest.mark.parametrize(("paint", "above", "below"), [(colour, COSTS, HELPS), (tint, TOWARD, AWAY)])
def test_the_two_sides_differ_in_hue_and_a_larger_effect_is_fuller(paint, above, below) -> None:
    assert hue(paint(0.5)) == above and hue(paint(-0.5)) == below and hue(paint(0.0)) == NEITHER
    strengths = [alpha(paint(one)) for one in (0.0, 0.03, 0.1, 0.5, 1.0)]
    assert strengths == sorted(set(strengths)) and strengths[-1] == 1
    assert paint(math.nan) == UNKNOWN
    assert len({COSTS, HELPS, TOWARD, AWAY, NEITHER}) == 5, "orange is a cost and nothing else"


def test_amounts_are_grey() -> None:
    assert hue(shade(0.7)) == NEITHER and alpha(shade(0.2)) < alpha(shade(0.9)) < 1
    assert shade(math.nan) == UNKNOWN


@pytest.mark.parametrize("ground", ["#ffffff", "#16181c", "#f5f6f7", "#808080"])
@given(st.floats(-1, 1))
def test_what_is_written_on_any_colour_can_be_read(ground: str, share: float) -> None:
    for paint in (colour(share), tint(share), shade(share)):
        behind, written = (luminance(blended(one, ground)) + 0.05 for one in (paint, f"{on(paint, ground)}"))
        assert max(behind, written) / min(behind, written) >= 4.5


def on(paint: str, ground: str) -> str:
    return {"#000000": "rgba(0, 0, 0, 1)", "#ffffff": "rgba(255, 255, 255, 1)"}[ink(paint, ground)]


def test_on_black_a_small_effect_is_told_from_none_and_costs_from_help() -> None:
    nothing, help_, cost = (np.array(blended(colour(one), "#16181c")) for one in (0.0, -0.03, 0.03))
    assert nothing.tolist() == pytest.approx([0x2B, 0x2F, 0x36], abs=4), "not as black as the page"
    for one, other in ((nothing, help_), (nothing, cost), (help_, cost)):
        assert np.abs(one - other).max() >= 15


@pytest.mark.parametrize("measure", MEASURES)
def test_a_legend_names_places_of_the_scale(measure: Measure) -> None:
    found = marks(measure, 16)
    assert [mark.position for mark in found] == sorted({mark.position for mark in found})
    assert found[0].position == 0 and found[-1].position == 1
    assert quantity(measure) and legend(measure).endswith(".")


def test_an_effect_in_words_and_in_a_tile() -> None:
    assert [in_words(cells, "wrong") for cells in (27.0, 1.0, 0.0, -2.5)] == [
        "breaks 27 cells",
        "breaks 1 cell",
        "breaks no cells",
        "fixes 2.5 cells",
    ]
    assert (
        in_words(0.484, "final") == "costs 0.484 nats" and in_words(-3e-4, "final") == "helps by 3.0e-4 nats"
    )
    assert in_words(0.1875, "answers", 16) == "loses 3 of 16 answers"
    assert [in_words(lost, "answers") for lost in (1.0, 0.0, -1.0)] == [
        "loses the answer",
        "leaves the answer",
        "gains the answer",
    ]
    assert in_words(math.nan, "wrong") == "cost not known"
    assert [note(cells, "wrong") for cells in (27.2, 0.4, 0.0, -2.0)] == ["27", "0.4", "", "−2"]
    assert [note(nats, "final") for nats in (0.484, 2.24, 0.0151, 5e-4)] == ["0.48", "2.2", "0.015", ""]
    assert note(1.0, "answers", 16) == "16"


@pytest.mark.slow
def test_the_scale_ranks_the_layers_of_the_default_model() -> None:
    """Of its layers on two puzzles hardly any tile is at full colour, and the tiles are told apart."""
    model = load_model("default")
    parts = components_of(model.cfg, ["attn", "mlp"])
    places: dict[Measure, list[float]] = {"wrong": [], "final": [], "cells": [], "copied": []}
    for task in ("contact", "frame"):
        clean, *rows = sweep(model, load_puzzles("bank", task=task)[0].tokens[None], parts)
        for measure, found in places.items():
            found += [position_of(one, clean, measure) for one in rows]
    for measure, found in places.items():
        assert sum(place >= 0.95 for place in found) <= 0.05 * len(found), measure
        assert max(found) > 0.5 and len({colour(place) for place in found}) >= 8, measure


def board_colours(rows: list[SweepRow], clean: SweepRow, measure: Measure) -> dict[str, str]:
    tiles = {}
    for one in rows:
        assert one.component is not None
        tiles[one.component] = tile_of(one, clean, measure)
    board = Board(SMALL, NO_ABLATION, tiles, measure, len(clean.solved))
    return {part: tile[0] for part, tile in board_data(board)["tiles"].items()}


@pytest.mark.parametrize("measure", MEASURES)
@settings(max_examples=20)  # each draws five charts
@given(st.floats(0, 20, width=32), st.floats(0, 5, width=32), st.sampled_from(["01", "10", "11", "00"]))
def test_one_effect_has_one_colour(measure: Measure, loss: float, clean: float, solved: str) -> None:
    """On the board, in the bars, in the maps of heads and tasks, on the board of paths, among the points."""
    before = row(None, clean, "10")
    attn, head = row(ATTN, loss, solved), row(HEAD, loss, solved)
    expected = board_colours([attn, head], before, measure)
    assert expected["L1.attn"] == expected["L1.H2"]
    sweep, paths = SweepState([ATTN], 2), PathState(Component(0, "attn"), [Reader("k", 1, 2)], 2)
    for state in (sweep, paths):
        for number, one in enumerate((before, attn)):
            state.add(SweepPart(number, 0, losses(float(one.loss.marker[0]), 2), one.right))
    name = {"L1.H2": 1.0}
    drawn = [
        layer_chart([attn], before, measure),
        head_map([head], before, measure),
        task_map({"frame": sweep}, measure),
        effects_board(paths, SMALL, measure),
        scatter_figure((name, name), ("", ""), name, {"L1.H2": position_of(head, before, measure)}),
    ]
    assert {chart.data[0].marker.color[0] for chart in drawn} == {expected["L1.attn"]}


def test_what_is_not_known_has_no_colour() -> None:
    assert board_colours([row(ATTN, np.nan)], row(None, 0.1), "final") == {"L1.attn": UNKNOWN}
