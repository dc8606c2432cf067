"""Talks that others follow: who may write, and when one is over."""

import re

import pytest

from app.state.following import (
    CODE,
    LETTERS,
    LONGEST_SILENCE,
    MOST_FOLLOWERS,
    MOST_TALKS,
    PATIENCE,
    Followers,
    Talks,
)
from interp.errors import PuzzlescopeError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def talks(clock: Clock) -> Talks:
    return Talks(clock)


def test_followers_see_what_its_presenter_shows(talks: Talks) -> None:
    code, owner = talks.begin("workbench", {"off": "L1.attn"})
    assert re.fullmatch(f"[{LETTERS}]{{{CODE}}}", code)
    first = talks.find(f" {code.upper()} ")
    assert (first.page, first.query, first.step) == ("workbench", {"off": "L1.attn"}, 1)
    assert talks.show(code, owner, "heads", {"off": "L1.attn"})
    assert (talks.find(code).page, talks.find(code).step) == ("heads", 2)
    assert talks.show(code, owner, "heads", {"off": "L1.attn"})
    assert talks.find(code).step == 2, "nothing has changed"


def test_only_its_presenter_writes_and_ends_it(talks: Talks) -> None:
    code, owner = talks.begin("workbench", {})
    other, key = talks.begin("heads", {})
    assert not talks.show(code, key, "logbook", {}) and not talks.show(code, "", "logbook", {})
    talks.end(code, key)
    assert talks.find(code).page == "workbench"
    talks.end(code, owner)
    with pytest.raises(PuzzlescopeError, match=f"No talk with the code '{code}'"):
        talks.find(code)
    assert not talks.show(code, owner, "heads", {}) and talks.find(other).page == "heads"


def test_a_silent_talk_is_over(talks: Talks, clock: Clock) -> None:
    code, owner = talks.begin("workbench", {})
    clock.now += LONGEST_SILENCE - 1
    assert talks.show(code, owner, "workbench", {})
    clock.now += LONGEST_SILENCE - 1
    assert talks.find(code)
    clock.now += 2
    with pytest.raises(PuzzlescopeError, match="ask for a new link"):
        talks.find(code)


def test_there_are_never_too_many(talks: Talks, clock: Clock) -> None:
    codes = []
    for _ in range(MOST_TALKS + 1):
        clock.now += 1
        codes.append(talks.begin("workbench", {})[0])
    assert len(set(codes)) == len(codes)
    with pytest.raises(PuzzlescopeError):
        talks.find(codes[0])
    assert all(talks.find(code) for code in codes[1:])


def test_followers_are_counted_while_they_look(talks: Talks, clock: Clock) -> None:
    code, owner = talks.begin("workbench", {})
    assert talks.followers(code) == Followers(0, 0)
    talks.attend(code, "one", True)
    talks.attend(code, "two", True)
    talks.attend(code, "two", False)
    talks.attend("zzzzzz", "one", True)
    assert talks.followers(code) == Followers(1, 1) and talks.followers("zzzzzz") == Followers(0, 0)
    clock.now += PATIENCE - 1
    talks.attend(code, "two", True)
    talks.leave(code, "three")
    clock.now += 2
    assert talks.followers(code) == Followers(1, 0)
    talks.leave(code, "two")
    assert talks.followers(code) == Followers(0, 0)
    for k in range(MOST_FOLLOWERS + 5):
        talks.attend(code, str(k), True)
    assert talks.followers(code).along == MOST_FOLLOWERS
    talks.end(code, owner)
    assert talks.followers(code) == Followers(0, 0)


def test_what_a_presenter_reads_of_followers() -> None:
    told = [Followers(*counts).words for counts in [(0, 0), (1, 0), (0, 1), (3, 1), (0, 2)]]
    assert told == [
        "no followers yet",
        "1 follower",
        "1 follower, looking elsewhere",
        "4 followers, 1 of them looking elsewhere",
        "2 followers, all of them looking elsewhere",
    ]
