"""The engine's matrix products, against plain ones in double precision."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interp import products
from interp.arithmetic import count_flops
from interp.products import added_product, product, quick

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
    close(added_product(onto, x, W), onto.double() + x.double() @ W.double())
    assert torch.equal(onto, before)


def test_weights_that_lie_otherwise_in_memory() -> None:
    x, W = torch.randn(9, 6), torch.randn(5, 6).T
    close(product(x, W), x.double() @ W.double())
    close(product(x[:, ::2], W[::2]), x[:, ::2].double() @ W[::2].double())


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
    ours = product(x, W, b, relu=True), added_product(product(x, W), x, W)
    monkeypatch.setattr(products, "_has_onednn", lambda: False)
    assert not quick(x, W)
    for found, plain in zip(ours, (product(x, W, b, relu=True), added_product(x @ W, x, W)), strict=True):
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
    assert count_flops(lambda: product(x, W)) == count_flops(lambda: added_product(product(x, W), x, W)) // 2
    assert count_flops(lambda: product(x, W)) == 2 * 18 * 6 * 5
