"""Looking in on a page: what a look asks for, and when the next one is due."""

from types import SimpleNamespace
from typing import Any

import pytest

from app.live import fragment, looks, pace
from app.live.fragment import Part
from app.live.watching import Watched
from interp.errors import PuzzlescopeError


class Rerun(Exception):  # noqa: N818
    """What runs again."""


class Looker:
    """Stands in for Streamlit and the session."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mine, self.session_state = Watched(), {}
        self.sent: list[dict[str, Any]] = []
        self.parts: dict[str, Part] = {}
        monkeypatch.setattr(looks, "st", self)
        monkeypatch.setattr(looks, "watched", lambda: self.mine)
        monkeypatch.setattr(fragment, "watched", lambda: self.mine)
        monkeypatch.setattr(looks.fragment, "parts", lambda: self.parts)
        monkeypatch.setattr(looks.look_in, "show", lambda **data: self.sent.append(data))
        monkeypatch.setattr(pace, "BUDGET", pace.Budget())

    def fragment(self, run: Any, key: str) -> Any:
        return run

    def rerun(self, scope: Any = "app") -> None:
        raise Rerun(scope)

    def look(self) -> Any:
        """What a look runs again; what it tells if it is only a look."""
        try:
            looks._look()
        except Rerun as asked:
            return asked.args[0]
        looks._answer()
        return self.sent[-1]["news"]


class Filling:
    """A part whose progress a test decides."""

    def __init__(self, looker: Looker, key: str, *, news: Any = None, alone: bool = True) -> None:
        state = SimpleNamespace(fraction=0.0)
        self.watch = SimpleNamespace(state=state, finished=False, dropped=False, close=lambda: None)
        self.told = news
        looker.mine.keep(key, key, [self.watch])
        part = Part(key, lambda: False, lambda: not self.watch.finished, [key], lambda: self.told, alone)
        part.looked()
        looker.parts[key] = part


@pytest.fixture
def looker(monkeypatch: pytest.MonkeyPatch) -> Looker:
    return Looker(monkeypatch)


def test_nothing_new_draws_nothing_and_tells_nothing(looker: Looker) -> None:
    Filling(looker, "board", news={"board-1": {"edition": 1}})
    assert looker.look() == {}


def test_news_are_told_where_they_can_be_and_drawn_where_not(looker: Looker) -> None:
    board = Filling(looker, "board", news={"board-1": {"edition": 1}, "cards": None})
    table = Filling(looker, "table")
    board.watch.state.fraction = 0.5
    assert looker.look() == {"board-1": {"edition": 1}}, "the table has nothing new"
    assert looker.look() == {}, "it is told once"
    board.watch.state.fraction = table.watch.state.fraction = 0.7
    assert looker.look() == ["table", "look-in"]
    looks._answer()
    assert looker.sent[-1]["news"] == {"board-1": {"edition": 1}}, "and what was to be told is not lost"


@pytest.mark.parametrize(("alone", "runs"), [(True, ["table", "look-in"]), (False, "app")])
def test_the_end_runs_the_page_only_if_something_else_on_it_depends_on_it(
    looker: Looker, alone: bool, runs: Any
) -> None:
    table = Filling(looker, "table", alone=alone)
    table.watch.finished = True
    assert looker.look() == runs


def test_what_a_look_costs_counts_with_what_it_draws(looker: Looker, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(looks.time, "thread_time", lambda: clock[0])
    spent: list[float] = []
    monkeypatch.setattr(pace.BUDGET, "spent", lambda who, cost: spent.append(cost))
    table = Filling(looker, "table")
    table.watch.state.fraction = 0.5
    assert looker.look() == ["table", "look-in"]
    clock[0] = 0.03  # the table is drawn
    looks._answer()
    looks._answer()  # the page runs: that is no look
    assert spent == [0.03]


def test_another_scene_is_for_the_page_and_an_error_for_its_part(looker: Looker) -> None:
    table = Filling(looker, "table")
    looker.parts["table"].other = lambda: True
    assert looker.look() == "app"

    def fails() -> bool:
        raise PuzzlescopeError("no good")

    looker.parts["table"].other, looker.parts["table"].under_way = lambda: False, fails
    assert looker.look() == ["table", "look-in"] and not table.watch.finished


def test_it_looks_again_only_while_something_fills_up(looker: Looker) -> None:
    table = Filling(looker, "table")
    looks.show()
    assert looker.sent[-1]["after"] == pytest.approx(0.4, abs=0.05), "nothing is known yet"
    table.watch.finished = True
    looker.parts["table"].looked()
    looks.show()
    assert looker.sent[-1]["after"] is None
