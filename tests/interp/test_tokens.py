"""The token layout (its docstring is a doctest too): round trips, the four orders, errors."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from interp.errors import PuzzlescopeError
from interp.tokens import (
    ANSWER_START,
    MARKERS,
    N_CTX,
    STRUCTURES,
    cell_position,
    decode,
    encode,
    marker_position,
    one_puzzle,
    predicting_position,
    puzzle_tokens,
    structure_named,
    structure_of,
    with_start,
)

some_grids = arrays(np.uint8, (4, 10, 10), elements=st.integers(0, 10))


@given(some_grids, st.sampled_from(STRUCTURES))
def test_decode_undoes_encode(grids: np.ndarray, structure) -> None:
    tokens = encode(grids, structure)
    assert np.array_equal(decode(tokens), grids) and structure_of(tokens) == structure
    assert np.array_equal(encode(decode(tokens), structure), tokens)
    prompt = with_start(tokens)
    assert prompt.shape == (N_CTX,) and prompt[0] == 0 and np.array_equal(prompt[1:], tokens)


@given(some_grids)
def test_every_cell_is_where_its_position_says(grids: np.ndarray) -> None:
    prompt = with_start(encode(grids, STRUCTURES[0]))
    for place in range(4):
        assert prompt[marker_position(place)] == MARKERS[place]
        for row, column in ((0, 0), (4, 7), (9, 9)):
            assert prompt[cell_position(place, row, column)] == grids[place, row, column]


def test_off_by_one() -> None:
    assert marker_position(3) == ANSWER_START == 304
    for row, column in ((0, 0), (3, 5), (9, 9)):
        here = predicting_position(row, column)
        assert here + 1 == cell_position(3, row, column)
        assert here - 100 == cell_position(2, row, column), "100 back is the cell about to be predicted"
        assert here - 101 == cell_position(2, row, column) - 1, "101 back is the cell under the current token"


def test_the_four_structures_are_those_of_the_public_data() -> None:
    assert [structure.markers for structure in STRUCTURES] == [
        (11, 12, 13, 14),
        (12, 11, 14, 13),
        (13, 14, 11, 12),
        (14, 13, 12, 11),
    ]
    assert [structure.noisy for structure in STRUCTURES] == [True, True, False, False]
    for structure in STRUCTURES:
        assert (
            structure_named(structure.name) == structure_named(structure.name.replace(" ", "")) == structure
        )


def test_batches_encode_like_single_puzzles() -> None:
    grids = np.random.default_rng(0).integers(0, 11, (5, 4, 10, 10)).astype(np.uint8)
    together = encode(grids, STRUCTURES[2])
    assert together.shape == (5, 404)
    assert all(
        np.array_equal(row, encode(one, STRUCTURES[2])) for row, one in zip(together, grids, strict=True)
    )
    assert with_start(together).shape == (5, 405)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda t: t[:-1], "404 tokens"),
        (lambda t: np.where(np.arange(404) == 5, 11, t), "colour from 0 to 10, got 11"),
        (lambda t: np.where(np.arange(404) == 0, 12, t), "four markers must spell"),
        (lambda t: np.where(np.arange(404) == 101, 3, t), "four markers must spell"),
        (lambda t: np.where(np.arange(404) == 300, -4, t.astype(int)), "got -4"),
    ],
)
def test_what_is_no_puzzle_is_told(spoil, told: str) -> None:
    tokens = encode(np.zeros((4, 10, 10), dtype=np.uint8), STRUCTURES[0])
    with pytest.raises(PuzzlescopeError, match=told):
        structure_of(spoil(tokens))


def test_an_unknown_structure_is_told() -> None:
    with pytest.raises(PuzzlescopeError, match="No structure 'X Y': expected one of X f"):
        structure_named("X Y")


def puzzles(n: int) -> np.ndarray:
    grids = np.random.default_rng(n).integers(0, 11, (n, 4, 10, 10)).astype(np.uint8)
    return encode(grids, STRUCTURES[n % 4])


INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


@given(
    st.integers(1, 3),
    st.sampled_from(INTEGERS),
    st.booleans(),
    st.sampled_from(["numpy", "torch", "list", "tuple"]),
)
def test_tokens_are_taken_as_people_have_them(n: int, dtype: str, start: bool, kind: str) -> None:
    plain = puzzles(n)
    given_ = (with_start(plain) if start else plain).astype(dtype)
    made = {
        "numpy": np.asarray,
        "torch": torch.from_numpy,
        "list": np.ndarray.tolist,
        "tuple": lambda rows: tuple(map(tuple, rows.tolist())),
    }[kind]
    assert np.array_equal(puzzle_tokens(made(given_)), plain)
    assert np.array_equal(puzzle_tokens(made(given_[:1])), plain[:1])
    assert np.array_equal(
        puzzle_tokens(given_[0].tolist() if kind in ("list", "tuple") else made(given_)[0]), plain[:1]
    )
    assert np.array_equal(one_puzzle(given_[:1]), plain[0])


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda t: t.astype(float), "whole numbers"),
        (lambda t: torch.from_numpy(t).float().requires_grad_(), "got float32"),
        (lambda t: t > 5, "got bool"),
        (lambda t: t[:, :100], "whole numbers"),
        (lambda t: t[None], "whole numbers"),
        (lambda t: [[1, 2], [3]], "no array"),
        (lambda t: "frame", "whole numbers"),
        (lambda t: None, "whole numbers"),
        (lambda t: [{"a": 1}], "whole numbers"),
        (lambda t: np.where(t == 11, 15, t), "a number from 0 to 14, got 15"),
        (lambda t: t.astype(np.int8) - 1, "got -1"),
        (lambda t: with_start(t) + (np.arange(405) == 0), "begin with the start token 0, got 1"),
        (lambda t: [2**70] * 404, "whole numbers"),
    ],
)
def test_what_are_no_tokens_is_a_sentence(spoil, told: str) -> None:
    with pytest.raises(PuzzlescopeError, match=told) as caught:
        puzzle_tokens(spoil(puzzles(2)))
    assert "\n" not in str(caught.value)


def test_one_puzzle_is_one() -> None:
    with pytest.raises(PuzzlescopeError, match="one puzzle, got 2"):
        one_puzzle(puzzles(2))
    assert puzzle_tokens([]).shape == (0, 404)


def test_a_puzzle_is_told_from_its_tokens() -> None:
    from interp import load_puzzles

    some = load_puzzles("bank").limit(2)
    for given_, told in [
        (some, "got a PuzzleSet: give its .tokens"),
        (some[0], "got a Puzzle: give its .tokens"),
        ([some[0]], "got a list of Puzzle: give their .tokens"),
    ]:
        with pytest.raises(PuzzlescopeError, match=told):
            puzzle_tokens(given_)
