"""Which edits leave an answer to be worked out: against the solver and counting by hand; and which rule gives
what was drawn."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from interp.analyses.failures.attempts import several_cells, single_cells
from interp.analyses.failures.ground import ground_of
from interp.analyses.failures.rules import COPY, rules_of
from interp.errors import PuzzlescopeError
from interp.puzzles import Puzzle
from interp.puzzles.kinds import KINDS, PuzzleKind, draw
from interp.tasks import TASKS, add_noise
from interp.tasks.solving import Reading
from interp.tasks.solving.reading import castings
from interp.tokens import STRUCTURES, encode
from tests.support.puzzles import random_puzzle


def drawn(kind: PuzzleKind, seed: int = 5) -> Puzzle:
    """A puzzle of this kind without noise, whose answer is determined."""
    return Puzzle.of(kind.task, draw("evaluation", seed, kind, 1, noise=0.0, verified=True)[0])


def with_third(puzzle: Puzzle, third: np.ndarray) -> Puzzle:
    grids = puzzle.grids.copy()
    grids[2] = third.reshape(10, 10)
    return Puzzle.of(puzzle.task, encode(grids, puzzle.structure))


def solved(puzzle: Puzzle) -> np.ndarray | None:
    return TASKS[puzzle.task].solve(*puzzle.grids[:3], reverse=puzzle.structure.reverse)


@pytest.mark.parametrize("kind", KINDS[::3], ids=lambda kind: kind.name)
def test_noise_is_told_from_the_grid(kind: PuzzleKind) -> None:
    puzzle = drawn(kind)
    noisy = puzzle.grids[2:3].copy()
    add_noise(noisy, 0.05, np.random.default_rng(1))
    ground = ground_of(with_third(puzzle, noisy))
    assert np.array_equal(ground.here.third, puzzle.grids[2]) and (noisy[0] != puzzle.grids[2]).any()
    assert np.array_equal(ground.here.answer, puzzle.grids[3])
    assert ground.others
    for other in ground.others:
        edited = with_third(puzzle, other.third)
        assert np.array_equal(solved(edited), other.answer) or ground.at(other) is None
        assert (other.third != puzzle.grids[2]).sum() >= 1 and (other.answer != puzzle.grids[3]).any()


def test_a_cell_of_noise_leaves_the_answer_and_most_of_a_line_does_not() -> None:
    puzzle = drawn(KINDS[16])
    assert puzzle.task == "frame" and puzzle.structure == STRUCTURES[0]
    ground, third = ground_of(puzzle), puzzle.grids[2].ravel()
    assert len(single_cells(puzzle, ground)) == 1000, "a line is three cells: one is never most of it"
    line = next(other for other in ground.others if (other.third.ravel() != third).sum() == 3)
    places = np.flatnonzero(line.third.ravel() != third)
    for chosen in product((False, True), repeat=3):
        edited = third.copy()
        edited[places[list(chosen)]] = line.third.ravel()[places[list(chosen)]]
        assert bool(ground.keeps(edited[None])[0]) == (sum(chosen) < 2)
    # An edit of one cell beside two of noise is then none that keeps the answer.
    edited = third.copy()
    edited[places[0]] = line.third.ravel()[places[0]]
    one = with_third(puzzle, edited)
    assert len(single_cells(one, ground_of(one))) == 1000 - 2


def test_a_line_of_a_rectangle_brings_its_own_answer() -> None:
    puzzle = drawn(KINDS[16])
    ground = ground_of(puzzle)
    singles = single_cells(puzzle, ground)
    losses = np.arange(len(singles), dtype=np.float32)
    found = several_cells(puzzle, ground, singles, losses, 3, 200)
    assert len(found) == 200 and ((found.thirds != puzzle.grids[2].ravel()).sum(1) == 3).all()
    others = (found.answers != puzzle.grids[3].ravel()).any(1)
    assert 0 < others.sum() < 20 and not np.diff(others.astype(int)).max() > 0, "lines come first"
    for third, answer in zip(found.thirds[others], found.answers[others], strict=True):
        assert np.array_equal(solved(with_third(puzzle, third)), answer.reshape(10, 10))
    both = several_cells(puzzle, ground, singles, losses, 2, 10)
    first = both.thirds[0] != puzzle.grids[2].ravel()
    assert np.flatnonzero(first).tolist() == [0, 1], "the best two of one cell"


@pytest.mark.parametrize("task", ["frame", "no such task"])
def test_a_puzzle_that_follows_no_rule_has_no_ground(task: str) -> None:
    with pytest.raises(PuzzlescopeError):
        ground_of(random_puzzle(task, STRUCTURES[0], 3))


def test_the_rule_that_gives_what_was_drawn_is_found() -> None:
    """Rules of other tasks on the same rectangles, each drawn by its own words; then with cells spoilt."""
    puzzle = drawn(KINDS[16])
    third, ground = puzzle.grids[2], ground_of(puzzle)
    for name in ("replace_color", "translate", "grow", "detect", "frame"):
        grids = {
            grid.tobytes(): grid
            for donor in (drawn(KINDS[4 * list(TASKS).index(name)], seed) for seed in range(6))
            for reading in TASKS[name].rule.guesses(*donor.grids[:2])
            for grid in _recoloured(reading, third)
            if (grid != puzzle.grids[3]).any()
        }
        assert grids or name != "frame"
        for grid in grids.values():
            fits = rules_of(puzzle, grid, ground)
            assert fits[0].off == 0 and name in [fit.task for fit in fits if fit.off == 0]
            assert all(fit.own == (fit.task == "frame") for fit in fits)


def _recoloured(reading: Reading, third: np.ndarray) -> list[np.ndarray]:
    """What a reading gives on the third grid, in each of its castings."""
    return [grid for colors in castings(third) for grid in replace(reading, colors=colors).forward(third)]


def test_a_copy_is_told_and_the_truth_is_no_other_rule() -> None:
    puzzle = drawn(KINDS[16])
    ground = ground_of(puzzle)
    assert rules_of(puzzle, puzzle.grids[3], ground) == ()
    copied = rules_of(puzzle, puzzle.grids[2], ground)
    assert (copied[0].task, copied[0].off) == (COPY, 0)
    invalid = np.full((10, 10), 12, np.uint8)
    assert rules_of(puzzle, invalid, ground) == (), (
        "markers fit no rule, and nothing is nearer than the truth"
    )
