"""A source's readers as charts, by weights and by effect: what is drawn is what was found."""

import json
from dataclasses import replace

import numpy as np
import pytest

from interp.ablation import Component
from interp.analyses.composition import Composition, composition
from interp.analyses.path_ablation import PathState, agreement, agreement_summary, path_ablation
from interp.analyses.readers import Reader, readers_of
from interp.engine.measures import MEASURES, Measure
from interp.figures import composition as by_weights
from interp.figures import paths as by_effect
from interp.figures.readers import SHOWN, ranking
from interp.figures.scale import COSTS, HELPS, position
from tests.support.models import SMALL, six_puzzles, small_model
from tests.support.results import SOURCE, drawn, paths


@pytest.fixture(scope="module")
def weights() -> Composition:
    return composition(small_model())


@pytest.fixture(scope="module")
def measured() -> PathState:
    return path_ablation(small_model(), six_puzzles()[:2], SOURCE)


def test_boards_have_a_tile_for_every_reader(weights: Composition, measured: PathState) -> None:
    readings = weights.readings(SOURCE)
    off = [Component(1, "attn"), Component(2, "mlp")]
    for figure in (
        by_weights.weights_board(readings, SOURCE, SMALL, off),
        by_effect.effects_board(measured, SMALL, "changed", off),
    ):
        (bars,) = figure.data
        assert drawn(figure) == {reader.text: 1 for reader in readers_of(SMALL, SOURCE)}
        hatched = {
            data[0] for data, shape in zip(bars.customdata, bars.marker.pattern.shape, strict=True) if shape
        }
        assert hatched == {f"L1.H{head}.{name}" for head in range(4) for name in "qkv"} | {"L2.mlp"}
        places = list(zip(bars.base, bars.y, strict=True))
        assert len(set(places)) == len(places), "no tile covers another"


def test_a_board_is_coloured_by_what_it_costs() -> None:
    figure = by_effect.effects_board(paths(), SMALL)
    (bars,) = figure.data
    paint = dict(zip([data[0] for data in bars.customdata], bars.marker.color, strict=True))
    assert set(paint) == {"L1.H2.k", "logits"}, "of the third reader nothing is known"
    assert str(COSTS)[1:-1] in paint["L1.H2.k"] and str(HELPS)[1:-1] in paint["logits"]
    assert paths().summary() == (
        "L1.H2.k changes most without L0.attn: loss 10, 100 times the 0.1 with no path ablated;"
        " 1 of 2 puzzles solved, 2 with no path ablated."
    )
    assert "1 of 2 puzzles solved" in paths().summary("answers")


def test_rankings_are_in_order(weights: Composition) -> None:
    found = by_weights.weights_ranking(weights.readings(SOURCE), SOURCE)
    expected = [reading.reader.text for reading in weights.ranked(SOURCE)[:SHOWN]]
    assert list(found.layout.yaxis.categoryarray) == expected and set(drawn(found)) == set(expected)
    effects = by_effect.effects_ranking(paths())
    assert list(effects.layout.yaxis.categoryarray) == ["L1.H2.k", "logits"]
    notes = {trace.y[0]: trace.text[0] for trace in effects.data}
    assert notes["L1.H2.k"] == "9.9" and notes["logits"] == "−0.09"
    lost = by_effect.effects_ranking(paths(), "answers")
    assert {trace.y[0]: trace.text[0] for trace in lost.data}["L1.H2.k"] == "1"


@pytest.mark.parametrize(("size", "said"), [(9e-4, [by_effect.TOO_SMALL]), (0.5, [])])
def test_effects_too_small_to_tell_are_told_and_not_drawn(
    weights: Composition, measured: PathState, monkeypatch: pytest.MonkeyPatch, size: float, said: list[str]
) -> None:
    first, *rest = measured.readers
    effects = {first: size} | dict.fromkeys(rest, 1e-5)
    monkeypatch.setattr(PathState, "costs", lambda self, measure="final": effects)
    ranked = by_effect.effects_ranking(measured)
    for figure in (ranked, by_effect.views_scatter(weights.readings(SOURCE), measured)):
        assert [note.text for note in figure.layout.annotations] == said
        assert bool(figure.data) == (not said)
    if not said:
        assert {text for trace in ranked.data for text in trace.text} == {"0.5", "1.0e−5"}


@pytest.mark.parametrize("measure", MEASURES)
def test_a_mark_of_the_effects_axis_lies_well_inside(measure: Measure) -> None:
    """Plotly leaves out a mark at the very edge, and fails to place a title below none."""
    low, high = by_effect.effects_ranking(paths(), measure).layout.xaxis.range
    assert low + (high - low) / 100 < 0 < high - (high - low) / 100
    figure = ranking([(Reader("k", 1, 2), 0.3, "", "")], "only costs").figure()
    low, high = figure.layout.xaxis.range
    assert low + (high - low) / 100 < 0 < 0.3 < high


def test_only_the_frontier_is_named() -> None:
    a, b, c, d = (Reader("q", 1, head) for head in range(4))
    points = {a: (0.5, 0.1), b: (0.1, -2.0), c: (0.05, 1.0), d: (0.4, 0.1)}
    assert by_effect.frontier(points) == [b, a], "c and d are surpassed in both"
    assert by_effect.frontier({}) == []


def test_the_matrix_of_heads(weights: Composition) -> None:
    figure = by_weights.head_matrix(weights, "k", SMALL, Component(1, "head", 2))
    (heat,) = figure.data
    assert (heat.y[0], heat.x[-1], heat.z.shape) == ("L0.H0", "L2.H3", (8, 8))
    reading = weights.reading(Component(0, "head", 3), Reader("k", 2, 1))
    assert heat.z[3, 5] == pytest.approx(reading.excess)
    (box,) = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert heat.y[round(box.y0 + 0.5)] == "L1.H2" and box.y1 - box.y0 == 1


@pytest.mark.parametrize("measure", MEASURES)
def test_nothing_raises_however_little_is_known(weights: Composition, measure: Measure) -> None:
    empty = PathState(SOURCE, readers_of(SMALL, SOURCE), 3)
    for state in (empty, PathState(SOURCE, (), 1), paths()):
        for figure in (
            by_effect.effects_board(state, SMALL, measure),
            by_effect.effects_ranking(state, measure),
            by_effect.views_scatter(weights.readings(SOURCE), state, measure),
        ):
            assert json.loads(figure.to_json())
    assert empty.summary(measure) == "Nothing is measured yet."
    assert "Too few readers" in agreement_summary(weights, empty, measure)
    nobody = np.full_like(weights.score, np.nan)
    assert replace(weights, score=nobody).summary(SOURCE).startswith("L0.attn composes with nothing")


def test_the_two_views_side_by_side(weights: Composition, measured: PathState) -> None:
    figure = by_effect.views_scatter(weights.readings(SOURCE), measured, "changed")
    assert drawn(figure) == {reader.text: 1 for reader in measured.readers}
    (k,) = [trace for trace in figure.data if trace.name == "keys"]
    reader = measured.readers[[r.text for r in measured.readers].index(k.customdata[0][0])]
    assert k.x[0] == pytest.approx(weights.reading(SOURCE, reader).excess)
    assert k.y[0] == pytest.approx(position(measured.costs("changed")[reader], "changed"))
    named = {text for trace in figure.data for text in trace.text if text}
    assert 0 < len(named) <= by_effect.NAMED
    said = agreement_summary(weights, measured, "changed")
    assert f"rank correlation {agreement(weights, measured, 'changed').rho:.2f}, n = 28" in said
    assert "queries" in said and "logits" not in said
