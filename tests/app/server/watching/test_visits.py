"""Who is here: visits, and the connections by which they come."""

from typing import Any

import pytest

from app.server import logs
from app.server.watching import visits
from app.server.watching.visits import Connection, Visits


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the events."""
    found: list[str] = []

    def event(name: str, *_: Any, **__: Any) -> None:
        found.append(name)

    monkeypatch.setattr(logs, "event", event)
    return found


def test_a_browser_that_comes_back_goes_on_with_its_visit(told: list[str]) -> None:
    here, first, second = Visits(), Connection("c1"), Connection("c2")
    here.opened(first)
    visit = here.of("session", "c1")
    assert here.of("session", "c1") is visit and here.here() == [visit] and told == ["visit begun"]
    here.opened(second)  # the new connection may be there before the old one is given up
    assert here.of("session", "c2") is visit and here.here() == [visit]
    here.closed(first)
    assert here.here() == [visit] and "visit ended" not in told
    here.closed(second)
    here.closed(second)
    assert here.here() == [] and told.count("visit ended") == 1 and here.begun == 1


def test_what_went_through_stays_counted() -> None:
    here, connection = Visits(), Connection("c1")
    here.opened(connection)
    connection.messages_out, connection.bytes_out = 3, 300
    assert (here.tally().messages_out, here.tally().bytes_out) == (3, 300)
    here.closed(connection)
    assert (here.tally().messages_out, here.tally().bytes_out) == (3, 300)


def test_a_run_without_a_connection_is_nobodys_visit(told: list[str]) -> None:
    here = Visits()
    assert here.of("session").connections == set() and here.of("session", "unknown").connections == set()
    assert here.here() == [] and told == []


def test_those_who_have_gone_are_forgotten_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "MOST", 10)
    here, stays = Visits(), Connection("c")
    here.opened(stays)
    kept = here.of("stays", "c")
    for k in range(200):
        here.of(f"session {k}")
    assert len(here._visits) <= 10 and here.named(kept.id) is kept


def test_the_workers_time_is_the_first_askers() -> None:
    here = Visits()
    visit = here.of("session")
    here.worked("session", 1.5)
    here.worked("session", 0.5)
    here.worked("unknown", 9.0)
    here.worked(4711, 9.0)  # a thread, in a program without visitors
    assert visit.worked == 2.0


def test_a_visitor_is_found_by_the_id_that_is_shown() -> None:
    here = Visits()
    visit = here.of("session")
    assert here.named(visit.id) is visit and here.named("session") is None
