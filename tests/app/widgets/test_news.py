"""What has changed since a component was sent."""

from types import SimpleNamespace

import pytest

from app.widgets.browser import news
from app.widgets.browser.news import EDITION, changes, sent, shown, since_sent


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "st", SimpleNamespace(session_state={}))


def test_only_what_differs_travels() -> None:
    before = {"status": "a", "tiles": {"x": [1], "y": [2]}, "legend": [1, 2], "same": {"z": 1}}
    after = {"status": "b", "tiles": {"x": [1], "y": [3], "w": [4]}, "legend": [1, 3], "same": {"z": 1}}
    assert changes(before, after) == {
        "set": {"status": "b", "legend": [1, 3]},
        "into": {"tiles": {"y": [3], "w": [4]}},
    }
    assert changes({"tiles": {"x": 1, "y": 2}}, {"tiles": {"x": 1}})["set"] == {"tiles": {"x": 1}}, (
        "an entry that is gone cannot be told by those that are there"
    )


def test_news_are_of_what_was_sent_last() -> None:
    assert since_sent("board", {"a": 1}) is None, "it was never sent"
    first = sent("board", {"a": 1, "b": {"x": 1}})
    assert since_sent("board", {"a": 1, "b": {"x": 1}}) is None
    told = since_sent("board", {"a": 1, "b": {"x": 2}})
    assert told == {"edition": first[EDITION], "set": {}, "into": {"b": {"x": 2}}}
    assert since_sent("board", {"a": 1, "b": {"x": 2}}) is None, "it is told once"
    assert since_sent("other", {"a": 1}) is None
    assert shown("board") == {"a": 1, "b": {"x": 2}} and shown("other") == {}


def test_the_same_message_keeps_its_number_and_another_gets_one() -> None:
    first = sent("board", {"a": 1})
    assert sent("board", {"a": 1}) == first, "the browser has it: it need not be sent"
    since_sent("board", {"a": 2})
    again = sent("board", {"a": 1})
    assert again[EDITION] > first[EDITION], "the browser shows something else by now"
    assert sent("board", {"a": 3})[EDITION] > again[EDITION]


def test_news_of_some_fields_leave_the_others() -> None:
    sent("cards", {"cards": {}, "colors": ["red"]})
    told = since_sent("cards", {"cards": {"0": "a"}})
    assert told is not None and told["into"] == {"cards": {"0": "a"}} and not told["set"]
    assert shown("cards") == {"cards": {"0": "a"}, "colors": ["red"]}
