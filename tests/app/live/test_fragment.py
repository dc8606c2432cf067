"""A part of a page that fills up: when it is drawn, and when the whole page runs again."""

from typing import Any

import pytest

from app.live import fragment
from app.live.watching import Watched
from interp.errors import PuzzlescopeError


class RerunError(Exception):
    """The whole page runs again."""


class Page:
    """Stands in for Streamlit, the session and what is computed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.scene: Any = "scene"
        self.choices: Any = {"over": "answer"}
        self.busy = True
        self.drawn = 0
        self.problem = ""
        self.told: list[str] = []
        self.run: Any = None
        self.session_state: dict[str, Any] = {}
        mine = Watched()
        monkeypatch.setattr(fragment, "now", lambda: self.scene)
        monkeypatch.setattr(fragment, "chosen", lambda page: self.choices)
        monkeypatch.setattr(fragment, "watched", lambda: mine)
        monkeypatch.setattr(fragment, "st", self)
        monkeypatch.setattr(fragment, "show_problem", lambda error: self.told.append(str(error)))

    def fragment(self, run: Any, key: str) -> Any:
        assert key == "draw"
        self.run = run
        return run

    def rerun(self) -> None:
        raise RerunError

    def show(self, *, alone: bool = False) -> None:
        def draw() -> None:
            self.drawn += 1
            if self.problem:
                raise PuzzlescopeError(self.problem)

        fragment.show(
            draw,
            scene=self.scene,
            page="heads",
            under_way=lambda: self.busy,
            groups=["lens"],
            alone=alone,
        )


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(monkeypatch)


def test_the_page_knows_its_parts_and_whether_they_fill_up(page: Page) -> None:
    page.show()
    assert fragment.parts()["draw"].busy and page.drawn == 1
    page.busy = False
    page.show()
    assert not fragment.parts()["draw"].busy
    fragment.begin()
    assert not fragment.parts(), "another run of the page may have other parts"


@pytest.mark.parametrize("alone", [False, True])
def test_the_page_runs_again_when_it_begins_to_fill_up_and_when_others_wait_for_its_end(
    page: Page, alone: bool
) -> None:
    page.show(alone=alone)
    page.run()
    page.busy = False
    if alone:
        page.run()
    else:
        with pytest.raises(RerunError):
            page.run()
    assert page.drawn == 3, "what is there is drawn before"
    page.show(alone=alone)
    page.busy = True
    with pytest.raises(RerunError):
        page.run()


@pytest.mark.parametrize(("name", "value"), [("scene", "another"), ("choices", {"over": "all"})])
def test_the_page_runs_again_when_something_was_chosen(page: Page, name: str, value: Any) -> None:
    page.show()
    setattr(page, name, value)
    with pytest.raises(RerunError):
        page.run()
    assert page.drawn == 1, "nothing is drawn of what was chosen before"


def test_what_cannot_be_computed_is_told_in_its_place_and_is_over(page: Page) -> None:
    def fails() -> bool:
        raise PuzzlescopeError("cannot be had")

    page.problem, page.busy = "cannot be had", False
    page.show()
    assert page.told == ["cannot be had"]
    fragment.parts()["draw"].under_way = fails
    page.run()
    assert not fragment.parts()["draw"].busy and len(page.told) == 2
