"""Forced cells: their text there and back, and answers that are the best with the cells put in by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp.ablation import NO_ABLATION, parse_ablation
from interp.analyses.prediction import PredictionOf
from interp.engine.forcing import (
    MOST_FORCED,
    Forced,
    forced_cells,
    forced_text,
    parse_forced,
    put,
    with_forced,
)
from interp.engine.predict import answer_logits, predict
from interp.errors import PuzzlescopeError
from interp.puzzles import Puzzle
from interp.resumable import finish
from tests.interp.engine.plainly import best_cells
from tests.support.programs import printed

some_forced = st.dictionaries(st.integers(0, 99), st.integers(0, 10), max_size=6).map(
    lambda cells: forced_cells(cells.items())
)


@given(some_forced)
def test_a_text_there_and_back(forced: Forced) -> None:
    assert parse_forced(forced_text(forced)) == forced
    assert parse_forced(" , ".join(reversed(forced_text(forced).split(",")))) == forced


@pytest.mark.parametrize(
    "text",
    [
        "r0c1=2",
        "r1c11=2",
        "r1c1=11",
        "r1c1",
        "34=2",
        "r1c1=2,r1c1=3",
        "r1c1=2;r1c2=2",
        "r\uff11c1=2",
        "x" * 999,
    ],
)
def test_what_reads_otherwise_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(PuzzlescopeError) as caught:
        parse_forced(text)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 250


def test_bounds_and_changes() -> None:
    assert with_forced(with_forced((), 7, 3), 2, 0) == ((2, 0), (7, 3))
    assert with_forced(((2, 0), (7, 3)), 7, None) == ((2, 0),) and with_forced(((2, 0),), 2, 5) == ((2, 5),)
    with pytest.raises(PuzzlescopeError, match=f"At most {MOST_FORCED}"):
        forced_cells((cell, 1) for cell in range(MOST_FORCED + 1))


@pytest.mark.parametrize("n", [2, 6], ids=["with drafts", "all in step"])
@settings(max_examples=4, deadline=None)
@given(
    forced=some_forced,
    text=st.sampled_from(["", "L0.attn", "L1.H2:lookback=100,L2.mlp", "L0.H*:mean,L1.mlp:mean"]),
)
def test_answers_are_those_of_plain_decoding(model, tokens, means, n: int, forced: Forced, text: str) -> None:
    ablation, own = parse_ablation(text, model.cfg), tokens[:n]
    found = predict(model, own, ablation, means, forced=forced)
    drawn = found.greedy
    assert np.array_equal(drawn, best_cells(model, own, drawn, ablation, means, forced))
    assert np.array_equal(found.solved, (drawn == own[:, 304:]).all(-1))
    shown = np.stack([put(Puzzle.of("any", row), forced).tokens for row in own])
    logits = answer_logits(model, model.prompt(shown), ablation, means)[:, 1:]
    np.testing.assert_allclose(found.probabilities, logits.softmax(-1).detach().numpy(), atol=1e-5)
    one = Puzzle.of("any", own[0])
    asked = finish(PredictionOf(one, ablation, forced).steps(model, means))
    assert np.array_equal(asked.greedy[0], drawn[0])
    np.testing.assert_allclose(asked.loss.cells[0], found.loss.cells[0], atol=1e-4)


def test_by_hooks_of_a_user_too(model, tokens) -> None:
    forced = forced_cells([(0, 5), (50, 7), (99, 1)])
    model.add_hook("blocks.0.hook_mlp_out", lambda value, hook: value)
    try:
        found = predict(model, tokens[:2], forced=forced)
    finally:
        model.reset_hooks()
    assert np.array_equal(
        found.greedy, best_cells(model, tokens[:2], found.greedy, NO_ABLATION, None, forced)
    )


def test_nothing_forced_is_as_ever(model, tokens) -> None:
    as_ever, nothing = predict(model, tokens[:2]), predict(model, tokens[:2], forced=())
    assert np.array_equal(as_ever.greedy, nothing.greedy)
    assert np.array_equal(as_ever.loss.cells, nothing.loss.cells)


def test_the_program_forces_them(tmp_path) -> None:
    from interp import load_model, load_puzzles
    from tests.support.models import saved_model

    folder, puzzle = saved_model(tmp_path), load_puzzles("bank")[0]
    forced = forced_cells([(3, 4), (77, 9)])
    said = printed(PredictionOf(puzzle, forced=forced).program(folder))
    drawn = predict(load_model(folder), puzzle.tokens[None], forced=forced).greedy[0].reshape(10, 10)
    assert str(drawn) in said
