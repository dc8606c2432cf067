"""New puzzles by seed, and puzzles with a part drawn anew: the solvers confirm every one."""

import numpy as np
import pytest

from interp.errors import PuzzlescopeError
from interp.puzzles import Puzzle, load_puzzles
from interp.puzzles.exchange import truth_of
from interp.puzzles.making import PARTS, Part, make, remake
from interp.tasks import TASKS
from interp.tokens import STRUCTURES, encode


@pytest.mark.parametrize("task", TASKS)
def test_a_seed_is_a_puzzle_that_the_solver_confirms(task: str) -> None:
    for structure in STRUCTURES:
        puzzle = make(task, 3, structure)
        truth = truth_of(puzzle)
        assert puzzle == make(task, 3, structure) != make(task, 4, structure)
        assert (puzzle.task, puzzle.structure) == (task, structure)
        assert truth.task == task and truth.determined and not truth.noise
        assert load_puzzles("bank").find(puzzle.id) is None


def test_noise_is_in_the_third_grid_alone() -> None:
    plain, noisy = (make("frame", 11, STRUCTURES[0], noise) for noise in (False, True))
    differs = (plain.grids != noisy.grids).any(axis=(1, 2))
    assert differs.tolist() == [False, False, True, False]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("task", ["frame", "translate", "detect"])
def test_a_part_is_drawn_anew_and_the_rest_stays(task: str, part: Part) -> None:
    for structure in STRUCTURES[:2]:
        before = make(task, 5, structure)
        after = remake(before, part, 1)
        truth = truth_of(after)
        assert after != before and after == remake(before, part, 1)
        assert (after.structure, truth.task, truth.determined) == (structure, task, True)
        if part == "colours":
            assert ((after.grids == 0) == (before.grids == 0)).all()
            pairs = set(zip(before.grids.ravel().tolist(), after.grids.ravel().tolist(), strict=True))
            assert len(pairs) == len({old for old, _ in pairs}) == len({new for _, new in pairs})
        if part == "places":
            for old, new in zip(before.grids, after.grids, strict=True):
                assert (
                    np.bincount(old.ravel(), minlength=11).tolist()
                    == np.bincount(new.ravel(), minlength=11).tolist()
                )
        if part == "third":
            assert (after.grids[:2] == before.grids[:2]).all()
            assert (after.grids[2] != before.grids[2]).any()


def test_what_cannot_be_made_is_told_in_a_sentence() -> None:
    puzzle = make("frame", 0)
    cells = puzzle.grids.copy()
    cells[3] = 7
    broken = Puzzle.of("frame", encode(cells, puzzle.structure))
    for act, said in (
        (lambda: make("fog", 0), "No task 'fog'"),
        (lambda: make("frame", -1), "A seed is a whole number from 0"),
        (lambda: remake(broken, "colours", 0), "whose answer a task's solver confirms"),
        (lambda: remake(Puzzle.of("mine", puzzle.tokens), "third", 0), "confirms can be drawn anew"),
    ):
        with pytest.raises(PuzzlescopeError, match=said) as caught:
            act()
        assert "\n" not in str(caught.value)
