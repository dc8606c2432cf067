"""What the first visitor sees while the libraries are loaded."""

import sys

import pytest
from streamlit.testing.v1 import AppTest

from app import opening


def script() -> None:
    import streamlit as st

    from app import opening

    opening.load(st.empty())
    st.write("the page")


def page(module: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """A page that needs this module."""
    monkeypatch.setattr(opening, "HEAVY", module)
    return AppTest.from_function(script).run()


def test_the_kinds_of_elements_are_drawn_before_the_libraries_are_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stuck = page("no_such_module", monkeypatch)
    assert stuck.exception, "there is nothing of that name to load"
    assert stuck.title and stuck.selectbox and stuck.button and stuck.toggle and stuck.slider
    assert not any(text.value == "the page" for text in stuck.markdown)


def test_they_are_gone_when_the_page_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    opened = page("colorsys", monkeypatch)
    assert "colorsys" in sys.modules
    assert not opened.exception and not opened.title and not opened.selectbox and not opened.button
    assert [text.value for text in opened.markdown] == ["the page"]


def test_later_visitors_see_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_elements", lambda: pytest.fail("drawn though all is loaded"))
    assert not page("sys", monkeypatch).exception
