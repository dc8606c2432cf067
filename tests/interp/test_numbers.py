"""Numbers as people read them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interp.numbers import NO_RATIO, NOT_FINITE, compared, factor, has_ratio, no_ratio, ratio, short, times

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.8e-5, "1.8e-5"),
        (0.00999, "1.0e-2"),
        (0.01, "0.01"),
        (0.48371, "0.484"),
        (2.3, "2.3"),
        (999.9, "1.0e3"),
        (5e300, "5.0e300"),
        (-0.25, "-0.25"),
        (INF, NOT_FINITE),
        (NAN, NOT_FINITE),
    ],
)
def test_a_loss_is_short(value: float, text: str) -> None:
    assert short(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.48 / 1.8e-5, "27,000"),
        (933.0, "930"),
        (10.0, "10"),
        (9.96, "10"),
        (3.14, "3.1"),
        (2.0, "2.0"),
        (1.04, "1.04"),
        (1.0, "1.00"),
        (0.42, "0.42"),
        (0.0996, "0.10"),
        (0.0421, "0.042"),
        (0.001, "0.0010"),
        (1e-9, "1.0e-9"),
        (9.9e6, "9,900,000"),
        (3e7, "3.0e7"),
        (0.0, "0"),
        (-1.0, NO_RATIO),
        (INF, NO_RATIO),
        (NAN, NO_RATIO),
    ],
)
def test_a_ratio_is_short(value: float, text: str) -> None:
    assert times(value) == text


@given(st.floats(1e-12, 1e12))
def test_a_ratio_says_about_what_it_is(value: float) -> None:
    assert float(times(value).replace(",", "")) == pytest.approx(value, rel=0.051)


@given(st.floats(), st.floats())
def test_a_ratio_is_a_number_or_said_not_to_be_there(value: float, base: float) -> None:
    told = ratio(value, base)
    assert (told == NO_RATIO) == (not has_ratio(value, base))
    assert has_ratio(value, base) or no_ratio(base)
    for text in (told, compared(value, base, "before"), factor(value, base)):
        assert "nan" not in text and "inf" not in text.replace("not finite", "")


def test_a_loss_beside_another() -> None:
    assert compared(0.3, 0.0, "before") == "0.3, and exactly 0 before"
    assert compared(0.3, INF, "before") == "0.3, and not finite before"
    assert compared(5e300, 1e-300, "before") == "5.0e300, and 1.0e-300 before", "the ratio is infinite"
    assert compared(0.0, 2.0, "before") == "0, 0 times the 2 before"


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (2.0, 0.02, "×100"),
        (0.021, 0.02, ""),
        (0.3, 0.0, "—"),
        (0.0, 0.0, ""),
        (0.0, 0.02, "—"),
        (NAN, 1.0, "—"),
    ],
)
def test_a_factor_is_shorter_still(now: float, before: float, text: str) -> None:
    assert factor(now, before) == text
