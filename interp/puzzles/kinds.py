"""The kinds of puzzle, every task in each of the four structures, and their random streams.

Every puzzle the project draws for good comes from a stream that is named by its purpose, a seed and its kind,
so that training, evaluation and the bank never share one, and what a training run has seen can be drawn again
and compared.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from interp.errors import PuzzlescopeError, brief
from interp.tasks import NOISE, TASKS
from interp.tokens import STRUCTURES, Structure, encode

Purpose = Literal["training", "evaluation", "bank", "made", "study"]
_PURPOSES: dict[Purpose, int] = {"training": 1, "evaluation": 2, "bank": 3, "made": 4, "study": 5}


@dataclass(frozen=True)
class PuzzleKind:
    """A task asked in one structure.

    Attributes:
        index: names the kind's random streams. Tasks are only ever appended to their table, so it stays; in
            files a kind is nevertheless called by its name.
        task: by name.
        structure: the order of the grids.
    """

    index: int
    task: str
    structure: Structure

    @property
    def name(self) -> str:
        return f"{self.task}: {self.structure.name}"


KINDS = tuple(
    PuzzleKind(index, task, structure)
    for index, (task, structure) in enumerate((t, s) for t in TASKS for s in STRUCTURES)
)


def require_known_kinds(names: Iterable[str], where: str) -> None:
    """Refuse names of kinds that there are not.

    Args:
        names: to be checked.
        where: what they were found in, as the subject of a sentence.

    Raises:
        PuzzlescopeError: naming the first that is unknown.
    """
    unknown = sorted(set(names) - {kind.name for kind in KINDS})
    if unknown:
        raise PuzzlescopeError(
            f"{where} counts puzzles of a kind that is not known here, '{brief(unknown[0])}': expected kinds"
            f" of the tasks {', '.join(TASKS)}. Use the version of Puzzlescope that wrote it."
        )


def stream(purpose: Purpose, seed: int, kind: PuzzleKind, block: int = 0) -> np.random.Generator:
    """The random generator of one block of one kind's stream."""
    return np.random.default_rng([_PURPOSES[purpose], seed, kind.index, block])


def draw(
    purpose: Purpose,
    seed: int,
    kind: PuzzleKind,
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
