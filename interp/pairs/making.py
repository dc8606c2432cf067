"""Pairs made by construction with the tasks' generators, and verified by their solvers, which share no code
with them. What is not determined is dropped and drawn again.
"""

from collections.abc import Iterator

import numpy as np

from interp.errors import PuzzlescopeError
from interp.pairs.changing import changes
from interp.pairs.known import Known, understood
from interp.pairs.pair import KINDS, Kind, Pair
from interp.puzzles import Puzzle
from interp.tasks import TASKS, task_named
from interp.tokens import STRUCTURES, encode

MOST = 100_000
"""Pairs drawn at once."""
PURPOSE = 4
"""Of the random streams: the purposes before are those of :mod:`interp.puzzles.kinds`."""
BLOCK = 16
"""Puzzles that a generator draws at once."""
MOST_DRAWS = 400
"""Puzzles drawn without a single pair, after which there is none to be found."""
BY_CHANCE: tuple[Kind, ...] = ("input", "noise")
"""The kinds whose changes are drawn; of the others all that there are are tried."""
ATTEMPTS = 20
"""How often :func:`pair_for` draws anew for these: of some puzzles one change in thirty does."""

NONE_OF = frozenset({("half_fill", "task")})
"""Tasks and kinds without pairs: six colours in the third grid fit no other task."""


def make_pairs(task: str, kind: Kind, n: int, seed: int = 0) -> list[Pair]:
    """Draw pairs of a task and kind, without noise but in pairs of noise; all four orders of the grids come
    up in which there are such pairs.

    Args:
        task: the base's task.
        n: how many.
        seed: the same gives the same pairs.

    Raises:
        PuzzlescopeError: for an unknown task or kind, a number out of bounds, or a kind of which this task
            has no pairs.
    """
    check_kind(kind)
    if not 1 <= n <= MOST:
        raise PuzzlescopeError(f"Expected 1 to {MOST:,} pairs, got {n:,}.")
    if seed < 0:
        raise PuzzlescopeError(f"Expected a seed of at least 0, got {seed}.")
    drawn = _drawn(task, kind, _random(task_named(task).name, kind, seed))
    return [next(drawn) for _ in range(n)]


def pair_for(puzzle: Puzzle, kind: Kind = "rule", seed: int = 0) -> Pair:
    """A pair whose base is a given puzzle.

    Args:
        seed: another one gives another counterfactual, where there are several.

    Raises:
        PuzzlescopeError: if the puzzle's answer does not follow from its example, or it has no counterfactual
            of this kind.
    """
    check_kind(kind)
    known, rng = understood(puzzle), _random(puzzle.task, kind, abs(seed))
    attempts = ATTEMPTS if kind in BY_CHANCE else 1
    found = next(filter(None, (_counterfactual(puzzle, known, kind, rng) for _ in range(attempts))), None)
    if found is None:
        why = (
            "only puzzles that end in Y or f(Y) carry noise"
            if kind == "noise" and not known.structure.noisy
            else "its third grid allows no other answer by such a change"
        )
        raise PuzzlescopeError(f"This puzzle has no pair of the kind '{kind}': {why}. Choose another kind.")
    return found


def kinds_for(puzzle: Puzzle) -> tuple[Kind, ...]:
    """The kinds of which this puzzle has pairs; none if its answer does not follow from its example."""

    def fits(kind: Kind) -> bool:
        try:
            pair_for(puzzle, kind)
        except PuzzlescopeError:
            return False
        return True

    return tuple(kind for kind in KINDS if fits(kind))


def check_kind(kind: str) -> None:
    """See that there is such a kind.

    Raises:
        PuzzlescopeError: if not.
    """
    if kind not in KINDS:
        raise PuzzlescopeError(f"No kind of pairs '{kind}': expected one of {', '.join(KINDS)}.")


def verified(pair: Pair) -> bool:
    """Whether solvers work out both answers, from the grids before their noise, and the pair is of its kind:
    its ends differ where that says, and nowhere else."""
    try:
        ends = understood(pair.base), understood(pair.counterfactual)
    except PuzzlescopeError:
        return False
    return all(end.determined() and not end.misleading() for end in ends) and _is_of_its_kind(pair)


def _is_of_its_kind(pair: Pair) -> bool:
    if pair.kind == "order":
        return not pair.aligned and not pair.differing.any()
    same_third = np.array_equal(pair.base.grids[2], pair.counterfactual.grids[2])
    same_example = np.array_equal(pair.base.grids[:2], pair.counterfactual.grids[:2])
    same_answer = not pair.contrast.any()
    if pair.kind == "noise" and pair.differing.sum() != 1:
        return False
    expected = {
        "rule": (True, False, False),
        "task": (True, False, False),
        "input": (False, True, False),
        "noise": (False, True, True),
    }[pair.kind]
    return pair.aligned and (same_third, same_example, same_answer) == expected


def _drawn(task: str, kind: Kind, rng: np.random.Generator) -> Iterator[Pair]:
    in_vain = 0
    for base in _bases(task, rng):
        if (task, kind) in NONE_OF or in_vain == MOST_DRAWS:
            break
        try:
            found = _counterfactual(base, understood(base), kind, rng)
        except PuzzlescopeError:  # some reversed puzzles are not determined
            found = None
        in_vain = 0 if found is not None else in_vain + 1
        if found is not None:
            yield found
    raise PuzzlescopeError(
        f"There are no pairs of the kind '{kind}' of {task}: no other task fits its third grids."
    )


def _bases(task: str, rng: np.random.Generator) -> Iterator[Puzzle]:
    """Puzzles of a task in an order of the grids left to chance, without end."""
    while True:
        for grids in TASKS[task].draw(BLOCK, rng):
            structure = STRUCTURES[rng.integers(len(STRUCTURES))]
            yield Puzzle.of(task, encode(grids[list(structure.order)], structure))


def _counterfactual(base: Puzzle, known: Known, kind: Kind, rng: np.random.Generator) -> Pair | None:
    for variable, other in changes(known, kind, rng):
        if other.determined():
            pair = Pair(base, other.puzzle(), kind, base.task, variable)
            if _is_of_its_kind(pair):
                return pair
    return None


def _random(task: str, kind: Kind, seed: int) -> np.random.Generator:
    """A stream for each task and kind, which nothing else uses (see :mod:`interp.puzzles.kinds`)."""
    return np.random.default_rng([PURPOSE, seed, list(TASKS).index(task), list(KINDS).index(kind)])
