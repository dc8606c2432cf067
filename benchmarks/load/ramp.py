"""More and more visitors, each clicking another ablation every few seconds, for some minutes each."""

import argparse
import asyncio
import random
from collections.abc import Iterator
from typing import Any

from benchmarks.load import report, server
from benchmarks.load.crowd import Stage, crowd
from benchmarks.load.people import Person
from benchmarks.load.visit.eyes import Tally
from benchmarks.load.visit.visitor import Visitor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this part."""
    parser.add_argument(
        "--visitors", type=_numbers, default=(1, 5, 20, 50), help="at once, such as 1,5,20,50"
    )
    parser.add_argument("--minutes", type=float, default=2, help="for each number of visitors")
    parser.add_argument("--last-minutes", type=float, help="for the last of them, if it is another time")
    parser.add_argument("--browsers", type=int, default=3, help="pages of a real Chromium among the last")


def run(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure, and print a line for each number of visitors."""
    found: list[dict[str, Any]] = []
    with server.target(arguments) as target:
        warm_up(target, arguments.model)
        for plan in _plans(arguments):
            people = [Person.of(arguments.model)]
            found.append(asyncio.run(crowd(plan, people, target.url, target.pid, arguments.seed)))
            print(f"{report.table(found)}\n", flush=True)
    return found


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _plans(arguments: argparse.Namespace) -> Iterator[Stage]:
    *first, last = arguments.visitors
    yield from (Stage(n, 60 * arguments.minutes) for n in first)
    yield Stage(last, 60 * (arguments.last_minutes or arguments.minutes), min(arguments.browsers, last))


def warm_up(target: server.Target, model: str) -> None:
    """Let one visitor come and go: he waits while PyTorch and the model are loaded."""

    async def once() -> None:
        visitor = Visitor(target.url, "first", Tally(lambda shown: None))
        await visitor.open(Person.of(model).link(random.Random(0)))
        await visitor.close()

    asyncio.run(once())
