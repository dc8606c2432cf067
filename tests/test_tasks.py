"""Generators: each task against its independent solver, noise, seeds. (Their distribution: test_distribution.py.)"""

import numpy as np
import pytest

from interp.errors import PuzzlescopeError
from interp.tasks import TASKS, add_noise, task_named
from interp.tokens import STRUCTURES

EIGHT = {"replace_color", "translate", "grow", "half_fill", "frame", "detect", "corners", "contact"}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_there_are_the_eight_tasks() -> None:
    assert set(TASKS) == EIGHT and all(task.name == name and task.rule for name, task in TASKS.items())


@pytest.mark.parametrize("name", sorted(EIGHT))
def test_forward_puzzles_are_solved_by_the_independent_solver(name: str) -> None:
    for x, fx, y, fy in TASKS[name].generate(60, rng(3)):
        assert np.array_equal(TASKS[name].solve(x, fx, y), fy)


@pytest.mark.parametrize("name", sorted(EIGHT))
def test_reversed_puzzles_are_never_solved_wrongly(name: str) -> None:
    open_ones = 0
    for fx, x, fy, y in TASKS[name].generate(60, rng(4), structure=STRUCTURES[1]):
        answer = TASKS[name].solve(fx, x, fy, reverse=True)
        open_ones += answer is None
        assert answer is None or np.array_equal(answer, y)
    assert (open_ones > 0) == (name == "translate"), "only translate hides cells"


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda s: s.name)
def test_verified_puzzles_are_all_determined(structure) -> None:
    for puzzle in TASKS["translate"].generate(20, rng(5), structure=structure, verified=True):
        assert np.array_equal(TASKS["translate"].solve(*puzzle[:3], reverse=structure.reverse), puzzle[3])
    assert TASKS["translate"].generate(0, rng(), verified=True).shape == (0, 4, 10, 10)


@pytest.mark.parametrize("name", sorted(EIGHT))
def test_the_same_seed_gives_the_same_puzzles(name: str) -> None:
    assert np.array_equal(TASKS[name].generate(9, rng(1)), TASKS[name].generate(9, rng(1)))
    assert not np.array_equal(TASKS[name].generate(9, rng(1)), TASKS[name].generate(9, rng(2)))


def test_a_structure_only_reorders_the_grids() -> None:
    plain = TASKS["grow"].generate(5, rng(8))
    for structure in STRUCTURES:
        assert np.array_equal(
            TASKS["grow"].generate(5, rng(8), structure=structure), plain[:, structure.order]
        )


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda s: s.name)
def test_noise_is_on_the_third_grid_of_the_first_two_structures(structure) -> None:
    clean = TASKS["frame"].generate(300, rng(6), structure=structure)
    noisy = TASKS["frame"].generate(300, rng(6), structure=structure, noise=0.05)
    assert np.array_equal(clean[:, [0, 1, 3]], noisy[:, [0, 1, 3]])
    share = (clean[:, 2] != noisy[:, 2]).mean()
    # 5 % are hit and ten of eleven random colours are new ones; 30,000 cells give a standard error of 0.12 %.
    assert share == pytest.approx(0.05 * 10 / 11 if structure in STRUCTURES[:2] else 0, abs=0.006)


def test_noise_uses_every_colour_alike() -> None:
    grids = np.zeros((2000, 10, 10), dtype=np.uint8)
    add_noise(grids, 1.0, rng(7))
    counts = np.bincount(grids.ravel(), minlength=11)
    assert len(counts) == 11 and np.abs(counts / counts.mean() - 1).max() < 0.05


@pytest.mark.parametrize("name", sorted(EIGHT))
def test_colours_are_shared_by_the_two_pairs(name: str) -> None:
    """What makes one example enough: a colour of the second pair is one of the first, rectangle for rectangle."""
    for puzzle in TASKS[name].generate(40, rng(9)):
        first, second = set(puzzle[:2].ravel().tolist()), set(puzzle[2:].ravel().tolist())
        assert len(first | second) <= 7 and len(first ^ second) <= 2


def test_an_unknown_task_is_a_sentence() -> None:
    assert task_named("frame") is TASKS["frame"]
    with pytest.raises(PuzzlescopeError, match="No task 'frames': expected one of replace_color"):
        task_named("frames")
