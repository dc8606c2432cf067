"""Turns of scripts: never more inside than may be, first come first served, none lost, all interruptible."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import pytest

from app.server.crowd import turns as module
from app.server.crowd.turns import Ticket, Turns


class StopError(BaseException):
    """As Streamlit ends a script: no ``except Exception`` catches it."""


def wait_until(what: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.002)


class Scripts:
    """Threads that take turns and write down who was inside with whom."""

    def __init__(self, turns: Turns):
        self.turns, self.threads = turns, list[threading.Thread]()
        self.inside, self.most_inside, self.order = set[int](), 0, list[int]()
        self._lock = threading.Lock()

    def start(self, script: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            with suppress(StopError, ValueError):
                script()

        thread = threading.Thread(target=run)
        self.threads.append(thread)
        thread.start()
        return thread

    def enter(self, name: int) -> None:
        with self._lock:
            self.inside.add(name)
            self.order.append(name)
            self.most_inside = max(self.most_inside, len(self.inside))

    def leave(self, name: int) -> None:
        with self._lock:
            self.inside.discard(name)

    def join(self) -> None:
        for thread in self.threads:
            thread.join(20)
            assert not thread.is_alive()


@pytest.fixture
def turns() -> Iterator[Turns]:
    made = Turns(2)
    yield made
    status = made.status()
    assert (status.taken, status.in_line, status.away) == (0, 0, 0), "a turn was lost"


def held(turns: Turns, scripts: Scripts, go_on: threading.Event) -> None:
    """All turns taken until told."""

    def hold() -> None:
        with turns.turn():
            go_on.wait(10)

    most = turns.status().most
    for _ in range(most):
        scripts.start(hold)
    wait_until(lambda: turns.status().taken == most)


def test_never_more_inside_and_none_lost_whatever_they_do(turns: Turns) -> None:
    """60 scripts that end well, raise, or are stopped in line, inside, or while they have given up theirs."""
    scripts, chance = Scripts(turns), random.Random(4)

    def script(name: int, fate: float) -> None:
        def pulse(ticket: Ticket) -> None:
            if fate < 0.2:
                raise StopError

        with turns.turn(pulse, brief=name % 3 == 0):
            scripts.enter(name)
            try:
                time.sleep(0.004)
                if fate > 0.8:
                    raise StopError if fate > 0.9 else ValueError
            finally:
                scripts.leave(name)
            with suppress(ValueError), turns.given_up():
                time.sleep(0.004)
                if 0.6 < fate < 0.8:
                    raise StopError if fate > 0.7 else ValueError
            scripts.enter(name)
            time.sleep(0.002)
            scripts.leave(name)

    for name in range(60):
        scripts.start(partial(script, name, chance.random()))
    scripts.join()
    assert scripts.most_inside == 2
    status = turns.status()
    assert status.ended + status.left == 60 and status.waited > 0


def test_first_come_first_served() -> None:
    # One turn: with two, the system may wake the second of those who were called before the first.
    turns = Turns(1)
    scripts, go_on = Scripts(turns), threading.Event()
    held(turns, scripts, go_on)

    def script(name: int) -> None:
        with turns.turn():
            scripts.enter(name)
            time.sleep(0.001)
            scripts.leave(name)

    for name in range(12):
        scripts.start(partial(script, name))
        wait_until(lambda name=name: turns.status().in_line == name + 1)
    go_on.set()
    scripts.join()
    assert scripts.order == list(range(12))


def test_one_who_waited_for_the_worker_has_kept_the_place(turns: Turns) -> None:
    scripts, answer, go_on = Scripts(turns), threading.Event(), threading.Event()

    def first() -> None:
        with turns.turn():
            with turns.given_up():
                answer.wait(10)
            scripts.enter(1)

    scripts.start(first)
    wait_until(lambda: turns.status().away == 1)
    held(turns, scripts, go_on)

    def later() -> None:
        with turns.turn():
            time.sleep(0.02)
            scripts.enter(2)

    for _ in range(4):
        scripts.start(later)
    wait_until(lambda: turns.status().in_line == 4)
    answer.set()
    wait_until(lambda: turns.status().in_line == 5)
    go_on.set()
    scripts.join()
    assert scripts.order[0] == 1


def test_who_is_stopped_in_line_leaves_it_at_once(turns: Turns) -> None:
    scripts, go_on, stop = Scripts(turns), threading.Event(), threading.Event()
    held(turns, scripts, go_on)

    def pulse(ticket: Ticket) -> None:
        if stop.is_set():
            raise StopError

    def script() -> None:
        with turns.turn(pulse):
            raise AssertionError("had no turn")

    thread = scripts.start(script)
    wait_until(lambda: turns.status().in_line == 1)
    stop.set()
    thread.join(5)
    assert not thread.is_alive() and turns.status().in_line == 0 and turns.status().left == 1
    go_on.set()
    scripts.join()


def test_whose_page_is_drawn_anew_keeps_the_place() -> None:
    """Also where the page had waited for the worker; one who was away for long does not."""
    now, go_on = 0.0, threading.Event()
    turns = Turns(1, lambda: now)
    scripts = Scripts(turns)

    def stopped(ticket: Ticket) -> None:
        raise StopError

    def hold() -> None:
        with turns.turn():
            go_on.wait(10)

    def page(who: str, name: int) -> None:
        with turns.turn(who=who):
            scripts.enter(name)

    def line_up(who: str, name: int) -> None:
        in_line = turns.status().in_line
        scripts.start(partial(page, who, name))
        wait_until(lambda: turns.status().in_line == in_line + 1)

    with suppress(StopError), turns.turn(who="bob"), turns.given_up():
        raise StopError
    scripts.start(hold)
    wait_until(lambda: turns.status().taken == 1)
    line_up("cid", 1)
    with pytest.raises(StopError), turns.turn(stopped, who="eve"):
        pass
    line_up("dan", 2)
    line_up("bob", 0)
    now += module.KEPT
    line_up("fay", 3)
    line_up("eve", 4)
    go_on.set()
    scripts.join()
    assert scripts.order == [0, 1, 2, 3, 4]


def test_a_turn_within_a_turn_is_the_same_one(turns: Turns) -> None:
    with turns.turn(), turns.turn(brief=True):
        assert turns.status().taken == 1
        with turns.given_up():
            assert (turns.status().taken, turns.status().away) == (0, 1)
            with turns.given_up():
                assert turns.status().away == 1
        assert turns.status().taken == 1
    with turns.given_up():
        assert turns.status().away == 0, "one without a turn has none to give up"


def test_one_who_is_stuck_does_not_hold_up_the_others(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOO_LONG", 0.3)
    scripts, go_on, done = Scripts(turns), threading.Event(), threading.Event()
    held(turns, scripts, go_on)

    def script() -> None:
        with turns.turn():
            done.set()

    scripts.start(script)
    assert not done.is_set()
    assert done.wait(5)
    go_on.set()
    scripts.join()


def test_a_place_and_a_pace() -> None:
    """Four who came one after the other, while two others, who came first, end one each 2 seconds."""
    now = 0.0
    turns = Turns(1, lambda: now)
    go_on = [threading.Event() for _ in range(6)]
    tickets: dict[int, Ticket] = {}
    scripts = Scripts(turns)

    def script(name: int) -> None:
        with turns.turn(lambda ticket: tickets.setdefault(name, ticket)):
            go_on[name].wait(10)

    for name in range(6):
        scripts.start(partial(script, name))
        wait_until(lambda name=name: turns.status().taken + turns.status().in_line == name + 1)
    wait_until(lambda: len(tickets) == 5)
    assert turns.place(tickets[5]) == (6, 6.0), "one a second, before anything is known"
    for name in range(2):
        now += 2.0
        go_on[name].set()
        wait_until(lambda name=name: turns.status().ended == name + 1)
    place, seconds = turns.place(tickets[5])
    assert place == 4 and 4 < seconds < 8
    number, longer = turns.next_place()
    assert number == 5 and longer == pytest.approx(seconds * 5 / 4)
    now += 20.0
    assert turns.place(tickets[5])[1] > 20, "it does not get on"
    for event in go_on:
        event.set()
    scripts.join()
    rested = turns.status().pace
    now += 600
    turns.next_place()
    assert turns.status().pace == rested, "hours without visitors tell nothing"
