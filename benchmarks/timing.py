"""Timing two things in turn, so that a machine that slows down slows both."""

import time
from collections.abc import Callable
from statistics import median


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turn(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median seconds of each, after one round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + 1):
        for name, work in works.items():
            spent = seconds(work)
            if turn:
                times[name].append(spent)
    return {name: median(spent) for name, spent in times.items()}
