"""What is checked once for each kind of call is checked as well as what is checked at every call."""

from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, Literal

import beartype
import jaxtyping
import numpy as np
import pytest
import torch
from jaxtyping import Float, Int, TypeCheckError
from torch import Tensor

from interp.model import loss_of
from tests.checks import Checked, kind_of


def once_a_kind(plain: Callable[..., Any]) -> Callable[..., Any]:
    assert isinstance(plain, FunctionType)
    # The decorator of jaxtyping itself: the one under its name is ours.
    checked = Checked(
        plain, lambda f: vars(jaxtyping._decorator)["jaxtyped"](f, typechecker=beartype.beartype)
    )
    return lambda *arguments, **options: checked(arguments, options)


def test_a_call_that_fits_lets_no_other_pass() -> None:
    @once_a_kind
    def product(a: Float[Tensor, "row mid"], b: Float[Tensor, "mid column"]) -> Float[Tensor, "row column"]:
        return a @ b

    for _ in range(3):
        assert product(torch.ones(2, 3), torch.ones(3, 4)).shape == (2, 4)
        assert product(torch.ones(2, 3), b=torch.ones(3, 5)).shape == (2, 5)
        for a, b in (
            (torch.ones(2, 3), torch.ones(4, 4)),  # mid differs
            (torch.ones(2, 3, 1), torch.ones(3, 4)),
            (torch.ones(2, 3, dtype=torch.int64), torch.ones(3, 4)),
            (np.ones((2, 3), np.float32), torch.ones(3, 4)),
            (None, torch.ones(3, 4)),
        ):
            with pytest.raises(TypeCheckError):
                product(a, b)


def test_a_result_that_fits_lets_no_other_pass() -> None:
    """Of calls that are alike, one may give what another does not: its shape, its type or a word."""

    @once_a_kind
    def some(of: Float[Tensor, " n"], what: list[Any]) -> Float[Tensor, " n"]:
        return what[0](of)

    @once_a_kind
    def word(number: int) -> Literal["one", "two"]:
        return {1: "one", 2: "two", 3: "three"}[number]

    for _ in range(3):
        for good in (lambda x: x, lambda x: 2 * x):
            some(torch.ones(4), [good])
        for bad in (lambda x: x[1:], lambda x: x.long(), lambda x: x[None], lambda x: None):
            with pytest.raises(TypeCheckError, match="the return value of"):
                some(torch.ones(4), [bad])
        assert word(1) + word(2) == "onetwo"
        with pytest.raises(TypeCheckError):
            word(3)


def test_what_is_in_a_list_is_looked_at() -> None:
    @once_a_kind
    def total(
        numbers: list[int], kind: Literal["sum", "n"] = "sum", pairs: tuple[tuple[int, str], ...] = ()
    ) -> int:
        return sum(numbers) if kind == "sum" else len(pairs)

    for _ in range(3):
        assert (
            total(list(range(20))) == 190 and total([1], "n", ((1, "a"),)) == 1 and total([], kind="n") == 0
        )
        for wrong in (
            {"numbers": ["1"] * 20},
            {"numbers": [1.0]},
            {"numbers": (1, 2)},
            {"numbers": [1], "kind": "mean"},
            {"numbers": [1], "pairs": ((1, 2),)},
        ):
            with pytest.raises(TypeCheckError):
                total(**wrong)


def test_a_function_that_is_made_anew_is_still_checked() -> None:
    def made() -> Callable[..., Any]:
        @once_a_kind
        def shape(of: Int[np.ndarray, "n n"]) -> int:
            return len(of)

        return shape

    for _ in range(2):
        assert made()(np.eye(3, dtype=int)) == 3
        with pytest.raises(TypeCheckError):
            made()(np.ones((3, 4), dtype=int))


def test_a_generator_is_run_by_who_asks() -> None:
    @once_a_kind
    def steps(n: int) -> Iterator[int]:
        yield from range(n)

    assert [list(steps(3)) for _ in range(3)] == [[0, 1, 2]] * 3
    with pytest.raises(TypeCheckError):
        steps("3")


def test_kinds_are_told_apart() -> None:
    values = [1, 1.0, True, "1", None, int, float, (1,), [1], {1}, {1: 1}, {1: "1"}, ("a",), [[1]], [["a"]]]
    values += [
        torch.ones(2),
        torch.ones(2, 1),
        torch.ones(2).half(),
        np.ones(2),
        np.ones(2, int),
        np.float32(1),
    ]
    values += [torch.nn.Parameter(torch.ones(2)), [1] * 20, (1,) * 20, (1,) * 21, [1.0] * 20, [1, 2.0] * 10]
    assert len({kind_of(value) for value in values}) == len(values)


def test_the_library_is_checked() -> None:
    logits, prompt = torch.zeros(2, 405, 15), torch.zeros(2, 405, dtype=torch.int64)
    for _ in range(2):
        assert loss_of(logits, prompt).shape == (2, 404)
        with pytest.raises(TypeCheckError):
            loss_of(logits, prompt[:1])
