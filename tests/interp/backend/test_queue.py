"""The work queue: one computation for all who ask the same, fair turns, prompt stops, and errors that stay
where they belong."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace

import pytest

from interp.backend.order import Rank
from interp.backend.queue import WorkQueue
from interp.backend.status import Ended
from interp.errors import PuzzlescopeError
from interp.resumable import Steps


class Clock:
    """Computations of short steps that write down what they do."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.closed: list[str] = []
        self.now = 0.0

    def steps(self, name: str, n: int, seconds: float = 0.01) -> Steps[int, str]:
        try:
            for k in range(n):
                time.sleep(seconds)
                self.now += seconds
                self.log.append(name)
                yield k
            return f"{name} done"
        finally:
            self.closed.append(name)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue() -> Iterator[WorkQueue]:
    queue = WorkQueue()
    yield queue
    wait_until(lambda: queue.waiting == 0)


def wait_until(what, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.002)


def news(iterator) -> list[int]:
    return [item for item in iterator if item is not None]


def test_news_in_order_and_a_result(queue: WorkQueue, clock: Clock) -> None:
    job = queue.ask("a", lambda: clock.steps("a", 3), "me")
    assert news(job.follow()) == [0, 1, 2]
    assert queue.ask("b", lambda: clock.steps("b", 2), "me").result() == "b done"


def test_a_sign_of_life_while_nothing_happens(queue: WorkQueue, clock: Clock) -> None:
    follow = queue.ask("slow", lambda: clock.steps("slow", 1, 0.5), "me").follow()
    assert next(follow) is None and clock.log == []
    assert news(follow) == [0]


def test_who_asks_for_what_is_under_way_joins_it(queue: WorkQueue, clock: Clock) -> None:
    first = queue.ask("same", lambda: clock.steps("same", 20), "me")
    follow = first.follow()
    assert next(item for item in follow if item is not None) == 0
    second = queue.ask("same", lambda: clock.steps("other", 20), "you")
    assert second.job is first.job
    assert news(second.follow()) == list(range(20)), "a late comer gets the news from the first on"
    assert news(follow) == list(range(1, 20))
    assert clock.log == ["same"] * 20 and clock.closed == ["same"]


def test_finished_work_is_not_kept(queue: WorkQueue, clock: Clock) -> None:
    for _ in range(2):
        assert queue.ask("a", lambda: clock.steps("a", 1), "me").result() == "a done"
    assert clock.log == ["a", "a"]


@pytest.fixture
def small_quantum(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns change often."""
    monkeypatch.setattr("interp.backend.order.QUANTUM", 0.02)


@pytest.fixture
def own_time(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    """A step counts for as long as it means to take: on a busy machine it takes longer, now one and now the
    other's."""
    times = SimpleNamespace(monotonic=time.monotonic, perf_counter=lambda: clock.now)
    monkeypatch.setattr("interp.backend.job.time", times)


@pytest.mark.usefixtures("small_quantum", "own_time")
def test_turns_are_fair(queue: WorkQueue, clock: Clock) -> None:
    """Two with long work and one with short: the short one is served at once, the long ones advance
    together."""
    long = [queue.ask(name, lambda name=name: clock.steps(name, 30), name) for name in ("ann", "bob")]
    follows = [job.follow() for job in long]
    wait_until(lambda: len(clock.log) >= 10)
    before = len(clock.log)
    assert queue.ask("short", lambda: clock.steps("cid", 2), "cid").result() == "cid done"
    assert len(clock.log) - before <= 8, "two steps of its own, and not many of others between"
    for follow in follows:
        news(follow)
    for end in range(20, len(clock.log), 10):
        done = clock.log[:end]
        if 0 < done.count("ann") < 30 and 0 < done.count("bob") < 30:
            assert abs(done.count("ann") - done.count("bob")) <= 6


@pytest.mark.usefixtures("small_quantum", "own_time")
def test_somebody_with_many_jobs_has_no_more_than_their_share(queue: WorkQueue, clock: Clock) -> None:
    jobs = [queue.ask(f"many{k}", lambda k=k: clock.steps("many", 10), "greedy") for k in range(5)]
    one = queue.ask("one", lambda: clock.steps("one", 10), "modest")
    one.result()
    assert clock.log.count("many") <= 20, "of fifty steps"
    for job in jobs:
        job.result()


def test_what_is_waited_for_comes_before_what_is_watched(queue: WorkQueue, clock: Clock) -> None:
    """Before sweeps of the same visitor and of others that were there first; these go on all the same."""
    sweeps = [queue.ask(who, lambda: clock.steps("sweep", 60), who, Rank.WATCHED) for who in ("me", "you")]
    wait_until(lambda: clock.log.count("sweep") >= 3)
    before = len(clock.log)
    assert queue.ask("answer", lambda: clock.steps("answer", 40), "me").result() == "answer done"
    during = clock.log[before:]
    assert 1 <= during.count("sweep") <= 10, "a small share of what an answer takes, and not nothing"
    for sweep in sweeps:
        sweep.leave()


def test_a_watched_job_that_is_waited_for_too_comes_first(queue: WorkQueue, clock: Clock) -> None:
    watching = queue.ask("both", lambda: clock.steps("both", 10), "me", Rank.WATCHED)
    others = [queue.ask(k, lambda: clock.steps("other", 50), f"other {k}", Rank.WATCHED) for k in range(4)]
    assert queue.ask("both", lambda: clock.steps("twice", 10), "you").result() == "both done"
    assert clock.log.count("both") == 10 and clock.log.count("other") <= 8 and "twice" not in clock.log
    assert queue.under_way() and {job.rank for job in queue.under_way()} == {"watched"}
    for claim in [watching, *others]:
        claim.leave()


def test_of_too_many_wishes_the_oldest_watched_one_is_dropped(clock: Clock) -> None:
    queue = WorkQueue(most=3)
    old, newer = (queue.ask(k, lambda: clock.steps("watched", 500), "me", Rank.WATCHED) for k in range(2))
    first = queue.ask("first", lambda: clock.steps("first", 500), "me")
    elsewhere = queue.ask("of another", lambda: clock.steps("of another", 1), "you", Rank.WATCHED)
    second = queue.ask("second", lambda: clock.steps("second", 500), "me")
    assert old.dropped and not newer.dropped and not elsewhere.dropped
    third = queue.ask("third", lambda: clock.steps("third", 500), "me")
    assert newer.dropped and not (first.dropped or second.dropped or third.dropped)
    with pytest.raises(PuzzlescopeError, match="waiting for 3 computations"):
        queue.ask("fourth", lambda: clock.steps("fourth", 1), "me")
    assert (queue.dropped, queue.refused) == (2, 1)
    assert "fourth" not in {job.kind for job in queue.under_way()}
    for claim in (first, second, third, elsewhere):
        claim.leave()
    wait_until(lambda: queue.waiting == 0)
    assert clock.log.count("watched") < 1000 and queue.ask("a", lambda: clock.steps("a", 1), "me").result()


def test_what_was_computed_is_counted_by_kind(queue: WorkQueue, clock: Clock) -> None:
    def fails() -> Steps[int, None]:
        raise ValueError("no such number")

    queue.ask("a", lambda: clock.steps("a", 3), "me", kind="Good").result()
    with pytest.raises(ValueError, match="no such"):
        queue.ask("b", fails, "me", kind="Bad").result()
    left = queue.ask("c", lambda: clock.steps("c", 1000), "me", kind="Left")
    wait_until(lambda: bool(clock.log.count("c")))
    (job,) = queue.under_way()
    assert (job.kind, job.rank, job.who) == ("Left", "asked", ("me",))
    left.leave()
    wait_until(lambda: queue.waiting == 0)
    found = queue.computed()
    assert (found["Good"].done, found["Bad"].failed, found["Left"].abandoned) == (1, 1, 1)
    assert found["Good"].seconds >= 0.03 and 0.01 <= found["Good"].longest <= found["Good"].seconds
    assert found["Good"].failed == found["Bad"].done == found["Left"].done == 0


def test_a_computation_that_cannot_even_be_closed_harms_no_other(queue: WorkQueue, clock: Clock) -> None:
    def clings() -> Steps[int, None]:
        try:
            while True:
                clock.log.append("clings")
                yield 1
        finally:
            raise RuntimeError("not so")

    bad = queue.ask("bad", clings, "me")
    wait_until(lambda: "clings" in clock.log)
    bad.leave()
    assert queue.ask("good", lambda: clock.steps("good", 2), "you").result() == "good done"


def test_the_latest_wish_of_one_person_comes_first(queue: WorkQueue, clock: Clock) -> None:
    old = queue.ask("old", lambda: clock.steps("old", 30), "me")
    wait_until(lambda: clock.log.count("old") >= 3)
    queue.ask("new", lambda: clock.steps("new", 5), "me").result()
    assert clock.log.count("old") <= 8
    old.result()


def test_what_nobody_waits_for_stops_within_a_step(queue: WorkQueue, clock: Clock) -> None:
    follow = queue.ask("long", lambda: clock.steps("long", 10_000), "me").follow()
    next(follow)
    follow.close()
    done = len(clock.log)
    wait_until(lambda: clock.closed == ["long"])
    assert queue.waiting == 0 and len(clock.log) <= done + 2


def test_it_goes_on_while_somebody_waits(queue: WorkQueue, clock: Clock) -> None:
    one = queue.ask("both", lambda: clock.steps("both", 30), "me").follow()
    two = queue.ask("both", lambda: clock.steps("both", 30), "you").follow()
    next(one), next(two)
    one.close()
    assert 29 in news(two)


def test_what_was_given_up_can_be_asked_for_again(queue: WorkQueue, clock: Clock) -> None:
    follow = queue.ask("a", lambda: clock.steps("first", 1000), "me").follow()
    next(follow)
    follow.close()
    wait_until(lambda: queue.waiting == 0)
    assert queue.ask("a", lambda: clock.steps("second", 2), "me").result() == "second done"


def test_an_error_goes_to_those_who_asked_and_to_nobody_else(queue: WorkQueue, clock: Clock) -> None:
    def fails() -> Steps[int, None]:
        yield 1
        raise KeyError("in the middle of it")

    other = queue.ask("other", lambda: clock.steps("other", 10), "you")
    caught: list[BaseException] = []

    def ask() -> None:
        try:
            queue.ask("fails", fails, "me").result()
        except KeyError as error:
            caught.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(caught) == 4
    assert other.result() == "other done"
    assert queue.ask("fails", lambda: clock.steps("again", 1), "me").result() == "again done"


def test_an_error_before_the_first_step(queue: WorkQueue) -> None:
    def fails() -> Steps[int, None]:
        raise ValueError("before anything")

    with pytest.raises(ValueError, match="before anything"):
        queue.ask("a", fails, "me").result()


def test_many_threads_get_their_own_answers(queue: WorkQueue, clock: Clock) -> None:
    found: dict[int, str] = {}

    def ask(k: int) -> None:
        found[k] = queue.ask(k % 5, lambda: clock.steps(str(k % 5), 3, 0.001), k).result()

    threads = [threading.Thread(target=ask, args=(k,)) for k in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {k: f"{k % 5} done" for k in range(20)}


def test_who_asks_while_an_abandoned_job_is_put_away_gets_one_of_their_own(
    queue: WorkQueue, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is held where it has decided to step a job, and there its only follower leaves and somebody
    asks again."""
    held, go_on = threading.Event(), threading.Event()
    plain = WorkQueue._next

    def hold(self: WorkQueue):
        job = plain(self)
        if job is not None and clock.log and not held.is_set():
            held.set()
            go_on.wait(5)
        return job

    monkeypatch.setattr(WorkQueue, "_next", hold)
    job = queue.ask("a", lambda: clock.steps("first", 50, 0.001), "me")
    assert held.wait(5)
    job.leave()
    again = queue.ask("a", lambda: clock.steps("second", 2), "me")
    go_on.set()
    assert again.result() in {"first done", "second done"}


def test_many_who_leave_and_ask_again_never_get_nothing(queue: WorkQueue) -> None:
    class LeftError(Exception):
        pass

    def steps() -> Steps[None, str]:
        for _ in range(6):
            yield None
        return "the answer"

    found: list[str] = []
    end = time.monotonic() + 1.0

    def visit(k: int) -> None:
        turn = 0
        while time.monotonic() < end:
            turn += 1
            with suppress(LeftError):
                found.append(queue.ask(turn % 2, steps, k).result(_leaver(turn + k)))

    def _leaver(k: int):
        def pulse() -> None:
            if k % 3 == 0:
                raise LeftError

        return pulse

    threads = [threading.Thread(target=visit, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) > 10 and set(found) == {"the answer"}


def test_all_that_a_visitor_wants_can_be_given_up(queue: WorkQueue, clock: Clock) -> None:
    asked = queue.ask("a", lambda: clock.steps("a", 10_000), "me")
    watched = queue.ask("b", lambda: clock.steps("b", 10_000), "me", Rank.WATCHED)
    other = queue.ask("b", lambda: clock.steps("b", 10_000), "you", Rank.WATCHED)
    wait_until(lambda: "a" in clock.log)
    assert queue.drop("me") == 2 and queue.drop("me") == 0
    with pytest.raises(PuzzlescopeError, match="stopped by an administrator: ask again"):
        asked.result()
    assert watched.dropped and not other.dropped
    wait_until(lambda: queue.waiting == 1 and "a" in clock.closed)
    assert "b" not in clock.closed  # another visitor still watches it
    other.leave()


def test_one_who_waits_is_told_at_once_that_it_is_given_up(queue: WorkQueue, clock: Clock) -> None:
    errors = []

    def wait() -> None:
        try:
            queue.ask("a", lambda: clock.steps("a", 10_000), "me").result()
        except PuzzlescopeError as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    wait_until(lambda: "a" in clock.log)
    queue.drop("me")
    thread.join(10)
    assert not thread.is_alive() and len(errors) == 1


def test_the_end_of_each_computation_is_told_once(clock: Clock) -> None:
    told: list[Ended] = []

    def note(ended: Ended) -> None:
        told.append(ended)
        raise RuntimeError  # the worker goes on

    queue = WorkQueue(told=note)
    both = [queue.ask("a", lambda: clock.steps("a", 2), who, kind="A") for who in ("me", "you")]
    assert [claim.result() for claim in both] == ["a done", "a done"]

    def failing_steps() -> Steps[int, str]:
        yield 1 // 0
        return ""

    failing = queue.ask("b", failing_steps, "me", kind="B")
    with pytest.raises(ZeroDivisionError):
        failing.result()
    queue.ask("c", lambda: clock.steps("c", 10_000), "you", kind="C").leave()
    wait_until(lambda: queue.waiting == 0 and len(told) == 3)
    assert [(one.kind, one.outcome, one.who) for one in told] == [
        ("A", "finished", "me"),
        ("B", "failed", "me"),
        ("C", "abandoned", "you"),
    ]
    assert told[0].steps == 3 and told[0].seconds > 0 and isinstance(told[1].error, ZeroDivisionError)


def test_whoever_waits_for_a_closed_queue_is_told(clock: Clock) -> None:
    """And whoever asks it from then on: a page must not wait for a worker that is gone."""
    queue = WorkQueue()
    waited_for = queue.ask("long", lambda: clock.steps("long", 10_000), "me")
    wait_until(lambda: "long" in clock.log)
    queue.close()
    done = len(clock.log)
    with pytest.raises(PuzzlescopeError, match="being stopped"):
        waited_for.result()
    with pytest.raises(PuzzlescopeError, match="being stopped"):
        queue.ask("other", lambda: clock.steps("other", 1), "you")
    assert len(clock.log) == done


def test_the_worker_outlives_a_fault_of_the_queue(
    queue: WorkQueue, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*told: object) -> None:
        raise ZeroDivisionError("in the accounts")

    with monkeypatch.context() as broken:
        broken.setattr(queue._order, "charge", faulty)
        with pytest.raises(ZeroDivisionError):
            queue.ask("one", lambda: clock.steps("one", 3), "me").result()
    assert queue.ask("two", lambda: clock.steps("two", 3), "me").result() == "two done"
