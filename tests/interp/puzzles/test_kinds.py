"""The 32 kinds and their random streams: reproducible, and never shared."""

from itertools import combinations

import numpy as np

from interp.puzzles.kinds import KINDS, draw, stream
from interp.tasks import TASKS
from interp.tokens import STRUCTURES, structure_of


def test_kinds_are_all_tasks_in_all_structures() -> None:
    assert {(kind.task, kind.structure) for kind in KINDS} == {(t, s) for t in TASKS for s in STRUCTURES}
    assert [kind.index for kind in KINDS] == list(range(32)) and len({kind.name for kind in KINDS}) == 32


def test_every_stream_is_another() -> None:
    """NumPy ignores zeros at the end of a seed sequence, so the parts of the name must never be optional."""
    names = [
        (purpose, seed, kind, block)
        for purpose in ("training", "evaluation", "bank")
        for seed in (0, 1)
        for kind in KINDS[:3]
        for block in (0, 1)
    ]
    first = [stream(purpose, seed, kind, block).integers(2**62) for purpose, seed, kind, block in names]
    assert all(one != two for one, two in combinations(first, 2))


def test_draws_are_reproducible_and_of_their_kind() -> None:
    for kind in KINDS[::5]:
        tokens = draw("evaluation", 3, kind, 4)
        assert np.array_equal(tokens, draw("evaluation", 3, kind, 4))
        assert not np.array_equal(tokens, draw("training", 3, kind, 4))
        assert all(structure_of(row) == kind.structure for row in tokens)


def test_draws_carry_the_public_noise() -> None:
    noisy, quiet = (draw("bank", 0, KINDS[0], 200, noise=noise) for noise in (0.05, 0.0))
    third = slice(203, 303)
    assert 0.03 < (noisy != quiet)[:, third].mean() < 0.06
    assert np.array_equal(np.delete(noisy, np.arange(203, 303), 1), np.delete(quiet, np.arange(203, 303), 1))
