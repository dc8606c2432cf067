"""The heads as charts: what is drawn is what was found."""

import numpy as np
import pytest

from interp.ablation import parse_ablation
from interp.analyses.head_study import DISTANCES, MARKED, OVER, HeadStudy, study_heads
from interp.errors import PuzzlescopeError
from interp.figures.heads import FROM, LABELS, TICKS, scatter_figure, spectrum_figure
from tests.support.models import SMALL, six_puzzles, small_model


@pytest.fixture(scope="module")
def study() -> HeadStudy:
    off = parse_ablation("L1.H2:lookback=100,L2.H0", SMALL)
    return study_heads(small_model(), six_puzzles()[:2], off)


def test_a_spectrum_names_the_marked_distances(study: HeadStudy) -> None:
    figure = spectrum_figure(study.spectrum[1, 2], "L1.H2")
    bars, marked, dots = figure.data
    assert len(bars.x) == 405 and bars.y[100] == pytest.approx(1), "a square-root scale"
    np.testing.assert_allclose(np.square(bars.y), study.spectrum[1, 2], atol=1e-12)
    assert list(dots.x) == list(marked.x) == list(MARKED)
    labels = " ".join(note.text for note in figure.layout.annotations)
    assert all(str(back) in labels for back in (1, 10, 100, 101, 201, 202, 303))
    assert MARKED[100] in bars.hovertext[100] and "305 positions" in bars.hovertext[100]
    np.testing.assert_allclose(np.square(figure.layout.yaxis.tickvals), TICKS)


def test_a_spectrum_leaves_out_what_no_query_has(study: HeadStudy) -> None:
    figure = spectrum_figure(study.spectrum_over("answer")[1, 2], "L1.H2", "answer")
    assert list(figure.data[0].x) == list(range(404)) and "1 position of" in figure.data[0].hovertext[403]
    nothing = spectrum_figure(HeadStudy(SMALL, 1).spectrum[0, 0], "L0.H0")
    assert not nothing.data and "Measuring" in nothing.layout.annotations[0].text


def test_points_that_lie_together_share_a_label() -> None:
    across = {"L0.H0": 1.0, "L0.H1": 0.99, "L1.H0": 0.01, "L1.H1": 0.0, "L2.H0": np.nan}
    up = {"L0.H0": 0.5, "L0.H1": 0.5, "L1.H0": 0.0, "L1.H1": 0.9, "L2.H0": 1.0}
    costs = {"L0.H0": 2.0, "L0.H1": -2.0, "L1.H0": np.nan, "L1.H1": 0.0}
    (points,) = scatter_figure((across, up), ("across", "up"), costs, costs, "L1.H0").data
    assert [name for (name,) in points.customdata] == ["L0.H0", "L0.H1", "L1.H0", "L1.H1"]
    assert list(points.text) == ["L0.H0, L0.H1", "", "L1.H0", "L1.H1"]
    assert points.marker.line.width == (1, 1, 3, 1), "the chosen one is ringed"
    hues = [color.rsplit(",", 1)[0] for color in points.marker.color]
    assert hues[2] == "rgba(0,0,0" and len(set(hues)) == 4, "costs, helps, is not known, does neither"
    with pytest.raises(PuzzlescopeError, match="same heads"):
        scatter_figure((across, {"L0.H0": 1.0}), ("across", "up"), costs, costs)


def test_labels_are_of_marked_distances_and_every_mean_has_words() -> None:
    assert set(LABELS) < set(MARKED) and set(DISTANCES.values()) == set(MARKED)
    assert set(FROM) == set(OVER)
