"""A part of a page that fills up: when it looks again, and when the whole page runs again."""

from typing import Any

import pytest

from app.live import fragment
from app.live.watching import LOOK_IN


class RerunError(Exception):
    """The whole page runs again."""


class Page:
    """Stands in for Streamlit, the session and what is computed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.scene: Any = "scene"
        self.choices: Any = {"over": "answer"}
        self.progress = [True]
        self.drawn = 0
        self.every: float | None = None
        self.run: Any = None
        monkeypatch.setattr(fragment, "now", lambda: self.scene)
        monkeypatch.setattr(fragment, "chosen", lambda page: self.choices)
        monkeypatch.setattr(fragment, "st", self)

    def fragment(self, run: Any, run_every: float | None) -> Any:
        self.run, self.every = run, run_every
        return run

    def rerun(self) -> None:
        raise RerunError

    def draw(self) -> None:
        self.drawn += 1

    def show(self) -> None:
        fragment.show(self.draw, scene=self.scene, page="heads", under_way=lambda: self.progress[0])


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(monkeypatch)


def test_it_looks_again_only_while_something_is_under_way(page: Page) -> None:
    page.show()
    assert page.every == LOOK_IN and page.drawn == 1
    page.progress = [False]
    page.show()
    assert page.every is None


def test_the_page_runs_again_when_it_begins_or_ceases_to_fill_up(page: Page) -> None:
    page.show()
    page.run()
    page.progress = [False]
    with pytest.raises(RerunError):
        page.run()
    assert page.drawn == 3, "what is there is drawn before"
    page.show()
    page.progress = [True]
    with pytest.raises(RerunError):
        page.run()


@pytest.mark.parametrize(("name", "value"), [("scene", "another"), ("choices", {"over": "all"})])
def test_the_page_runs_again_when_something_was_chosen(page: Page, name: str, value: Any) -> None:
    page.show()
    setattr(page, name, value)
    with pytest.raises(RerunError):
        page.run()
    assert page.drawn == 1, "nothing is drawn of what was chosen before"
