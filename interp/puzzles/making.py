"""New puzzles by seed, and old ones with one part drawn anew.

>>> puzzle = make("frame", 7)
>>> puzzle == make("frame", 7), puzzle == make("frame", 8)
(True, False)
>>> other = remake(puzzle, "third", 0)
>>> bool((other.grids[:2] == puzzle.grids[:2]).all()), bool((other.grids[2] == puzzle.grids[2]).all())
(True, False)
"""

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from interp.errors import PuzzlescopeError
from interp.grids import N_COLORS, SIZE
from interp.puzzles.exchange.truth import truth_of
from interp.puzzles.kinds import KINDS, draw
from interp.puzzles.puzzle import Puzzle
from interp.tasks import NOISE, TASKS, task_named
from interp.tokens import STRUCTURES, Structure, encode

Part = Literal["colours", "places", "third"]
PARTS: dict[Part, str] = {"colours": "the colours", "places": "the places", "third": "the third grid"}
"""What of a puzzle can be drawn anew, and its name in a sentence."""
TRIES = 400
"""Drawings, of which the first is taken that the task's solver confirms."""
LARGEST_SEED = 2**31 - 1

Four = UInt8[np.ndarray, "4 10 10"]


def make(task: str, seed: int, structure: Structure = STRUCTURES[0], noise: bool = False) -> Puzzle:
    """A new puzzle: the same for the same seed, and none of the bank's or the training's streams.

    Args:
        task: its name.
        structure: the order of the grids.
        noise: whether cells of the third grid are coloured at random, as in the public data set. Only the
            orders that end in Y or f(Y) have noise.

    Raises:
        PuzzlescopeError: if there is no such task, or the seed is none.
    """
    task_named(task)
    _check(seed)
    kind = next(one for one in KINDS if (one.task, one.structure) == (task, structure))
    drawn = draw("made", seed, kind, 1, noise=NOISE if noise else 0.0, verified=True)
    return Puzzle.of(task, drawn[0])


def remake(puzzle: Puzzle, part: Part, seed: int) -> Puzzle:
    """The puzzle with one part drawn anew, still of its task by the task's own solver: the ten colours
    permuted, all grids turned alike and both pairs moved, or another third grid with the answer to it.

    Raises:
        PuzzlescopeError: if its task has no solver, its answer is not determined, or no drawing fits.
    """
    _check(seed)
    if part not in PARTS:
        raise PuzzlescopeError(f"Expected one of {', '.join(PARTS)} to be drawn anew, got '{part}'.")
    before = truth_of(puzzle)
    if puzzle.task not in TASKS or before.task != puzzle.task or not before.determined:
        raise PuzzlescopeError(
            f"Only {PARTS[part]} of a puzzle whose answer a task's solver confirms can be drawn anew."
            f" {before.words}"
        )
    rng = np.random.default_rng([seed, list(PARTS).index(part)])
    for grids in _DRAWN[part](puzzle, rng):
        found = Puzzle.of(puzzle.task, encode(grids, puzzle.structure))
        if found == puzzle:
            continue
        after = truth_of(found)
        if after.task == puzzle.task and after.determined:
            return found
    raise PuzzlescopeError(
        f"No other drawing of {PARTS[part]} was found in {TRIES} tries that keeps this a {puzzle.task}"
        " puzzle: try another seed."
    )


def _check(seed: int) -> None:
    if not 0 <= seed <= LARGEST_SEED:
        raise PuzzlescopeError(f"A seed is a whole number from 0 to {LARGEST_SEED}, got {seed}.")


def _colours(puzzle: Puzzle, rng: np.random.Generator) -> Iterator[Four]:
    """The ten colours permuted; blank stays."""
    for _ in range(TRIES):
        table = np.concatenate([[0], 1 + rng.permutation(N_COLORS - 1)]).astype(np.uint8)
        yield table[puzzle.grids]


def _places(puzzle: Puzzle, rng: np.random.Generator) -> Iterator[Four]:
    """All grids turned or reflected alike, then each pair moved as far as its colours allow."""
    for _ in range(TRIES):
        grids = np.rot90(puzzle.grids, int(rng.integers(4)), axes=(1, 2))
        if rng.integers(2):
            grids = grids[:, :, ::-1]
        yield np.concatenate([_moved(grids[:2], rng), _moved(grids[2:], rng)])


def _moved(pair: UInt8[np.ndarray, "2 10 10"], rng: np.random.Generator) -> UInt8[np.ndarray, "2 10 10"]:
    """Both grids of a pair shifted alike, with nothing coloured leaving them."""
    shift = []
    for axis in (1, 2):
        used = np.flatnonzero(pair.any(axis=(0, 3 - axis)))
        low, high = (int(used[0]), int(used[-1])) if len(used) else (0, 0)
        shift.append(int(rng.integers(-low, SIZE - high)))
    return np.roll(pair, shift, axis=(1, 2))


def _third(puzzle: Puzzle, rng: np.random.Generator) -> Iterator[Four]:
    """The example kept; the third grid of another puzzle of the task in this one's colours, and the answer
    that the solver works out."""
    task, structure = TASKS[puzzle.task], puzzle.structure
    own = _colours_of(puzzle.grids)
    for other in task.generate(TRIES, rng, structure=structure):
        theirs = _colours_of(other)
        if len(theirs) > len(own):
            continue
        table = np.zeros(N_COLORS, dtype=np.uint8)
        table[theirs] = rng.permutation(own)[: len(theirs)]
        third = table[other[2]]
        answer = task.solve(puzzle.grids[0], puzzle.grids[1], third, reverse=structure.reverse)
        if answer is not None:
            yield np.stack([*puzzle.grids[:2], third, answer])


def _colours_of(grids: Four) -> UInt8[np.ndarray, " colour"]:
    found = np.unique(grids)
    return found[found > 0]


_DRAWN: dict[Part, Callable[[Puzzle, np.random.Generator], Iterator[Four]]] = {
    "colours": _colours,
    "places": _places,
    "third": _third,
}
