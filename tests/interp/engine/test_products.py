"""The engine's matrix products, against plain ones in double precision."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interp.engine import products
from interp.engine.products import Matrix, product, quick
from interp.training.arithmetic import count_flops

WIDTHS = st.integers(1, 40)


def close(found: torch.Tensor, exact: torch.Tensor) -> None:
    torch.testing.assert_close(found.double(), exact, atol=1e-4, rtol=1e-5)


@given(rows=st.integers(1, 30), d=WIDTHS, out=WIDTHS, relu=st.booleans(), biased=st.booleans())
def test_any_shape(rows: int, d: int, out: int, relu: bool, biased: bool) -> None:
    x, W, onto = torch.randn(2, rows, d), torch.randn(d, out), torch.randn(2, rows, out)
    b = torch.randn(out) if biased else None
    exact = x.double() @ W.double() + (0 if b is None else b.double())
    close(product(x, W, b, relu=relu), exact.relu() if relu else exact)
    before = onto.clone()
    close(Matrix(W).added(onto, x), onto.double() + x.double() @ W.double())
    assert torch.equal(onto, before)


def test_weights_that_lie_otherwise_in_memory() -> None:
    x, W = torch.randn(9, 6), torch.randn(5, 6).T
    close(product(x, W), x.double() @ W.double())
    close(product(x[:, ::2], W[::2]), x[:, ::2].double() @ W[::2].double())


@given(rows=st.integers(1, 30), d=WIDTHS, out=WIDTHS, relu=st.booleans(), meant_for=st.integers(1, 20))
def test_weights_laid_out_for_a_few_rows(rows: int, d: int, out: int, relu: bool, meant_for: int) -> None:
    """Any number of rows may come all the same."""
    x, W, b, onto = torch.randn(1, rows, d), torch.randn(d, out), torch.randn(out), torch.randn(1, rows, out)
    packed = Matrix(W, rows=meant_for)
    exact = x.double() @ W.double()
    for _ in range(2):
        close(packed(x, b, relu=relu), (exact + b).relu() if relu else exact + b)
        close(packed.added(onto, x), onto + exact)


def test_laid_out_weights_leave_gradients_alone() -> None:
    W = torch.randn(6, 5, requires_grad=True)
    assert Matrix(W, rows=2)(torch.randn(2, 6)).requires_grad


def test_full_float32_precision() -> None:
    """Nothing is rounded to a shorter format on the way: that would be an error of 1e-2 here."""
    x, W = torch.randn(500, 1024), torch.randn(1024, 64)
    assert (product(x, W).double() - x.double() @ W.double()).abs().max() < 5e-4


def test_weights_changed_in_place_are_seen() -> None:
    x, W = torch.randn(9, 6), torch.randn(6, 5)
    product(x, W)
    W.data[0] = 0
    close(product(x, W), x.double() @ W.double())


def test_the_same_without_onednn(monkeypatch: pytest.MonkeyPatch) -> None:
    x, W, b = torch.randn(9, 6), torch.randn(6, 5), torch.randn(5)
    ours = product(x, W, b, relu=True), Matrix(W).added(product(x, W), x)
    monkeypatch.setattr(products, "_has_onednn", lambda: False)
    assert not quick(x, W)
    for found, plain in zip(ours, (product(x, W, b, relu=True), Matrix(W).added(x @ W, x)), strict=True):
        torch.testing.assert_close(found, plain)


def test_gradients_are_never_lost() -> None:
    x, W = torch.randn(9, 6), torch.randn(6, 5, requires_grad=True)
    assert product(x, W).requires_grad
    with torch.no_grad():
        assert not product(x, W).requires_grad


def test_other_numbers_go_the_plain_way() -> None:
    x, W = torch.randn(9, 6).double(), torch.randn(6, 5).double()
    assert torch.equal(product(x, W), x @ W)


def test_its_operations_are_counted() -> None:
    x, W = torch.randn(2, 9, 6), torch.randn(6, 5)
    assert count_flops(lambda: product(x, W)) == count_flops(lambda: Matrix(W).added(product(x, W), x)) // 2
    assert count_flops(lambda: product(x, W)) == 2 * 18 * 6 * 5
