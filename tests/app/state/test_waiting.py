"""What one who waits is told, and what ends the waiting."""

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests

from app.server.crowd.turns import Turns
from app.state import waiting


class Place:
    """Where the sentence is drawn."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def html(self, words: str) -> None:
        self.said.append(words)

    def empty(self) -> None:
        self.said.append("")


def waited(turns: Turns, place: Any) -> threading.Thread:
    """A page that waits for its turn, and is done as soon as it has it."""

    def page() -> None:
        with waiting.turn(place):
            pass

    thread = threading.Thread(target=page)
    before = turns.status().in_line
    thread.start()
    while turns.status().in_line == before:
        time.sleep(0.002)
    return thread


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    turns = Turns(1)
    monkeypatch.setattr(waiting, "TURNS", turns)
    monkeypatch.setattr(waiting, "PATIENCE", 0.15)
    return turns


def test_the_place_in_line_is_told_and_taken_away(turns: Turns) -> None:
    places = [Place(), Place()]
    with turns.turn():
        threads = [waited(turns, place) for place in places]
        deadline = time.monotonic() + 10
        while not all(place.said for place in places) and time.monotonic() < deadline:
            time.sleep(0.01)
        status = '<div role="status">Many people are here: you are {} in line, about 5 seconds.</div>'
        assert [place.said for place in places] == [[status.format("2nd")], [status.format("3rd")]]
    for thread in threads:
        thread.join(5)
    assert [place.said[1:] for place in places] == [[""], [""]]


def test_who_need_not_wait_long_is_told_nothing(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 60.0)
    place = Place()
    with turns.turn():
        thread = waited(turns, place)
        time.sleep(3 * waiting.TICK)
    thread.join(5)
    assert place.said == []


def test_many_short_waits_are_a_long_one(turns: Turns) -> None:
    """A page asks for one thing after the other, while one who came before waits too."""
    done, place = threading.Event(), Place()

    def earlier() -> None:
        with turns.turn(), turns.given_up():
            done.wait(10)

    thread = threading.Thread(target=earlier)
    thread.start()
    while turns.status().away == 0:
        time.sleep(0.002)
    shown: Any = place
    with waiting.turn(shown):
        for _ in range(3):
            with turns.given_up():
                time.sleep(0.06)
                waiting.pulse()
        done.set()
    thread.join(5)
    assert len(place.said) == 2 and "2nd in line" in place.said[0] and place.said[1] == ""


def test_alone_one_is_not_told_of_many_people(turns: Turns) -> None:
    """However long the worker takes."""
    place: Any = Place()
    with waiting.turn(place), turns.given_up():
        time.sleep(0.2)
        waiting.pulse()
    assert place.said == []


def click(value: str) -> RerunData:
    states = WidgetStates()
    states.widgets.add(id="board", json_trigger_value=value)
    return RerunData(fragment_id="board", widget_states=states)


def test_a_click_in_a_part_of_the_page_ends_the_waiting_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit itself would run the part after the page; and the board repeats a click until it is heard."""

    class RunAgain(BaseException):
        pass

    def rerun() -> None:
        raise RunAgain

    state: dict[str, object] = {}
    monkeypatch.setattr(waiting, "st", SimpleNamespace(session_state=state, rerun=rerun))

    def leaves(wanted: RerunData | None) -> bool:
        requests = ScriptRequests()
        if wanted is not None:
            assert requests.request_rerun(wanted)
        assert requests.on_scriptrunner_yield() is None, "Streamlit lets the page go on"
        context = SimpleNamespace(script_requests=requests)
        monkeypatch.setattr(waiting, "get_script_run_ctx", lambda **_: context)
        try:
            waiting.pulse()
        except RunAgain:
            return True
        return False

    assert not leaves(None)
    assert not leaves(RerunData(fragment_id="board", is_auto_rerun=True)), "a look at what fills up"
    assert leaves(click("L1.attn off"))
    assert not leaves(click("L1.attn off")), "the same click"
    assert leaves(click("L2.attn off"))
