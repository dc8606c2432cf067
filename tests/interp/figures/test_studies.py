"""Charts of studies."""

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
    figure = spread_bars.draft(Distribution((start,), (end,), (3,), 0), "L1.attn")
    assert list(figure.layout.xaxis.ticktext) == marks
    assert sum(figure.data[0].y) == 3 and len(figure.data[0].y) == (5 if start else 1)
