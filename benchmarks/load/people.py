"""What visitors do: which links they open, which tiles they click, and how long they think."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from benchmarks.load.visit.answers import Scene
from benchmarks.load.visit.eyes import Done, Tally
from benchmarks.load.visit.visitor import Visitor
from interp import load_model, load_puzzles
from interp.ablation import Ablation, Component, Term, components_of, parse_ablation
from interp.ablation.methods import ZERO
from interp.model import Config

MOST_OFF = 2
"""Parts that a visitor has off at a time: so that all of them stand in the title of the answer."""
THINK = (3.0, 6.0)
"""Seconds between an answer and the next click."""


@dataclass(frozen=True)
class Click:
    """A tile that is clicked, and what is ablated then."""

    part: str
    off: bool
    then: str


@dataclass(frozen=True)
class Person:
    """How a visitor behaves.

    Attributes:
        model: that he looks at.
        puzzles: the ids of those that he may open.
        cfg: sizes of that model.
        clicks: on the board of one link, before he opens another.
        think: between so many seconds and so many he looks at an answer.
    """

    model: str
    puzzles: Sequence[str]
    cfg: Config
    clicks: int = 10
    think: tuple[float, float] = THINK

    @classmethod
    def of(cls, model: str) -> Self:
        """Of a visitor who looks at the model of this name."""
        return cls(model, [puzzle.id for puzzle in load_puzzles("bank")], load_model(model).cfg)

    def clicks_from(self, off: str, rng: random.Random) -> Iterator[Click]:
        """Clicks without end: a part off, another one, and when two are off the first of them on again."""
        parts = list(components_of(self.cfg, ("attn", "mlp", "head")))
        chosen = list(parse_ablation(off, self.cfg).components)
        while True:
            if len(chosen) >= MOST_OFF:
                part, on = chosen.pop(0), True
            else:
                part, on = rng.choice([part for part in parts if apart(part, chosen)]), False
                chosen.append(part)
            yield Click(part.text, not on, text_of(chosen))

    def link(self, rng: random.Random) -> Scene:
        """Some puzzle with some part off."""
        part = rng.choice(list(components_of(self.cfg, ("attn", "mlp", "head"))))
        return Scene(self.model, rng.choice(self.puzzles), part.text)


def apart(part: Component, others: Sequence[Component]) -> bool:
    """Whether a part is not in the layer of another: the parts of one layer are written together."""
    return all(part.layer != other.layer for other in others)


def text_of(parts: Sequence[Component]) -> str:
    """The canonical text of what is ablated when these are off."""
    return Ablation.of(Term(part, ZERO) for part in parts).text


async def live(
    person: Person, url: str, name: str, tally: Tally, done: list[Done], until: float, rng: random.Random
) -> None:
    """Open links and click tiles until that time of the loop's clock."""
    now, files = asyncio.get_running_loop().time, set[str]()
    while now() < until:
        visitor = Visitor(url, name, tally, files=files)
        try:
            await _visit(person, visitor, done, until, rng)
        finally:
            await visitor.close()


async def _visit(
    person: Person, visitor: Visitor, done: list[Done], until: float, rng: random.Random
) -> None:
    now, scene = asyncio.get_running_loop().time, person.link(rng)
    done.append(await visitor.open(scene))
    clicks = person.clicks_from(scene.off, rng)
    for _ in range(person.clicks):
        think = rng.uniform(*person.think)
        if done[-1].seconds is None or now() + think >= until:
            await asyncio.sleep(min(think, max(0.0, until - now())))
            return
        await asyncio.sleep(think)
        click = next(clicks)
        done.append(await visitor.click(click.part, click.off, click.then))
