"""The same for an hour with ten visitors: whether memory, threads or file handles grow."""

import argparse
import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.load import ramp, server
from benchmarks.load.crowd import Stage, crowd
from benchmarks.load.numbers import slope
from benchmarks.load.people import Person
from benchmarks.load.server import Sample

SETTLED = 600.0
"""Seconds after which memory should no longer grow."""
WINDOW = 60.0
"""Seconds over which its mean is taken, at both ends."""
MOST_GROWTH = 0.05
"""Of memory, from then on."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this part."""
    parser.add_argument("--soak-minutes", type=float, default=60)
    parser.add_argument("--soak-visitors", type=int, default=10)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure, and print the verdict."""
    seconds = 60 * arguments.soak_minutes
    plan = Stage(arguments.soak_visitors, seconds)
    samples: list[Sample] = []
    with server.target(arguments) as target:
        ramp.warm_up(target, arguments.model)
        people = [Person.of(arguments.model)]
        found = asyncio.run(crowd(plan, people, target.url, target.pid, arguments.seed, samples))
    found |= growth(samples, min(SETTLED, seconds / 4))
    print(f"{verdict(found)}\n", flush=True)
    return found


def growth(samples: Sequence[Sample], settled: float) -> dict[str, Any]:
    """How the process has grown since it settled.

    Args:
        settled: seconds after which it is looked at.
    """
    late = [one for one in samples if one.at >= settled]
    if len(late) < 2:
        return {"growth": None}
    end = late[-1].at

    def change(value: Callable[[Sample], float]) -> tuple[float, float, float]:
        first = _mean([value(one) for one in late if one.at <= settled + WINDOW])
        last = _mean([value(one) for one in late if one.at >= end - WINDOW])
        return round(first, 1), round(last, 1), round(3600 * slope([(one.at, value(one)) for one in late]), 2)

    parts = {
        "rss_MB": lambda one: one.rss,
        "threads": lambda one: float(one.threads),
        "handles": lambda one: float(one.handles),
    }
    named = ("after_settling", "at_the_end", "slope_an_hour")
    return {
        "settled_after_s": settled,
        "growth": {name: dict(zip(named, change(value), strict=True)) for name, value in parts.items()},
    }


def verdict(found: dict[str, Any]) -> str:
    """Whether memory has kept its bound, in a sentence."""
    if found["growth"] is None:
        return "Too short to tell whether memory grows."
    memory, threads, handles = (found["growth"][name] for name in ("rss_MB", "threads", "handles"))
    first, last = memory["after_settling"], memory["at_the_end"]
    share = last / first - 1
    kept = "kept" if share <= MOST_GROWTH else "MISSED"
    return (
        f"Memory {first:.0f} MB after {found['settled_after_s'] / 60:.0f} min, {last:.0f} MB at the end:"
        f" {share:+.1%}, {memory['slope_an_hour']:+.0f} MB an hour ({kept}: at most {MOST_GROWTH:.0%})."
        f" Threads {threads['after_settling']:.0f} to {threads['at_the_end']:.0f},"
        f" handles {handles['after_settling']:.0f} to {handles['at_the_end']:.0f}."
        f" {found['checked']['wrong']} wrong of {found['checked']['answers']} answers,"
        f" {sum(found['errors'].values())} errors."
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
