"""What the first visitor sees while the libraries are loaded."""

import importlib
import sys
import threading
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.startup import opening


def script() -> None:
    import streamlit as st

    from app.startup import opening

    opening.load(st.empty())
    st.write("the page")


def page(module: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """A page that needs this module."""
    monkeypatch.setattr(opening, "HEAVY", module)
    return AppTest.from_function(script).run()


def test_a_browser_gets_one_of_each_kind_of_element_before_there_is_a_page() -> None:
    def prepare() -> None:
        from app.startup import opening

        opening.prepare_browser()

    drawn = AppTest.from_function(prepare).run()
    assert not drawn.exception
    assert drawn.title and drawn.selectbox and drawn.button and drawn.toggle and drawn.slider


def test_without_the_libraries_there_is_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = page("no_such_module", monkeypatch)
    assert stuck.exception, "there is nothing of that name to load"
    assert not any(text.value == "the page" for text in stuck.markdown)


def test_the_libraries_are_loaded_before_the_page_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    opened = page("colorsys", monkeypatch)
    assert "colorsys" in sys.modules
    assert not opened.exception
    assert [text.value for text in opened.markdown] == ["the page"]


def test_later_visitors_see_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "import_module", lambda _: pytest.fail("loaded once more"))
    assert not page("sys", monkeypatch).exception


def test_a_visitor_who_comes_while_they_are_loaded_waits_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Several pages reach a server at the same time when it was restarted."""
    (tmp_path / "slow_to_load.py").write_text("import time\ntime.sleep(1)\nREADY = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    first = threading.Thread(target=importlib.import_module, args=["slow_to_load"])
    first.start()
    while "slow_to_load" not in sys.modules:
        time.sleep(0.01)
    assert not hasattr(sys.modules["slow_to_load"], "READY")
    assert not page("slow_to_load", monkeypatch).exception
    assert sys.modules.pop("slow_to_load").READY
    first.join()
