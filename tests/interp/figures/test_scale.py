"""One colour for one effect, wherever it is shown."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.widgets.ablation_board import Board, Tile, board_data
from interp.ablation import NO_ABLATION, Component
from interp.analyses.ablation_sweep import SweepPart, SweepRow, SweepState
from interp.analyses.path_ablation import PathState
from interp.analyses.readers import Reader
from interp.engine.measures import MEASURES, Measure, metric_of
from interp.figures.heads import scatter_figure
from interp.figures.paths import effects_board
from interp.figures.scale import COSTS, HELPS, NEITHER, RATIOS, UNKNOWN, colour, position, position_of, tint
from interp.figures.sweep import head_map, layer_chart, task_map
from tests.support.models import SMALL
from tests.support.rows import losses, row

ATTN, HEAD = Component(1, "attn"), Component(1, "head", 2)


@given(st.floats(0, 10), st.floats(0, 10))
def test_the_scale_is_even_and_bounded(loss: float, clean: float) -> None:
    found, turned = position(loss, clean), position(clean, loss)
    assert -1 <= found <= 1 and found == pytest.approx(-turned)
    assert (found > 0) == (loss > clean) or abs(loss - clean) < 1e-12


def test_the_scale_by_hand() -> None:
    assert position(1.0, 0.1) == pytest.approx(1 / 3, abs=1e-3), "ten times is one of three decades"
    assert position(1e-3, 1e-3) == 0 and position(5.0, 1e-6) == 1
    assert abs(position(1e-6, 1e-8)) < 0.02, "a hundredfold of nothing"
    assert math.isnan(position(math.inf, 1.0)) and math.isnan(position(1.0, math.nan))


def test_for_answers_it_is_the_share_lost() -> None:
    assert position_of(row(ATTN, 1.0, "0011"), row(None, 1.0, "1110"), "answers") == 0.25
    assert math.isnan(position_of(row(ATTN, 1.0, ""), row(None, 1.0), "answers"))


def alpha(paint: str) -> float:
    return float(paint.removesuffix(")").rpartition(",")[2])


def hue(paint: str) -> tuple[int, ...]:
    return tuple(map(int, paint.removeprefix("rgba(").split(",")[:3]))


def test_what_costs_and_what_helps_differ_in_hue_and_a_larger_effect_is_fuller() -> None:
    assert hue(colour(0.5)) == COSTS and hue(colour(-0.5)) == HELPS and hue(colour(0.0)) == NEITHER
    strengths = [alpha(colour(one)) for one in (0.0, 0.01, 0.1, 0.5, 1.0)]
    assert strengths == sorted(strengths) and (strengths[0], strengths[-1]) == (0.1, 0.9)
    assert alpha(colour(0.1)) > alpha(tint(0.1)), "small effects are lifted"
    assert colour(math.nan) == UNKNOWN
    assert [mark.text for mark in RATIOS if mark.position == 0] == ["1"]
    assert RATIOS[3].position == pytest.approx(position(1e3, 1e2))


def board_colours(rows: list[SweepRow], clean: SweepRow, measure: Measure) -> dict[str, str]:
    tiles = {}
    for one in rows:
        broken, mended = one.flips(clean)
        assert one.component is not None
        tiles[one.component] = Tile(one.loss.mean(metric_of(measure)), len(broken), len(mended))
    loss = None if measure == "answers" else clean.loss.mean(measure)
    board = Board(SMALL, NO_ABLATION, tiles, loss, measure, len(clean.solved))
    return {part: tile[0] for part, tile in board_data(board)["tiles"].items()}


@pytest.mark.parametrize("measure", MEASURES)
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
            state.add(SweepPart(number, 0, losses(float(one.loss.marker[0]), 2), one.solved))
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
