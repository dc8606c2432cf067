"""Charts of the effects of ablation: what is drawn is what was measured."""

import numpy as np
import plotly.graph_objects as go
import pytest

from interp.ablation import Component, components_of
from interp.analyses.ablation_sweep import SweepPart, SweepRow, SweepState, costliest_in_words, sweep_summary
from interp.engine.answers import AnswerLoss
from interp.engine.measures import MEASURES
from interp.figures.scale import colour, position, position_of
from interp.figures.sweep import head_map, layer_chart, task_map
from tests.support.models import SMALL
from tests.support.rows import attn, cells, losses, row

CLEAN = row(None, 0.02)
ROWS = [
    attn(0, 0.2),
    attn(1, 3.0, "00"),
    attn(2, 0.01, "11"),
    row(Component(0, "head", 1), 2.0),
    row(Component(0, "mlp"), 9.0),
]


def test_dots_stand_at_what_ablating_costs_on_the_scale_of_the_colours() -> None:
    chart = layer_chart(ROWS, CLEAN, off=[Component(2, "attn")])
    stems, dots = chart.data
    assert list(dots.x) == ["L0", "L1", "L2"], "heads and MLPs are not in it"
    costs = [0.18, 2.98, -0.01]
    assert list(dots.y) == list(stems.y) == pytest.approx([position(one, "final") for one in costs])
    paints = [colour(position_of(one, CLEAN, "final")) for one in ROWS[:3]]
    assert list(dots.marker.color) == list(stems.marker.color) == paints
    assert list(dots.marker.symbol) == ["circle", "circle", "circle-x"]
    for trace in chart.data:
        assert [data[0] for data in trace.customdata] == ["L0.attn", "L1.attn", "L2.attn"]
    assert list(dots.text) == [
        "0.18<br>0 cells",
        "3<br>10 cells",
        "−0.01<br>−10 cells",
    ]
    assert chart.layout.shapes[0].y0 == 0 and chart.layout.annotations[0].text == "clean"
    axis = chart.layout.yaxis
    ticks = dict(zip(axis.ticktext, axis.tickvals, strict=True))
    assert ticks["0.1"] == position(0.1, "final") and ticks["−0.01"] == position(-0.01, "final")
    assert axis.range[0] < min(dots.y) and axis.range[1] > max(dots.y)
    assert (
        "150 times the 0.02" in dots.hovertext[1]
        and "0 of 2 solved (1 in the clean run): 1 broken, 0 fixed" in dots.hovertext[1]
        and "10 of 100 cells broken" in dots.hovertext[1]
    )
    assert "ablated already" in dots.hovertext[2] and "1 fixed" in dots.hovertext[2]


def test_cells_broken_are_counted() -> None:
    chart = layer_chart([attn(0, 0.2, "00", 50), attn(1, 0.2, "11")], row(None, 0.02, "11"), "wrong")
    assert list(chart.data[1].text) == ["50", "0"] and chart.data[1].y[0] == pytest.approx(0.5**0.5)
    assert chart.layout.title.text.startswith("Cells broken")


def test_a_second_sweep_is_marked_beside_the_first() -> None:
    beneath = [row(None, 0.5), attn(1, 2.5), attn(2, float("nan")), attn(5, 9.0)]
    chart = layer_chart(ROWS, CLEAN, beneath=beneath)
    marks = chart.data[2]
    assert list(marks.x) == ["L1"], "only what is known, of the layers that are shown"
    assert list(marks.y) == [position(2.0, "final")] and "added to the pinned" in marks.hovertext[0]
    assert chart.layout.yaxis.range[1] > marks.y[0]
    assert len(layer_chart(ROWS, CLEAN, beneath=beneath[:1]).data) == 2


def test_a_second_sweep_is_a_bar_at_the_foot_of_a_heads_tile() -> None:
    heads = [row(Component(0, "head", k), 2.0) for k in range(2)]
    beneath = [row(None, 0.5), row(Component(0, "head", 1), 2.5), attn(0, 9.0)]
    tiles, bars = (trace for trace in head_map(heads, CLEAN, beneath=beneath).data if trace.type == "bar")
    assert list(bars.marker.color) == [colour(position(2.0, "final"))] and bars.base[0] > 0.5
    assert [data[0] for data in bars.customdata] == ["L0.H1"]
    assert "added to the pinned" in tiles.hovertext[1] and "pinned" not in tiles.hovertext[0]


def test_mlps_have_a_chart_of_their_own() -> None:
    chart = layer_chart(ROWS, CLEAN, "changed", "mlp")
    assert [data[0] for data in chart.data[0].customdata] == ["L0.mlp"]
    assert "MLP" in chart.layout.title.text and "changed cells" in chart.layout.title.text


def test_answers_lost_are_counted() -> None:
    chart = layer_chart(ROWS, CLEAN, "answers")
    assert list(chart.data[1].text) == ["lost: 0", "lost: 1", "lost: −1"]
    shares = [position(lost, "answers") for lost in (0.0, 0.5, -0.5)]
    assert list(chart.data[1].y) == shares and list(chart.data[0].marker.color) == [
        colour(one) for one in shares
    ]


def test_the_costliest_in_words() -> None:
    clean = row(None, 0.02, "11")
    rows = [clean, attn(1, 3.0, "00", 27), row(Component(0, "head", 1), 0.1, "01", 5)]
    assert costliest_in_words(rows, "wrong") == "Costliest: attention of layer 1, 27 of 100 cells a puzzle."
    assert costliest_in_words(rows, "answers") == "Costliest: attention of layer 1, 2 of 2 answers."
    assert costliest_in_words([clean, rows[2]], "final") == "Costliest: head L0.H1, 0.08 nats."
    assert costliest_in_words([clean, attn(0, 0.02, "11")], "wrong") == "No component costs anything here."
    assert costliest_in_words([clean, attn(0, 0.02, "")], "wrong") == costliest_in_words([], "wrong") == ""


def test_a_row_that_knows_fewer_puzzles_is_compared_over_those() -> None:
    clean = SweepRow(None, AnswerLoss.join([losses(0.1, 1), losses(1.0, 1)]), cells([1, 0]))
    bars = layer_chart([attn(0, 0.2, "0"), row(Component(1, "attn"), 0.0, "")], clean).data[1]
    assert len(bars.x) == 1 and list(bars.x) == ["L0"], "of layer 1 nothing is known yet"
    assert (
        "0.2, 2.0 times the 0.1 in the clean run" in bars.hovertext[0]
        and "1 of 2 puzzles so far" in bars.hovertext[0]
    )


def state(done: int = 0) -> SweepState:
    """A sweep of two puzzles over all parts, of which the clean run and ``done`` parts are known; the k-th
    has the loss 10^-k."""
    found = SweepState(components_of(SMALL, ["attn", "mlp", "head"]), 2)
    for number in range(done):
        found.add(SweepPart(number, 0, losses(10.0**-number, 2), cells([True, number != 1])))
    return found


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("done", [0, 1, 2, 19])
def test_no_chart_raises_however_little_is_known(measure: str, done: int) -> None:
    sweep = state(done)
    clean, *rows = sweep.common()
    for known, of in ((rows, clean), ([], clean), ([], None), (rows, None)):
        attn, mlp = (layer_chart(known, of, measure, kind) for kind in ("attn", "mlp"))
        says_something(attn, known and of and done >= 2)
        says_something(mlp, known and of and done == 19)
        says_something(head_map(known, of, measure), known and of and done == 19)
        assert sweep_summary(known, of, measure).endswith(".")
    for states in ({}, {"frame": sweep}, {"frame": sweep, "grow": state()}):
        says_something(task_map(states, measure), states and done >= 2)


def says_something(chart: go.Figure, drawn: object) -> None:
    """Bars, or why there are none; and no number that JSON does not know."""
    assert bool(chart.data) == bool(drawn)
    assert drawn or [note.text for note in chart.layout.annotations] == ["Measuring …"]
    assert "NaN" not in chart.to_json()


def test_puzzles_without_such_cells_say_so() -> None:
    copied = losses(0.5, 2, copied=100)
    clean = SweepRow(None, copied, cells([1, 1]))
    off, head = (
        SweepRow(Component(0, kind, n), copied, cells([1, 1])) for kind, n in (("attn", None), ("head", 0))
    )
    for chart in (layer_chart, head_map):
        assert "no such cell" in chart([off, head], clean, "changed").layout.annotations[0].text


def test_heads_have_tiles_that_are_hatched_outlined_and_numbered() -> None:
    heads = [
        row(Component(layer, "head", head), loss)
        for layer, head, loss in [(0, 0, 2.0), (0, 1, 0.2), (1, 0, 0.002), (1, 1, 0.02)]
    ]
    chart = head_map(heads, CLEAN, off=[Component(0, "head", 1)])
    tiles = chart.data[0]
    assert list(tiles.marker.color) == [colour(position_of(one, CLEAN, "final")) for one in heads]
    assert list(tiles.y) == [0, 0, 1, 1] and list(tiles.base) == pytest.approx([-0.47, 0.53] * 2)
    assert [data[0] for data in tiles.customdata] == ["L0.H0", "L0.H1", "L1.H0", "L1.H1"]
    assert list(tiles.marker.line.width) == [0, 2, 0, 0]
    assert list(tiles.marker.pattern.shape) == ["", "/", "", ""]
    assert list(chart.data[1].text) == ["2", "0.18", "−0.018"], "no number where there is no effect"
    assert set(chart.data[1].textfont.color) <= {"#000000", "#ffffff"}
    assert list(chart.layout.xaxis.ticktext) == ["H0", "H1"]
    assert list(chart.layout.yaxis.ticktext) == ["L0", "L1"]


def test_the_task_map_counts_answers_lost() -> None:
    """Of each task's two puzzles the first attention layer (the sweep's first part) breaks one."""
    chosen = ("grow", Component(0, "attn"))
    chart = task_map({"frame": state(19), "grow": state(2)}, chosen=chosen, off=[Component(1, "attn")])
    tiles = chart.data[0]
    assert [tuple(data) for data in tiles.customdata] == [
        ("frame", "L0.attn"),
        ("frame", "L1.attn"),
        ("frame", "L2.attn"),
        ("grow", "L0.attn"),
    ]
    assert list(chart.data[1].text) == ["1", "1"] and list(chart.data[1].y) == [0, 1]
    assert list(tiles.marker.line.width) == [0, 0, 0, 2], "what is chosen is outlined"
    assert list(tiles.marker.pattern.shape) == ["", "/", "", ""]
    assert list(chart.layout.yaxis.ticktext) == ["frame", "grow"]
    assert tiles.hovertext[0].startswith("frame: ") and "1 broken" in tiles.hovertext[0]


def test_the_sentence_names_the_costliest() -> None:
    assert sweep_summary(ROWS[:3], CLEAN) == (
        "L1.attn has the largest effect: loss 3, 150 times the 0.02 in the clean run;"
        " 0 of 2 puzzles solved, 1 in the clean run."
    )
    assert sweep_summary(ROWS[:3], CLEAN, "answers").startswith(
        "L1.attn has the largest effect: 0 of 2 puzzles solved"
    )


def test_no_sentence_says_the_opposite_of_its_numbers() -> None:
    """Of parts that all help, the costliest is the one that helps least; of parts that do nothing, none costs
    most."""
    help_ = [attn(0, 0.01, "11"), attn(1, 0.002, "11")]
    assert sweep_summary(help_, CLEAN).startswith(
        "L0.attn helps least when ablated, and none costs anything: loss 0.01, 0.50 times"
    )
    assert sweep_summary(help_, CLEAN, "answers").startswith("L0.attn helps least when ablated")
    assert sweep_summary([attn(0, 0.02)], CLEAN).startswith("L0.attn costs nothing, and no other does: ")
    chart = task_map({"frame": state(19)})
    assert chart.layout.title.text.startswith("Answers lost"), "a cost is positive"


def test_losses_of_zero_have_no_ratio() -> None:
    zero = row(None, 0.0)
    assert sweep_summary([attn(0, 0.3)], zero).startswith(
        "L0.attn has the largest effect: loss 0.3, and exactly 0 in the clean run;"
    )
    heads = [row(Component(0, "head", 0), 0.3), row(Component(0, "head", 1), 0.0)]
    chart = head_map(heads, zero)
    assert list(chart.data[1].text) == ["0.3"], "a change needs no ratio"
    assert "0.3, and exactly 0 in the clean run" in chart.data[0].hovertext[0]
    assert list(head_map([row(Component(0, "head", 0), 0.0)], CLEAN).data[1].text) == ["−0.02"]


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("loss", [np.nan, np.inf])
def test_losses_that_are_not_finite_are_said_so(measure: str, loss: float) -> None:
    ill = [row(None, loss, "00"), attn(0, loss, "00"), row(Component(0, "head", 0), loss, "00")]
    for chart in (layer_chart(ill[1:], ill[0], measure), head_map(ill[1:], ill[0], measure)):
        if measure not in ("answers", "wrong"):
            assert next(note.text for note in chart.layout.annotations).startswith(
                "The losses are not finite"
            )
        assert "NaN" not in chart.to_json() and "nan" not in chart.to_json()
    assert "In 3 of 3 runs losses are not finite." in sweep_summary(ill[1:], ill[0], measure)
    one = [attn(0, loss, "00"), attn(1, 0.3)]
    assert "In 1 of 3 runs losses are not finite." in sweep_summary(one, CLEAN, measure)
    if measure not in ("answers", "wrong"):
        assert list(layer_chart(one, CLEAN, measure).data[0].x) == ["L1"]
