"""An error while an answer is computed: who asked is told so in a sentence, and goes on; others see nothing
of it."""

import argparse
import asyncio
import random
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.load import direct
from benchmarks.load.faults.hooks import BROKEN, HOOKS
from benchmarks.load.people import Person, live
from benchmarks.load.server import Server, served
from benchmarks.load.visit.answers import Scene, Shown
from benchmarks.load.visit.eyes import Done, Tally
from benchmarks.load.visit.visitor import Visitor
from scripts.dashboard import ROOT

SECONDS = 40.0
TRIES = 4
PATIENCE = 8.0
"""Seconds in which the error is to be seen."""


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Let one visitor click on what fails, while others click on what does not."""
    path = f"{HOOKS}:{ROOT}"
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder), arguments.port, PYTHONPATH=path, BENCH_BROKEN=BROKEN) as server,
    ):
        return asyncio.run(_run(server, Person.of(arguments.model)))


async def _run(server: Server, person: Person) -> dict[str, Any]:
    shown: list[Shown] = []
    others, unlucky, done = Tally(shown.append), Tally(shown.append), list[Done]()
    until = asyncio.get_running_loop().time() + SECONDS
    lives = [live(person, server.url, f"other {k}", others, done, until, random.Random(k)) for k in range(3)]
    recovered, *_ = await asyncio.gather(_meet_the_error(server.url, person, unlucky), *lives)
    verdict = await asyncio.to_thread(direct.check_answers, shown)
    return {
        "clicks_that_fail": TRIES,
        "links_answered": recovered,
        "what_the_visitor_saw": {**dict(unlucky.errors), **dict(unlucky.said)},
        "answers_of_others": sum(one.seconds is not None for one in done),
        "errors_of_others": dict(others.errors),
        "wrong": verdict["wrong"],
        "server_lives": server.alive,
    }


async def _meet_the_error(url: str, person: Person, tally: Tally) -> int:
    """How often an answer came after the error, when the visitor opened his link again. On the page that has
    ended with an error there is no board to click on."""
    scene, recovered = Scene(person.model, person.puzzles[7]), 0
    for _ in range(TRIES):
        visitor = Visitor(url, "unlucky", tally)
        try:
            recovered += (await visitor.open(scene)).seconds is not None
            visitor.patience = PATIENCE
            await visitor.click(BROKEN, True, BROKEN)
        finally:
            await visitor.close()
    return recovered
