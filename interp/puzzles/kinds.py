"""The 32 kinds of puzzle (8 tasks x 4 structures) and their random streams.

Every puzzle the project draws for good comes from a stream that is named by its purpose, a seed and its kind,
so that training, evaluation and the bank never share one, and what a training run has seen can be drawn again
and compared.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from interp.tasks import NOISE, TASKS
from interp.tokens import STRUCTURES, Structure, encode

Purpose = Literal["training", "evaluation", "bank"]
_PURPOSES: dict[Purpose, int] = {"training": 1, "evaluation": 2, "bank": 3}


@dataclass(frozen=True)
class Kind:
    """A task asked in one structure."""

    index: int
    task: str
    structure: Structure

    @property
    def name(self) -> str:
        return f"{self.task}: {self.structure.name}"


KINDS = tuple(
    Kind(index, task, structure)
    for index, (task, structure) in enumerate((t, s) for t in TASKS for s in STRUCTURES)
)


def stream(purpose: Purpose, seed: int, kind: Kind, block: int = 0) -> np.random.Generator:
    """The random generator of one block of one kind's stream."""
    return np.random.default_rng([_PURPOSES[purpose], seed, kind.index, block])


def draw(
    purpose: Purpose,
    seed: int,
    kind: Kind,
    n: int,
    *,
    block: int = 0,
    noise: float = NOISE,
    verified: bool = False,
) -> UInt8[np.ndarray, "n 404"]:
    """The tokens of the ``n`` puzzles of one block, noise as in the public data set."""
    rng = stream(purpose, seed, kind, block)
    puzzles = TASKS[kind.task].generate(n, rng, structure=kind.structure, noise=noise, verified=verified)
    return encode(puzzles, kind.structure)
