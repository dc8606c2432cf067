"""Charts of studies."""

import math

import pytest

from interp.figures.studies import spread_bars
from interp.studies.questions.tables import Distribution


@pytest.mark.parametrize(
    ("start", "end", "marks"),
    [(0.631, 1.0, ["0.1", "1"]), (-0.0251, -0.0158, ["−0.1", "−0.01"]), (0.0, 0.0, ["none"])],
)
def test_the_axis_of_a_bar_alone_goes_from_a_power_of_ten_to_another(
    start: float, end: float, marks: list[str]
) -> None:
    figure = spread_bars(Distribution((start,), (end,), (3,), 0), "L1.attn")
    assert list(figure.layout.xaxis.ticktext) == marks
    heights = list(figure.data[0].y)
    assert sorted(heights) == [0] * (len(heights) - 1) + [3] and len(heights) == (5 if start else 1)
    at = float(figure.data[0].x[heights.index(3)])
    left = figure.layout.xaxis.tickvals[0] if start else -0.5
    low = abs(float(start)) if start > 0 else abs(float(end))
    steps = round(5 * (math.log10(low) - math.floor(math.log10(low)))) if start else 0
    assert at - 0.5 == pytest.approx(left + (steps if start >= 0 else 4 - steps))
