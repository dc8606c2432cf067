"""A number of visitors at once, and how the server is meanwhile."""

import asyncio
import json
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.load import direct, results
from benchmarks.load.people import Person, live
from benchmarks.load.server import Sample, Watcher
from benchmarks.load.visit import chromium
from benchmarks.load.visit.answers import Shown
from benchmarks.load.visit.eyes import Done, Tally

ARRIVE = 10.0
"""Seconds within which all have opened their first link."""


@dataclass(frozen=True)
class Stage:
    """One number of visitors.

    Attributes:
        visitors: how many, real browsers among them.
        browsers: how many of them are pages of a real Chromium.
        seconds: how long.
    """

    visitors: int
    seconds: float
    browsers: int = 0


async def crowd(
    plan: Stage,
    people: Sequence[Person],
    url: str,
    pid: int,
    seed: int = 1,
    samples: list[Sample] | None = None,
) -> dict[str, Any]:
    """Let visitors come and go for a while; what they met with, and how the server was.

    Args:
        people: how they behave, in turn.
        url, pid: the server's.
        samples: is given how the server was from second to second.
    """
    rng, done = random.Random(seed), list[Done]()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answers.jsonl"
        with file.open("w", encoding="utf-8") as lines, Watcher(url, pid) as watcher:

            def note(shown: Shown) -> None:
                lines.write(json.dumps(shown.record()) + "\n")

            tally, me, began = Tally(note), psutil.Process(), time.perf_counter()
            used = me.cpu_times()
            loop_until = asyncio.get_running_loop().time() + plan.seconds
            async with asyncio.TaskGroup() as group:
                pages = group.create_task(_in_chromium(plan, people[0].model, url, seed))
                for k in range(plan.visitors - plan.browsers):
                    own, person = random.Random(rng.random()), people[k % len(people)]
                    group.create_task(_arrive(person, url, k, tally, done, loop_until, own))
            browsers = pages.result()
            wall, now = time.perf_counter() - began, me.cpu_times()
        for shown in browsers.shown:
            with file.open("a", encoding="utf-8") as more:
                more.write(json.dumps(shown.record()) + "\n")
        if samples is not None:
            samples += watcher.samples
        verdict = await asyncio.to_thread(direct.check_file, file)
    mine = now.user + now.system - used.user - used.system
    return {
        "visitors": plan.visitors,
        "seconds": round(wall, 1),
        **results.told(done, wall),
        "chromium": {
            "pages": plan.browsers,
            **results.told(browsers.done, wall),
            "errors": browsers.errors,
            "cores": round(browsers.cores, 2),
        },
        "checked": verdict,
        **results.seen(tally),
        **results.watched(watcher, wall),
        "generator_cores": round(mine / wall, 2),
    }


async def _in_chromium(plan: Stage, model: str, url: str, seed: int) -> chromium.Seen:
    if not plan.browsers:
        return chromium.Seen()
    return await chromium.elsewhere(url, model, plan.browsers, plan.seconds, seed)


async def _arrive(
    person: Person, url: str, k: int, tally: Tally, done: list[Done], until: float, rng: random.Random
) -> None:
    await asyncio.sleep(rng.uniform(0, ARRIVE))
    await live(person, url, f"visitor {k}", tally, done, until, rng)
