"""The page of the puzzles without a browser."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.pages import page_of, words


@pytest.fixture
def page(model_folder: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    return page_of("puzzles")


@pytest.mark.parametrize("part", ["browse", "easel"])
def test_open(page: AppTest, part: str) -> None:
    page.query_params["part"] = part
    page.run()
    print(page.exception, page.error, page.warning)
    assert not page.exception and not page.error and not page.warning, words(page)
