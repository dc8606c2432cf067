"""Who is let in, and what the others are told."""

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app.server.crowd import limits
from app.server.crowd.limits import Limits
from app.server.gate.person import Person, Way
from app.state import admission


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """How many are here and in line."""
    line = SimpleNamespace(here=0, most=0, place=(1, 1.0))
    monkeypatch.setattr(limits, "own", lambda: Limits(visitors=line.most))
    monkeypatch.setattr(admission, "VISITS", SimpleNamespace(here=lambda: range(line.here)))
    monkeypatch.setattr(admission, "TURNS", SimpleNamespace(next_place=lambda: line.place))
    return line


def test_there_is_room(line: SimpleNamespace) -> None:
    for line.here, line.most, line.place in ((0, 0, (1, 1.0)), (39, 40, (1, 1.0)), (5, 0, (40, 59.0))):
        assert admission.refusal() is None
    line.place = (admission.FEWEST, 600.0)
    assert admission.refusal() is None, "a few who take long are no crowd"


def test_a_full_server_and_a_long_line(line: SimpleNamespace) -> None:
    line.here, line.most = 40, 40
    assert admission.refusal() == "This server is full: it takes 40 people at a time."
    line.here = line.most = 1
    assert admission.refusal() == "This server is full: it takes 1 person at a time."
    line.most, line.place = 0, (81, 61.0)
    assert admission.refusal() == (
        "This server is busy: 80 people wait for an answer, which takes more than a minute."
    )


def page() -> None:
    import streamlit as st

    from app.state import admission
    from app.views.shared import who

    admission.show(who.show_way_out)
    st.title("The page")


SIGN_OUT = '<a href="/sign-out"'


@pytest.mark.parametrize(("way", "shown"), [("password", True), ("provider", True), ("header", False)])
def test_one_who_is_not_let_in_can_sign_out(
    way: Way, shown: bool, line: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is not the proxy that signs people in and out. A name is text."""
    line.here = line.most = 5
    person = Person(way, "a@example.org", "<b>Ann</b>", "s", 0, 1)
    monkeypatch.setattr("app.server.watching.runs.signed_in", lambda: person)
    late = AppTest.from_function(page).run()
    html = "".join(one.proto.body for one in late.get("html"))
    assert not late.title and (SIGN_OUT in html) is shown and ("&lt;b&gt;Ann" in html) is shown
    monkeypatch.setattr("app.server.watching.runs.signed_in", lambda: None)
    assert not AppTest.from_function(page).run().get("html")


def test_one_who_was_let_in_stays_and_a_newcomer_waits(line: SimpleNamespace) -> None:
    early, late = AppTest.from_function(page).run(), AppTest.from_function(page)
    assert [title.value for title in early.title] == ["The page"]
    line.here = line.most = 5
    assert [title.value for title in early.run().title] == ["The page"]
    late.run()
    assert not late.title and not late.exception
    assert late.info[0].value == (
        "This server is full: it takes 5 people at a time. This page tries again by itself."
    )
    line.here = 4
    assert [title.value for title in late.run().title] == ["The page"] and not late.info
