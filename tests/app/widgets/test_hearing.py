"""What components say, of a stranger's browser too."""

from collections.abc import Callable

import pytest
import streamlit as st

from app.widgets.ablation_board import hearing
from app.widgets.browser.hearing import said
from app.widgets.puzzle_strip import report_cell
from interp.model import Config


def test_a_component_that_this_visit_does_not_know_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {})
    assert said("board", "wishes") is None


def test_what_a_component_says_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {"strip": {"cell": 7}})
    assert said("strip", "cell") == 7 and said("strip", "wish") is None


@pytest.mark.parametrize(
    "hear",
    [
        lambda heard: hearing.hear("board", Config(), heard.append),
        lambda heard: report_cell("s", heard.append),
    ],
)
def test_no_callback_fails_on_a_component_that_is_not_there(
    hear: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(st, "session_state", {})
    heard: list[object] = []
    hear(heard)
    assert heard == []
