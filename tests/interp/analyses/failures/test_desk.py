"""The failure desk with a model of which it is known what it draws: the third grid once more. About a frame
puzzle it is wrong just where the rectangle is emptied, and right as soon as noise has emptied it before."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp import load_model
from interp.ablation import parse_ablation
from interp.analyses.failures import Failure, FailureState, study_failure
from interp.analyses.failures.attempts import Attempts
from interp.analyses.failures.desk import _Search
from interp.analyses.failures.ground import ground_of
from interp.engine.predict import losses, predict
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle
from interp.puzzles.kinds import KINDS, draw
from interp.tokens import encode
from tests.support.models import copying, saved_model
from tests.support.programs import printed
from tests.support.puzzles import bank, random_puzzle, refused

OFF = "L0.attn:lookback=100"
FRAMES = [
    Puzzle.of("frame", tokens) for tokens in draw("evaluation", 3, KINDS[16], 300, noise=0.0, verified=True)
]


@pytest.fixture(scope="module")
def copier() -> PuzzleGPT:
    return copying()


def study(copier: PuzzleGPT, puzzle: Puzzle, **options: int) -> FailureState:
    return study_failure(copier, puzzle, parse_ablation(OFF, copier.cfg), **options)


def frame(changed: int) -> Puzzle:
    """A frame puzzle in which so many cells are emptied."""
    return next(puzzle for puzzle in FRAMES if puzzle.changed.sum() == changed)


def changed_cells(puzzle: Puzzle) -> set[tuple[int, int, int]]:
    return {(row, column, 0) for row, column in np.argwhere(puzzle.changed).tolist()}


def test_the_model_draws_the_third_grid(copier: PuzzleGPT) -> None:
    puzzle = frame(2)
    run = predict(copier, puzzle.tokens[None], parse_ablation(OFF, copier.cfg))
    assert np.array_equal(run.greedy[0], puzzle.grids[2].ravel())


@pytest.mark.parametrize("cells", [1, 2, 3])
def test_the_smallest_edit_is_found(copier: PuzzleGPT, cells: int) -> None:
    puzzle = frame(cells)
    state = study(copier, puzzle)
    assert state.complete and state.fraction == 1 and state.wrong.sum() == cells
    assert {(edit.row, edit.column, edit.color) for edit in state.edits} == changed_cells(puzzle)
    assert {edit.place for edit in state.edits} == {2}
    assert (state.tried[: cells - 1] == state.offered[: cells - 1]).all() and state.tried[cells:].sum() == 0
    edited = state.edited(puzzle)
    assert np.array_equal(edited.grids[2], puzzle.grids[3]) and (edited.grids[3] == puzzle.grids[3]).all()
    assert predict(copier, edited.tokens[None], parse_ablation(OFF, copier.cfg)).solved[0]
    words = ("one cell", "two cells", "three cells")
    assert f"With {words[cells - 1]} changed the model is right" in state.summary()
    assert "What it drew is exactly a copy of the third grid" in state.summary()
    (row,) = state.rows()
    assert len(row["edits"]) == cells and row["tried_one"] == state.tried[0]


def test_nothing_is_found_within_a_bound_and_that_is_said(copier: PuzzleGPT) -> None:
    puzzle = frame(2)
    state = study(copier, puzzle, most_cells=1)
    assert state.complete and not state.edits and state.tried.tolist() == [1000, 0, 0]
    assert "No edit that was tried makes the model right: 1,000 of one cell." in state.summary()
    far = study(copier, frame(4))
    assert not far.edits and far.tried[0] == 1000 and far.tried[1:].all()
    assert "one of them may do it" in far.summary()
    assert far.edited(frame(4)) == frame(4)
    few = study(copier, puzzle, tries=20)
    assert not few.edits and few.tried.tolist() == [20, 0, 0]


def test_noise_that_is_repeated_is_told(copier: PuzzleGPT) -> None:
    puzzle = frame(1)
    grids = puzzle.grids.copy()
    corner = tuple(np.argwhere(grids[2] == 0)[0])
    grids[2][corner] = 7
    state = study(copier, Puzzle.of("frame", encode(grids, puzzle.structure)))
    assert state.noise == 1 and state.wrong.sum() == 2
    assert "1 of its 2 wrong cells repeats the noise of Y." in state.summary()
    assert {(edit.row, edit.column, edit.color) for edit in state.edits} == {
        (*map(int, corner), 0),
        *changed_cells(puzzle),
    }


def test_what_is_right_needs_no_explaining(copier: PuzzleGPT) -> None:
    right = study(copier, study(copier, frame(1)).edited(frame(1)))
    assert right.complete and right.solved and "nothing to explain" in right.summary()
    assert right.tried.sum() == 0 and right.rules == ()


def test_a_puzzle_without_a_rule_says_so_and_is_not_searched(copier: PuzzleGPT) -> None:
    state = study(copier, random_puzzle("frame", FRAMES[0].structure, 3))
    assert state.complete and state.unverified and state.unverified in state.summary()
    assert state.tried.sum() == 0 and state.rules[0].task == "copy"


def test_it_fills_up(copier: PuzzleGPT) -> None:
    steps = study_failure.steps(copier, frame(3), parse_ablation(OFF, copier.cfg))
    state = next(steps)
    assert state is not None and state.summary() == "Nothing is known yet." and state.fraction == 0
    seen = []
    for news in steps:
        assert news is None
        seen.append(state.fraction)
    assert seen == sorted(seen) and max(seen) < 1 and state.fraction == 1 and len(seen) > 50


def test_bounds_that_cannot_be(copier: PuzzleGPT) -> None:
    refused(lambda: study(copier, frame(1), most_cells=4), "1 to 3 cells", "4")
    refused(lambda: study(copier, frame(1), tries=0), "At least 1", "0")


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 31), st.sampled_from(["", "L1.attn:mean,L0.H1", "L2.mlp"]))
def test_an_attempt_is_what_the_whole_puzzle_gives(model: PuzzleGPT, kind: int, text: str) -> None:
    """Edits that branch off at the third grid, against passes over whole puzzles."""
    from interp.ablation import bank_means
    from interp.resumable import finish

    puzzle = Puzzle.of(KINDS[kind].task, draw("evaluation", 8, KINDS[kind], 1, noise=0.0, verified=True)[0])
    rng = np.random.default_rng(kind)
    attempts = Attempts(*rng.integers(0, 11, size=(2, 3, 100), dtype=np.uint8))
    off = parse_ablation(text, model.cfg)
    means = bank_means(model, bank()) if off.needs_means else None
    search = _Search(model, puzzle, ground_of(puzzle), off, means)
    finish(search.trunk.grow())
    found, right = finish(search._measure(attempts))
    grids = np.tile(puzzle.grids, (3, 1, 1, 1))
    grids[:, 2], grids[:, 3] = attempts.thirds.reshape(3, 10, 10), attempts.answers.reshape(3, 10, 10)
    loss, solved = losses(model, encode(grids, puzzle.structure), off, means)
    np.testing.assert_allclose(found, loss.by_puzzle("cells"), rtol=1e-4, atol=1e-5)
    assert np.array_equal(right, solved)


def test_the_program_says_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = saved_model(tmp_path_factory.mktemp("model"))
    puzzle, model = bank()[7], load_model(folder)
    said = printed(Failure(puzzle, parse_ablation("L1.attn", model.cfg), tries=16).program(folder))
    state = study_failure(model, puzzle, parse_ablation("L1.attn", model.cfg), tries=16)
    assert said.splitlines()[0] == state.summary()
    assert said.splitlines()[1:] == [f"{fit.task} {fit.off} cells off" for fit in state.rules]
