"""Whose collections a page shows, and what a callback says that could not change them."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.server import settings
from app.server.gate.person import Person
from app.server.life.data import Data
from app.state import collections
from app.widgets.text import escape_markdown
from interp.puzzles.collections import Collections

ANN = Person("provider", "ann@example.org", "Ann", "s1", 0.0, 1.0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "_now", settings.Settings(data=Data(str(tmp_path))))
    return tmp_path


def test_people_have_their_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By an id that tells neither name nor address, and is the same wherever one signs in."""
    assert collections.mine() == Collections(folder, "")
    monkeypatch.setattr("app.server.watching.runs.signed_in", lambda: ANN)
    hers = collections.mine()
    assert hers.folder == folder and len(hers.owner) == 32 and "ann" not in hers.owner
    again = Person("provider", "ann@example.org", "Ann B.", "s2", 5.0, 9.0)
    assert collections.owner_of(again) == hers.owner
    others = [
        Person("provider", "bob@example.org", "Ann", "s1", 0.0, 1.0),
        Person("header", "ann@example.org", "Ann", "s1", 0.0, 1.0),
    ]
    assert len({hers.owner, *map(collections.owner_of, others)}) == 3
    assert collections.owner_of(Person("password", "", "", "s3", 0.0, 1.0)) == "", "all who know it share"


def test_without_a_setting_they_are_those_of_the_command_line(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(settings, "_now", settings.Settings())
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("PUZZLESCOPE_DATA", raising=False)
    assert collections.mine() == Collections(tmp_path / "puzzlescope")


def page() -> None:
    import streamlit as st

    from app.state import session
    from app.state.collections import attempt

    session.show_notices()
    name = st.text_input("name")
    st.button("make", on_click=lambda: attempt(lambda mine: mine.create(name)))


def test_what_could_not_be_done_is_said_on_the_page(folder: Path) -> None:
    at = AppTest.from_function(page).run()
    at.text_input[0].set_value("frames").run()
    at.button[0].click().run()
    assert not at.exception and not at.warning
    assert [one.name for one in Collections(folder).all()] == ["frames"]
    at.button[0].click().run()
    assert not at.exception
    sentence = "There is a collection 'frames' already: choose another name."
    assert [one.value for one in at.warning] == [escape_markdown(sentence)]
    (folder / "collections.sqlite").write_text("no data base" * 100)
    for path in folder.glob("collections.sqlite-*"):
        path.unlink()
    at.text_input[0].set_value("other").run()
    at.button[0].click().run()
    assert not at.exception and "damaged" in at.warning[-1].value
