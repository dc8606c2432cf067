"""More and more visitors, each clicking another ablation every few seconds, for some minutes each."""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.load import chromium, direct, report, server
from benchmarks.load.answers import Shown
from benchmarks.load.eyes import Done, Tally
from benchmarks.load.numbers import summary
from benchmarks.load.people import Person, live
from benchmarks.load.server import Watcher
from benchmarks.load.visitor import Visitor

ARRIVE = 10.0
"""Seconds within which all have opened their first link."""


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
            found.append(asyncio.run(stage(plan, people, target.url, target.pid, arguments.seed)))
            print(f"{report.table(found)}\n", flush=True)
    return found


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _plans(arguments: argparse.Namespace) -> Iterator["Stage"]:
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


async def stage(plan: Stage, people: Sequence[Person], url: str, pid: int, seed: int = 1) -> dict[str, Any]:
    """Let visitors come and go for a while; what they, and the server, were like.

    Args:
        people: how they behave, in turn.
        url, pid: the server's.
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
        verdict = await asyncio.to_thread(direct.check_file, file)
    mine = now.user + now.system - used.user - used.system
    return {
        "visitors": plan.visitors,
        "seconds": round(wall, 1),
        **told(done, wall),
        "chromium": {
            "pages": plan.browsers,
            **told(browsers.done, wall),
            "errors": browsers.errors,
            "cores": round(browsers.cores, 2),
        },
        "checked": verdict,
        **seen(tally),
        **watched(watcher, wall),
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


def told(done: Sequence[Done], wall: float) -> dict[str, Any]:
    """What visitors met with."""
    links, clicks = ([one for one in done if one.kind == kind] for kind in ("link", "click"))
    answered = [one for one in done if one.seconds is not None]
    waited = [one for one in done if one.places]
    return {
        "links": len(links),
        "clicks": len(clicks),
        "unanswered": len(done) - len(answered),
        "answers_per_s": round(len(answered) / wall, 3),
        "click_to_answer_s": summary(one.seconds for one in clicks),
        "click_to_end_s": summary(one.finished for one in clicks),
        "link_to_answer_s": summary(one.seconds for one in links),
        "click_kB": summary(one.size / 1000 for one in clicks if one.seconds is not None),
        "click_kB_on_the_wire": summary(one.wire / 1000 for one in clicks if one.seconds is not None),
        "click_messages": summary(one.messages for one in clicks if one.seconds is not None),
        "link_kB": summary(one.size / 1000 for one in links if one.seconds is not None),
        "told_their_place": len(waited),
        "longest_without_a_word_s": round(
            max((one.seconds for one in answered if one.seconds is not None and not one.places), default=0.0),
            1,
        ),
        "words_of_waiting": Counter(one.places[0] for one in waited).most_common(3),
    }


def seen(tally: Tally) -> dict[str, Any]:
    """What pages showed besides answers."""
    total = sum(tally.sizes.values())
    return {
        "errors": dict(tally.errors),
        "said_as_errors": dict(tally.said.most_common(10)),
        "looks": tally.looks,
        "repeated_wishes": tally.repeats,
        "MB": round(total / 1e6, 1),
        "most_bytes": [
            {"kind": kind, "MB": round(size / 1e6, 2), "kB_each": round(size / 1000 / tally.counts[kind], 1)}
            for kind, size in tally.sizes.most_common(8)
        ],
    }


def watched(watcher: Watcher, wall: float) -> dict[str, Any]:
    """How the server was."""
    samples = watcher.samples
    if not samples:
        return {"health_s": summary(watcher.health), "health_failed": watcher.failed}
    return {
        "health_s": summary(watcher.health, 4),
        "health_failed": watcher.failed,
        "server_cores": round((samples[-1].cpu - samples[0].cpu) / wall, 2),
        "server_cpu_s": round(samples[-1].cpu - samples[0].cpu, 1),
        "rss_MB": {
            "first": round(samples[0].rss),
            "max": round(max(one.rss for one in samples)),
            "last": round(samples[-1].rss),
        },
        "threads": {
            "first": samples[0].threads,
            "max": max(one.threads for one in samples),
            "last": samples[-1].threads,
        },
        "handles": {
            "first": samples[0].handles,
            "max": max(one.handles for one in samples),
            "last": samples[-1].handles,
        },
        "series": server.as_json(samples),
    }
