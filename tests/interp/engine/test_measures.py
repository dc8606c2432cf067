"""One table of measures: every measure that there is, and every one in words."""

from typing import get_args

from interp.engine.measures import MEASURES, METRICS, Measure, metric_of


def test_every_measure_is_in_the_table() -> None:
    assert tuple(MEASURES) == get_args(Measure) == ("wrong", *METRICS, "answers")
    assert [metric_of(measure) for measure in MEASURES] == ["final", *METRICS, "final"]


def test_no_two_are_called_the_same() -> None:
    for words in ("name", "label", "place", "help"):
        assert len({getattr(one, words) for one in MEASURES.values()}) == len(MEASURES)
