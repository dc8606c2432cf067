"""A page is a folder and a line: one that is added opens, with what it lets one choose in its link."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import views
from app.views import ADMIN, PAGES, Page
from tests.support.pages import choices_of, page_of, plain

CHOICES = """
from app.state.link import one_of

PAGE = "tiles"
CHOICES = {"shape": one_of(("square", "round"), "square")}
"""
SCRIPT = """
import streamlit as st

from app.state.session import choose, chosen
from app.views import frame
from app.views.tiles.choices import CHOICES, PAGE
from app.widgets.controls import choice

scene, backend, bar = frame.opened(PAGE, CHOICES, "Tiles", "A page of a test.", "It has an introduction.")
choice.select(
    "Shape",
    ["square", "round"],
    chosen(PAGE)["shape"],
    key="shape",
    on_change=lambda shape: choose(PAGE, shape=shape),
)
with bar():
    st.caption(f"Export {scene.puzzle.id}")
"""


@pytest.fixture
def tiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_folder: str) -> Iterator[AppTest]:
    """The dashboard with one more page. What pages are made of is imported before: a module that is first
    imported meanwhile would know of that page for ever."""
    import_module("app.views.preload")
    for entry in views.FOLDER.iterdir():
        (tmp_path / entry.name).symlink_to(entry)
    (tmp_path / "tiles").mkdir()
    (tmp_path / "tiles" / "choices.py").write_text(CHOICES)
    (tmp_path / "tiles" / "page.py").write_text(SCRIPT)
    monkeypatch.setattr(views, "FOLDER", tmp_path)
    monkeypatch.setattr(views, "__path__", [str(tmp_path)])
    monkeypatch.setattr(views, "PAGES", (*PAGES, Page("tiles", "Tiles")))
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    yield page_of("tiles")
    for name in [name for name in sys.modules if name.startswith("app.views.tiles")]:
        del sys.modules[name]
    vars(views).pop("tiles", None)


def test_an_added_page_opens_with_its_own_choice_in_the_link(tiles: AppTest) -> None:
    tiles.query_params["shape"] = "round"
    tiles.query_params["off"] = "L1.attn"
    tiles.run()
    assert not tiles.exception and not tiles.error and not tiles.warning
    assert [title.value for title in tiles.title] == ["Tiles"]
    assert tiles.markdown[0].value == "It has an introduction."
    assert tiles.selectbox(key="shape").value == "round" and tiles.query_params["shape"] == "round"
    assert tiles.text_input(key="off").value == "L1.attn", "the scene comes along"
    assert any(tiles.session_state["scene"].puzzle.id in caption.value for caption in tiles.caption)
    tiles.selectbox(key="shape").set_value("square").run()
    assert "shape" not in tiles.query_params and tiles.query_params["off"] == "L1.attn"


def test_its_link_may_be_wrong(tiles: AppTest) -> None:
    tiles.query_params["shape"] = "oval"
    tiles.run()
    assert not tiles.exception and tiles.selectbox(key="shape").value == "square"
    assert "Expected one of square, round" in tiles.warning[0].value


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_opens(page: Page, model_folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    shown = page_of(page.name).run()
    assert not shown.exception and not shown.error and not shown.warning
    assert len(shown.title) == 1 and not choices_of(page).keys() & shown.query_params.keys()


def test_a_link_without_end_shows_the_first_scene_and_says_so(
    model_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    page = page_of("workbench")
    page.query_params["off"] = "L0.attn," * 3000
    page.run()
    assert not page.exception and not page.error
    (said,) = page.warning
    assert "The link has 24,005 characters" in plain(said.value)
    assert "off" not in page.query_params and "puzzle" in page.query_params


def test_pages_are_known_by_their_names() -> None:
    assert PAGES[0].url_path == "", "the first is at the dashboard's own address"
    assert all(page.file.is_file() for page in PAGES)
    folders = {path.parent.name for path in views.FOLDER.glob("*/page.py")}
    assert folders == {page.name for page in [*PAGES, ADMIN]}, "no page is forgotten"
