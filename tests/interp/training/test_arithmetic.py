"""Counting operations, against counts made by hand."""

import torch

from interp.model.block_attention import _blocks
from interp.training.arithmetic import count_flops, matrix_rate
from tests.support.models import SMALL, small_model


def test_a_matrix_product_and_its_gradient() -> None:
    a, b = torch.randn(3, 5, requires_grad=True), torch.randn(5, 7, requires_grad=True)
    assert count_flops(lambda: a @ b) == 2 * 3 * 5 * 7
    assert count_flops(lambda: (a @ b).sum().backward()) == 3 * 2 * 3 * 5 * 7


def test_a_forward_pass_in_training() -> None:
    """The weights' products, and of the pattern the blocks that training computes."""
    cfg, n = SMALL, 405
    model = small_model().requires_grad_(True)
    counted = count_flops(lambda: model(torch.zeros(2, n, dtype=torch.long)))
    layer = 4 * cfg.d_model * cfg.n_heads * cfg.d_head + 2 * cfg.d_model * cfg.d_mlp
    weights = cfg.n_layers * layer + cfg.d_model * cfg.d_vocab
    pairs = sum((end - start) * end for start, end in _blocks(n))
    assert n * (n + 1) / 2 < pairs < 0.6 * n * n
    attention = cfg.n_layers * cfg.n_heads * 2 * pairs * cfg.d_head
    assert counted == 2 * 2 * (n * weights + attention)


def test_rate_is_a_plausible_number() -> None:
    assert 1e8 < matrix_rate(torch.device("cpu"), torch.float32) < 1e14
