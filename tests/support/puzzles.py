"""Puzzles for tests, and the assertion that something is refused in a sentence."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from interp.errors import PuzzlescopeError
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles
from interp.puzzles.kinds import KINDS, draw
from interp.tokens import Structure


@cache
def bank() -> PuzzleSet:
    return load_puzzles()


@cache
def some() -> PuzzleSet:
    """Two noisy puzzles of each kind that is not a neighbour of another: every task and every structure."""
    kinds = [kind for kind in KINDS if kind.index % 3 == 0]
    drawn = [(kind.task, tokens) for kind in kinds for tokens in draw("evaluation", 9, kind, 2, noise=0.2)]
    return PuzzleSet("some", tuple(Puzzle.of(task, tokens) for task, tokens in drawn))


@cache
def clean_frame(structure: Structure) -> Puzzle:
    """A frame puzzle without noise, whose answer its solver works out."""
    (kind,) = (kind for kind in KINDS if kind.task == "frame" and kind.structure == structure)
    return Puzzle.of("frame", draw("evaluation", 9, kind, 1, noise=0.0, verified=True)[0])


def random_puzzle(task: str, structure: Structure, seed: int) -> Puzzle:
    tokens = np.random.default_rng(seed).integers(11, size=404)
    tokens[::101] = structure.markers
    return Puzzle.of(task, tokens)


def refused(load: Callable[[], object], *words: str) -> str:
    """Assert that it ends in one sentence of ours, not longer than a person reads, with these words; return
    it."""
    with pytest.raises(PuzzlescopeError) as caught:
        load()
    message = str(caught.value)
    assert message.isprintable() and message.endswith(".") and len(message) < 800, message
    for word in words:
        assert word in message, f"{word!r} is not in {message!r}"
    return message
