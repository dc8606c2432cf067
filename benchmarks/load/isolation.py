"""Two visitors with different models and ablations, as fast as they are answered: whether any answer is the
other's."""

import argparse
import asyncio
import random
from typing import Any

from benchmarks.load import direct, server
from benchmarks.load.people import Person
from benchmarks.load.visit.answers import Shown
from benchmarks.load.visit.eyes import Done, Tally
from benchmarks.load.visit.visitor import Visitor

MODELS = ("default", "12-layers")
CLICKS = 50
"""On one link, before another puzzle is opened."""
MOST_FAILURES = 20
"""Answers that did not come, after which a visitor gives up."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this part."""
    parser.add_argument("--answers", type=int, default=1000, help="that both get together")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Let both click, and print the verdict."""
    shown: list[Shown] = []
    tally = Tally(shown.append)
    with server.target(arguments) as target:
        done = asyncio.run(_both(target.url, tally, arguments.answers // len(MODELS), arguments.seed))
    verdict = direct.check_answers(shown)
    answered = sum(one.seconds is not None for one in done)
    found = {"answered": answered, "checked": verdict, "errors": dict(tally.errors)}
    print(
        f"{answered} answers to two visitors with different models, clicking at the same time:"
        f" {verdict['crossed']} crossed, {verdict['wrong']} wrong of {verdict['answers']} that were shown,"
        f" {sum(tally.errors.values())} errors.\n",
        flush=True,
    )
    return found


async def _both(url: str, tally: Tally, answers: int, seed: int) -> list[Done]:
    done: list[Done] = []
    lives = (
        _life(Person.of(model), url, tally, answers, random.Random(f"{seed} {model}"), done)
        for model in MODELS
    )
    await asyncio.gather(*lives)
    return done


async def _life(
    person: Person, url: str, tally: Tally, answers: int, rng: random.Random, done: list[Done]
) -> None:
    mine: list[Done] = []
    while len(mine) < answers and sum(one.seconds is None for one in mine) < MOST_FAILURES:
        visitor, scene = Visitor(url, f"visitor of {person.model}", tally), person.link(rng)
        mine.append(await visitor.open(scene))
        clicks = person.clicks_from(scene.off, rng)
        while mine[-1].seconds is not None and len(mine) < answers and len(mine) % CLICKS:
            click = next(clicks)
            mine.append(await visitor.click(click.part, click.off, click.then))
        await visitor.close()
    done += mine
