"""How often open pages look in."""

import math

import pytest

from app.live import pace
from app.live.pace import FIRST, LONGEST, OVERHEAD, SHARE, USUAL, Budget
from app.live.watching import Pace


@pytest.mark.parametrize(
    ("left", "age", "seconds"),
    [
        (0, 0, FIRST),  # nothing is known: soon
        (0, 8, 2.0),  # and less soon the longer it has been so
        (0, 1000, LONGEST),
        (3, 5, USUAL),
        (32, 5, 4.0),  # what takes long is looked at less often
        (1000, 5, 6.0),
        (math.inf, 0, USUAL),
    ],
)
def test_it_looks_soon_and_then_ever_less(left: float, age: float, seconds: float) -> None:
    assert pace.seconds(Pace(left, age)) == seconds


def test_all_visitors_together_keep_to_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: clock[0])
    budget = Budget()
    for visitor in range(40):
        for _ in range(10):
            budget.spent(visitor, 0.01)
    least = budget.least(0)
    assert least == pytest.approx(40 * (0.01 + OVERHEAD) / SHARE)
    clock[0] = 100.0
    assert budget.least(0) == pytest.approx((0.01 + OVERHEAD) / SHARE), "the others have gone"
