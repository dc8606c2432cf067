"""Whose step comes next, without threads: a clock that only computing moves."""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interp.backend import order
from interp.backend.order import BUDGET, Order, Rank


@dataclass(eq=False)
class Wish:
    who: str
    rank: Rank = Rank.ASKED
    seconds: float = 0.05
    name: str = ""
    person: str = ""

    @property
    def payer(self) -> str:
        return self.person or self.who


class Day:
    """An order, and a clock that goes on by what the steps take."""

    def __init__(self) -> None:
        self.now = 0.0
        self.order = Order(lambda: self.now)

    def add(self, *wishes: Wish) -> None:
        for one in wishes:
            self.order.add(one)

    def step(self) -> Wish:
        one: Wish = self.order.next()
        self.now += one.seconds
        self.order.charge(one, [], one.seconds)
        return one

    def steps(self, seconds: float) -> list[Wish]:
        end, taken = self.now + seconds, []
        while self.now < end:
            taken.append(self.step())
        return taken


def seconds_of(taken: list[Wish]) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in taken:
        found[one.who] += one.seconds  # type: ignore[assignment]
    return found


def test_first_come_first_served_among_those_who_have_had_nothing() -> None:
    day = Day()
    wishes = [Wish(str(k)) for k in range(20)]
    day.add(*wishes)
    served = []
    while (one := day.order.next()) is not None:
        day.step()
        served.append(one)
        day.order.remove(one)  # each is done within a step
    assert served == wishes


def test_one_whose_page_is_drawn_anew_keeps_the_place() -> None:
    day = Day()
    first, second, third = Wish("a"), Wish("b"), Wish("c")
    day.add(first, second, third)
    for one in (first, second):
        day.order.remove(one)
    day.now += order.KEPT
    again = Wish("a")
    day.add(again)
    assert day.order.next() is again, "before those who came later"
    day.order.remove(again, done=True)
    day.now += order.KEPT / 2
    day.add(Wish("b"), Wish("a"))
    assert day.order.next() is third, "the second was away too long, and the first has had an answer"


def test_ranks_in_their_order() -> None:
    day = Day()
    watched, look, asked = Wish("a", Rank.WATCHED), Wish("b", Rank.FIRST_LOOK), Wish("c")
    day.add(watched, look, asked)
    for one in (asked, look, watched):
        assert day.order.next() is one
        day.order.remove(one)
    assert day.order.next() is None


def test_what_is_watched_gets_its_share_of_any_load_and_no_more() -> None:
    day = Day()
    day.add(Wish("waits"), Wish("looks", Rank.FIRST_LOOK), Wish("watches", Rank.WATCHED))
    found = seconds_of(day.steps(100))
    assert found["looks"] / found["waits"] == pytest.approx(1 / 8, rel=0.2)
    assert found["watches"] / found["waits"] == pytest.approx(1 / 16, rel=0.2)


def test_one_step_at_most_comes_before_what_is_waited_for() -> None:
    day = Day()
    day.add(Wish("waits", seconds=0.01), *(Wish(f"w{k}", Rank.WATCHED, 0.3) for k in range(5)))
    ranks = [one.rank for one in day.steps(50)]
    assert Rank.WATCHED in ranks
    assert all(Rank.ASKED in pair for pair in pairwise(ranks))


def test_long_work_makes_way_for_short_work_of_others() -> None:
    """Somebody who exports for minutes, and 5 others who each ask for something short again and again."""
    day = Day()
    day.add(Wish("exports"))
    day.steps(30)
    waited = []
    for turn in range(40):
        short = Wish(f"clicks {turn % 5}", seconds=0.1)
        came = day.now
        day.add(short)
        while day.step() is not short:
            pass
        day.order.remove(short, done=True)
        waited.append(day.now - came)
    assert sorted(waited)[len(waited) // 2] == pytest.approx(0.1)
    assert max(waited) <= 1.0


def test_nobody_starves_where_all_are_busy() -> None:
    day = Day()
    day.add(*(Wish(str(k), rank, 0.02 * (k + 1)) for k, rank in enumerate([Rank.ASKED] * 5)))
    found = seconds_of(day.steps(200))
    assert len(found) == 5 and max(found.values()) < 1.5 * min(found.values())


def test_the_latest_wish_of_a_visitor_first() -> None:
    day = Day()
    old, new = Wish("a", name="old"), Wish("a", name="new")
    day.add(old, new)
    assert day.order.next() is new
    assert list(day.order.of("a")) == [old, new]


def test_beyond_the_budget_others_go_first_and_it_comes_back() -> None:
    day = Day()
    long = Wish("greedy", Rank.WATCHED)
    day.add(long)
    day.steps(BUDGET * 2)
    assert day.order.over_budget("greedy"), "alone one may go on beyond it"
    modest = Wish("modest", Rank.WATCHED)
    day.add(modest)
    assert set(day.steps(10)) == {modest}
    day.order.remove(modest)
    asked = Wish("greedy")
    day.add(asked, Wish("other"))
    day.order.remove(long)
    day.now += 0.01
    assert day.order.next() is asked, "what is waited for is not under the budget"
    day.now += 120
    assert not day.order.over_budget("greedy")


def test_one_person_with_many_visits_has_one_share() -> None:
    day = Day()
    day.add(*(Wish(f"visit {k}", person="ann") for k in range(9)), Wish("bob"))
    found = seconds_of(day.steps(60))
    ann = sum(seconds for who, seconds in found.items() if who != "bob")
    assert ann == pytest.approx(found["bob"], rel=0.1)
    assert len(found) == 10, "all of them get on"


def test_who_shares_a_computation_shares_its_time() -> None:
    day = Day()
    first, second, alone = Wish("a", seconds=1.0), Wish("b"), Wish("c")
    day.add(first, second, alone)
    day.order.charge(day.order.next(), [second], 1.0)
    day.order.charge(alone, [], 0.6)
    assert day.order.next() is first, "half of a second each is less than what the third had"


def test_visitors_of_long_ago_are_forgotten() -> None:
    day = Day()
    for k in range(300):
        one = Wish(f"visitor {k}")
        day.add(one)
        day.step()
        day.order.remove(one)
        day.now += 10
    assert len(day.order._accounts) < 15


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from(list(Rank)), st.floats(0.001, 0.5)),
        min_size=1,
        max_size=20,
    )
)
def test_everything_that_is_wanted_is_done(wanted: list[tuple[str, Rank, float]]) -> None:
    """Whatever the ranks and lengths: each wish of ten steps comes to its end, and none is served after
    that."""
    day = Day()
    left = {Wish(who, rank, seconds): 10 for who, rank, seconds in wanted}
    day.add(*left)
    for _ in range(10 * len(left)):
        one = day.step()
        left[one] -= 1
        if left[one] == 0:
            day.order.remove(one)
    assert set(left.values()) == {0} and day.order.next() is None


def test_shares_leave_most_to_what_is_waited_for() -> None:
    assert sum(order.SHARES.values()) < 0.5


def test_one_with_costly_answers_comes_later_but_comes() -> None:
    """Others ask for a short answer again as soon as they have one."""
    day = Day()
    costly = Wish("costly", seconds=order.QUANTUM)
    day.add(costly)
    day.order.charge(costly, [], 1.0)  # for what was served before
    day.add(*map(short, "abcdefgh"))
    while (one := day.order.next()) is not costly:
        day.step()
        day.order.remove(one, done=True)
        day.add(short(one.who))
    assert 1.0 < day.now <= order.BEHIND * 1.0 + 0.1


def test_one_with_two_visits_stands_behind_others_after_an_answer() -> None:
    day = Day()
    first, second, other = Wish("tab 1", person="me"), Wish("tab 2", person="me"), Wish("other")
    day.now = 100.0
    day.add(first, second)
    day.now += 1.0
    day.add(other)
    day.now += 1.0
    day.order.remove(first, done=True)
    assert day.order.next() is other


def short(who: str) -> Wish:
    return Wish(who, seconds=order.QUANTUM / 10)
