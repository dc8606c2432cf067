"""The sentence about an ablation, against answers made by hand and against the default model."""

import numpy as np
import pytest

from interp import load_model, parse_ablation, predict
from interp.ablation import METHODS, NO_ABLATION, Ablation, Component, Term
from interp.analyses.narration import Outcome, beginning, narrate
from interp.model import Config
from interp.puzzles import Puzzle
from interp.tokens import STRUCTURES, encode
from tests.support.predictions import answer_of, predicted
from tests.support.puzzles import bank

CFG = Config(n_layers=6, n_heads=8)
OFF = parse_ablation("L1.attn", CFG)


@pytest.fixture
def puzzle() -> Puzzle:
    """Y is blank but for its last row, which is red; the answer has that in green (a changed row)."""
    grids = np.zeros((4, 10, 10), np.uint8)
    grids[:3, 9], grids[3, 9] = 1, 2
    return Puzzle.of("replace_color", encode(grids, STRUCTURES[0]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("L1.attn", "Without the attention of layer 1"),
        ("L1-2.attn", "Without the attention of layers 1 and 2"),
        ("L1-4.attn", "Without the attention of layers 1 to 4"),
        ("L0.attn,L2.attn,L4.attn", "Without the attention of layers 0, 2 and 4"),
        ("L*.attn", "Without all attention"),
        ("L2.mlp", "Without the MLP of layer 2"),
        ("L*.mlp", "Without all MLPs"),
        ("L*.mlp:mean", "With all MLPs at the mean"),
        ("L3.H1", "Without head L3.H1"),
        ("L1.H1,L1.H5", "Without heads L1.H1 and L1.H5"),
        ("L1.H0-5", "Without 6 heads (L1.H0, L1.H1, L1.H2 ...)"),
        ("L1.H*", "Without all heads of layer 1"),
        ("L1.attn,L2.H3,L0.mlp", "Without the attention of layer 1, head L2.H3 and the MLP of layer 0"),
        ("L0.H1:lookback=1", "With head L0.H1 fixed 1 position back"),
        (
            "L0.attn:lookback=100,L0.mlp",
            "With the attention of layer 0 fixed 100 positions back and without the MLP of layer 0",
        ),
        (
            "L*.attn,L*.mlp,L2.attn:lookback=100",
            "With the attention of layer 2 fixed 100 positions back and all else ablated",
        ),
    ],
)
def test_what_is_ablated(text: str, said: str) -> None:
    assert beginning(parse_ablation(text, CFG), CFG) == said


def test_all_can_only_be_said_of_a_model_whose_size_is_known() -> None:
    assert beginning(parse_ablation("L*.mlp", CFG)) == "Without the MLPs of layers 0 to 5"


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_method_can_begin_a_sentence(method) -> None:
    off = Ablation.of([Term(Component(1, "attn"), method.usual())])
    assert beginning(off).split(" ")[0] in ("With", "Without") and "the attention of layer 1" in beginning(
        off
    )


def test_nothing_ablated(puzzle: Puzzle) -> None:
    right, wrong = answer_of(puzzle), answer_of(puzzle, r10c3=1, r10c4=1)
    assert narrate(puzzle, NO_ABLATION, predicted(puzzle, right)) == "The clean model solves this puzzle."
    said = narrate(puzzle, NO_ABLATION, predicted(puzzle, wrong))
    assert said == "The clean model gets 2 of 100 cells wrong, the first at row 10, column 3."


def test_cells_that_break(puzzle: Puzzle) -> None:
    clean = predicted(puzzle, answer_of(puzzle))
    said = narrate(puzzle, OFF, clean, predicted(puzzle, answer_of(puzzle, r1c1=5, r1c2=5, r10c4=1)))
    assert said == (
        "Without the attention of layer 1, 3 of 100 cells go wrong, from row 1 column 1 on;"
        " 2 of them only had to be copied."
    )
    said = narrate(puzzle, OFF, clean, predicted(puzzle, answer_of(puzzle, r10c4=1)))
    assert said.endswith("1 of 100 cells goes wrong, at row 10, column 4; the rule changes it.")
    said = narrate(puzzle, OFF, clean, predicted(puzzle, answer_of(puzzle, r1c1=1, r2c1=1)))
    assert said.endswith("; all of them only had to be copied.")


def test_nothing_breaks(puzzle: Puzzle) -> None:
    clean = predicted(puzzle, answer_of(puzzle), loss=1.8e-5)
    said = narrate(puzzle, OFF, clean, predicted(puzzle, answer_of(puzzle), loss=0.0021))
    assert said.endswith("1, the answer stays right; the loss rises from 1.8e-5 to 2.1e-3.")
    said = narrate(puzzle, OFF, clean, predicted(puzzle, answer_of(puzzle), loss=1.8e-6))
    assert said.endswith("; the loss falls from 1.8e-5 to 1.8e-6.")
    said = narrate(puzzle, OFF, clean, predicted(puzzle, answer_of(puzzle), loss=1.8e-5))
    assert said.endswith("; the loss stays at 1.8e-5.")


def test_a_failure(puzzle: Puzzle) -> None:
    clean = predicted(puzzle, answer_of(puzzle, r10c3=1, r10c4=1))
    fixed = narrate(puzzle, OFF, clean, predicted(puzzle, answer_of(puzzle)))
    assert fixed.endswith("1, 2 wrong cells are fixed: the puzzle is solved.")
    fewer = narrate(puzzle, OFF, clean, predicted(puzzle, answer_of(puzzle, r10c3=1)))
    assert fewer.endswith("1, 1 wrong cell is fixed: 1 stays wrong.")
    same = narrate(puzzle, OFF, clean, predicted(puzzle, answer_of(puzzle, r10c3=1, r10c4=4)))
    assert "1, the same 2 cells stay wrong; the loss stays" in same
    more = narrate(puzzle, OFF, clean, predicted(puzzle, answer_of(puzzle, r1c1=1, r1c2=1, r10c3=1)))
    assert more.endswith(
        "2 more cells go wrong, from row 1 column 1 on; all of them only had to be copied;"
        " 1 cell is fixed (3 of 100 are wrong now)."
    )


def test_a_copy_of_the_third_grid(puzzle: Puzzle) -> None:
    clean, third = predicted(puzzle, answer_of(puzzle)), puzzle.grids[2].astype(np.int64).ravel()
    said = narrate(puzzle, OFF, clean, predicted(puzzle, third))
    assert said.endswith("the rule changes all of them. The answer equals Y in 100 of 100 cells.")
    assert "equals Y" not in narrate(puzzle, OFF, clean, predicted(puzzle, answer_of(puzzle, r10c1=1)))


def test_a_true_answer_that_is_a_copy_is_not_told_as_one() -> None:
    puzzle = Puzzle.of("frame", encode(np.zeros((4, 10, 10), np.uint8), STRUCTURES[0]))
    assert "equals" not in narrate(puzzle, NO_ABLATION, predicted(puzzle, answer_of(puzzle)))


def test_greedy_beside_teacher_forced(puzzle: Puzzle) -> None:
    clean = predicted(puzzle, answer_of(puzzle))
    many = answer_of(puzzle, **{f"r1c{column}": 1 for column in range(1, 10)})
    run = predicted(puzzle, many, answer_of(puzzle, r1c1=1))
    assert narrate(puzzle, OFF, clean, run).endswith(" Given the true cells before each, 1 is wrong.")
    forced = narrate(puzzle, OFF, clean, run, decoding="teacher-forced")
    assert "1, 1 of 100 cells goes wrong, at row 1, column 1;" in forced
    assert forced.endswith(" When the model draws by itself, 9 are wrong.")
    same = predicted(puzzle, answer_of(puzzle, r1c1=1), answer_of(puzzle, r1c2=1))
    assert "Given" not in narrate(puzzle, OFF, clean, same), "as many"


def test_numbers_that_are_not_finite(puzzle: Puzzle) -> None:
    clean, run = predicted(puzzle, answer_of(puzzle)), predicted(puzzle, answer_of(puzzle, r1c1=1))
    run.probabilities[:] = np.nan
    said = narrate(puzzle, OFF, clean, run)
    assert said.endswith("1, the model's numbers are not finite: it has no answer.")
    assert Outcome.of(puzzle, clean, run).in_short == "not finite"


def test_in_short(puzzle: Puzzle) -> None:
    right, wrong = predicted(puzzle, answer_of(puzzle)), predicted(puzzle, answer_of(puzzle, r1c1=1))
    assert Outcome.of(puzzle, right, wrong).in_short == "1 of 100 cells break"
    assert Outcome.of(puzzle, wrong, right).in_short == "1 of 100 cells are fixed"
    assert Outcome.of(puzzle, right, right).in_short == "no cell breaks"


def test_the_default_model() -> None:
    """Its costliest layer on a contact puzzle; and the copy circuit, which copies the third grid."""
    model = load_model("default")
    puzzle = bank().filter(task="contact")[0]
    clean = predict(model, puzzle.tokens[None])

    def said(text: str) -> str:
        off = parse_ablation(text, model.cfg)
        return narrate(puzzle, off, clean, predict(model, puzzle.tokens[None], off), cfg=model.cfg)

    assert said("L1.attn") == (
        "Without the attention of layer 1, 27 of 100 cells go wrong, from row 1 column 1 on;"
        " 19 of them only had to be copied. Given the true cells before each, 19 are wrong."
    )
    assert "all else ablated, 20 of 100" in said("L*.attn,L*.mlp,L1.attn:lookback=100")
    assert "The answer equals Y in 98 of 100 cells." in said("L*.attn,L*.mlp,L1.attn:lookback=100")
