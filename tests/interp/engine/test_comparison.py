"""Two answers side by side, against answers made by hand."""

import numpy as np
import pytest

from interp.ablation import NO_ABLATION, parse_ablation
from interp.engine.comparison import Comparison, compare, pair_rows
from interp.model import Config
from interp.puzzles import Puzzle
from tests.support.predictions import answer_of, predicted
from tests.support.puzzles import bank

CFG = Config(n_layers=6, n_heads=8)
LAYER, HEADS = parse_ablation("L1.attn", CFG), parse_ablation("L1.H1,L1.H5", CFG)


@pytest.fixture
def puzzle() -> Puzzle:
    return bank()[0]


def wrong(puzzle: Puzzle, *cells: int, by: int = 1) -> np.ndarray:
    """The true answer with these cells (0 to 99) in another colour, ``by`` colours on."""
    answer = answer_of(puzzle)
    for cell in cells:
        answer[cell] = (answer[cell] + by) % 11
    return answer


def test_cells_are_counted(puzzle: Puzzle) -> None:
    truth = answer_of(puzzle)
    found = Comparison.of(truth, wrong(puzzle, 1, 2, 3), wrong(puzzle, 3, 4, by=2))
    assert (found.before, found.now, found.common) == (3, 2, 1)
    assert found.same == 96, "cell 3 is still wrong, and in another colour"


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ((1, 2, 3), (3, 4), "Pinned L1.attn: 3 of 100 cells wrong. Now L1.H1,L1.H5: 2 wrong; 1 in common."),
        ((1,), (4,), "Pinned L1.attn: 1 of 100 cells wrong. Now L1.H1,L1.H5: 1 wrong; none in common."),
        ((1, 2), (1, 2), "Pinned L1.attn: 2 of 100 cells wrong. Now L1.H1,L1.H5: 2 wrong: the same answer."),
        ((1, 2), (), "Pinned L1.attn: 2 of 100 cells wrong. Now L1.H1,L1.H5: solved."),
        ((), (7,), "Pinned L1.attn: solved. Now L1.H1,L1.H5: 1 wrong; none in common."),
        ((), (), "Pinned L1.attn: solved. Now L1.H1,L1.H5: solved: the same answer."),
    ],
)
def test_both_are_said(puzzle: Puzzle, before: tuple, now: tuple, said: str) -> None:
    pinned = (LAYER, predicted(puzzle, wrong(puzzle, *before)))
    assert compare(puzzle, pinned, (HEADS, predicted(puzzle, wrong(puzzle, *now)))) == said


def test_the_chosen_answer_is_compared_and_no_ablation_is_the_clean_run(puzzle: Puzzle) -> None:
    pinned = predicted(puzzle, wrong(puzzle, 1, 2, 3), wrong(puzzle, 1))
    said = compare(
        puzzle, (LAYER, pinned), (NO_ABLATION, predicted(puzzle, answer_of(puzzle))), "teacher-forced"
    )
    assert said == "Pinned L1.attn: 1 of 100 cells wrong. Now clean: solved."


def test_a_table_of_both(puzzle: Puzzle) -> None:
    pinned, now = predicted(puzzle, wrong(puzzle, 1, 2)), predicted(puzzle, wrong(puzzle, 2), loss=0.5)
    rows = pair_rows(puzzle, pinned, now)
    assert len(rows) == 100 and [row["column"] for row in rows if not row["same"]] == [2]
    assert [(row["pinned_right"], row["now_right"]) for row in rows[:4]] == [
        (True, True),
        (False, True),
        (False, False),
        (True, True),
    ]
    assert rows[7]["now_loss"] == 0.5 and rows[7]["pinned_loss"] == pytest.approx(1e-5)
