"""The charts of why a head looks where it looks: they say what they are given."""

import numpy as np
import pytest

from interp.errors import PuzzlescopeError
from interp.figures import (
    concordance_curve,
    phase_points,
    score_bars,
    score_matrix,
    share_bars,
    shift_map,
)
from interp.figures.why.parts import Part
from interp.figures.why.phase import wrapped
from interp.figures.why.score import SHOWN
from interp.figures.why.shares import COLOURS
from interp.why.split import CLASSES, Share

PARTS = [Part(f"L0.H{k}", kind) for k in range(6) for kind in ("position", "content")]
TERMS = np.random.default_rng(3).normal(size=(12, 12))


def test_bars_sum_to_the_score_and_the_largest_come_first() -> None:
    figure = score_bars(PARTS, PARTS, TERMS, "score")
    lengths = {line: x for bar in figure.data for line, x in zip(bar.y, bar.x, strict=True)}
    assert sum(lengths.values()) == pytest.approx(TERMS.sum())
    assert f"{TERMS.sum():+.1f}".replace("-", "−") in figure.layout.title.text
    shown = [abs(lengths[line]) for line in range(SHOWN)]
    assert shown == sorted(shown, reverse=True) and shown[0] == pytest.approx(np.abs(TERMS).max())
    query, key = divmod(int(np.abs(TERMS).argmax()), 12)
    assert figure.layout.yaxis.ticktext[0] == f"{PARTS[query].label} × {PARTS[key].label}"
    assert figure.layout.yaxis.ticktext[-1] == "all others"


def test_bars_are_told_apart_by_position_and_content() -> None:
    terms = np.zeros((12, 12))
    terms[0, 0], terms[0, 1], terms[1, 1] = 3, 2, 1
    figure = score_bars(PARTS, PARTS, terms, "score")
    by_name = {bar.name: (list(bar.x), bar.marker.color, bar.marker.pattern.shape[0]) for bar in figure.data}
    assert by_name["position"][0][0] == 3 and by_name["one of each"][0][0] == 2
    assert by_name["content"][0][0] == 1
    assert len({one[1:] for one in by_name.values()}) == 4


def test_the_matrix_sums_to_the_same_and_gathers_what_is_small() -> None:
    figure = score_matrix(PARTS, PARTS, TERMS)
    assert np.sum(figure.data[0].z) == pytest.approx(TERMS.sum())
    assert figure.layout.xaxis.ticktext[-1] == figure.layout.yaxis.ticktext[-1] == "rest"
    few = score_matrix(PARTS[:2], PARTS[:3], TERMS[:2, :3])
    np.testing.assert_allclose(few.data[0].z, TERMS[:2, :3])
    assert list(few.layout.xaxis.ticktext) == ["L0.H0·pos", "L0.H0·cont", "L0.H1·pos"]


@pytest.mark.parametrize("draw", [score_bars, score_matrix])
def test_scores_that_cannot_be_split_are_told(draw) -> None:
    with pytest.raises(PuzzlescopeError, match="Expected a term for each of 12 × 11 pairs"):
        draw(PARTS, PARTS[1:], TERMS, "score")
    figure = draw(PARTS, PARTS, np.full((12, 12), np.nan), "score")
    assert "not finite" in figure.layout.annotations[0].text and not figure.data


def test_shares_have_their_intervals_and_what_is_not_known_is_left_out() -> None:
    assert COLOURS.keys() < CLASSES.keys()
    nothing = Share(np.nan, np.nan, np.nan)
    shares = {"direct": Share(0.9, 0.8, 1.0), "content": Share(-0.1, -0.2, 0.0), "k": nothing}
    figure = share_bars(shares, "L1.H5")
    assert list(figure.data[0].x) == [0.9, -0.1]
    assert [(line.x0, line.x1) for line in figure.layout.shapes] == [(0.8, 1.0), (-0.2, 0.0)]
    low, high = figure.layout.xaxis.range
    assert low < -0.2 and high > 1.0
    assert share_bars({"k": nothing}, "L1.H5").layout.annotations[0].text == "Measuring …"


@pytest.mark.parametrize("offset", [1, 37, 100])
def test_the_line_is_where_the_phases_of_a_pointer_lie(offset: int) -> None:
    frequencies = 1e5 ** -(np.arange(64) / 64)
    figure = phase_points(frequencies, offset * frequencies, np.ones(64), offset, "x")
    line, points = figure.data
    np.testing.assert_allclose(points.y, wrapped(offset * frequencies), atol=1e-9)
    x, y = (
        np.array([np.nan if one is None else one for one in values], float) for values in (line.x, line.y)
    )
    known = ~np.isnan(x)
    np.testing.assert_allclose(wrapped(y - offset * 2 * np.pi / x)[known], 0, atol=1e-6)
    assert (np.abs(y[known]) <= np.pi + 1e-6).all() and (~known).any(), "it is broken where it wraps"


def test_points_are_as_large_as_their_weights_and_idle_long_waves_are_left_out() -> None:
    frequencies = np.array([1.0, 0.5, 0.1, 0.001])
    figure = phase_points(frequencies, np.zeros(4), np.array([1.0, 0.25, 0.5, 0.001]), 3, "x")
    sizes = figure.data[1].marker.size
    assert len(sizes) == 3 and sizes[0] > sizes[2] > sizes[1]
    assert phase_points(frequencies, np.zeros(4), np.zeros(4), 3, "x").layout.annotations


def test_the_highest_concordance_is_named_and_the_null_is_a_band() -> None:
    offsets = np.arange(405)
    fits = np.exp(-(((offsets - 100) / 3.0) ** 2))
    figure = concordance_curve(offsets, fits, 0.3, "x")
    assert figure.data[1].text[0] == "100 back: 1.00"
    (band,) = figure.layout.shapes
    assert (band.y0, band.y1) == (-0.3, 0.3)
    assert not concordance_curve(offsets, fits, np.nan, "x").layout.shapes


@pytest.mark.parametrize("side", [1, -1])
def test_the_line_of_a_shift_goes_where_a_pointer_would(side: int) -> None:
    shifts, places = np.arange(-20, 21), np.arange(-30, 31)
    attention = np.zeros((41, 61))
    figure = shift_map(shifts, places, attention + 0.5, "x", side=side)
    (line,) = figure.layout.shapes
    assert (line.x0, line.x1) == (0, 40)
    assert (places[int(line.y0)], places[int(line.y1)]) == (-20 * side, 20 * side)
    assert np.shape(figure.data[0].z) == (61, 41)
    assert "0" in figure.layout.xaxis.ticktext and "−20" in figure.layout.xaxis.ticktext
