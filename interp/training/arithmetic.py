"""How much arithmetic training and ablations take, and how fast this machine could do it at best."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

Product = Callable[[Tensor, Tensor], Tensor]

MATRIX = 2048
MATRIX_ON_GPU = 8192
"""Rows and columns of the matrices that a machine is measured with: enough to fill it, and quick on it."""

REPEATS = 7


@dataclass(frozen=True)
class Arithmetic:
    """What training computes.

    Attributes:
        flops_per_puzzle: operations of the matrix products for one puzzle, forward and backward.
        puzzles_per_second: that the run trained on, over its whole length.
        matrix_rate: operations a second of this machine in a large matrix product.
        dtype: of the numbers in both.
    """

    flops_per_puzzle: float
    puzzles_per_second: float
    matrix_rate: float
    dtype: str

    @property
    def share(self) -> float:
        """The part of the machine's matrix rate that training reached."""
        return self.flops_per_puzzle * self.puzzles_per_second / self.matrix_rate


def count_flops(compute: Callable[[], object]) -> int:
    """Floating-point operations of the matrix products that ``compute`` does, its backward pass too if it
    runs one.

    A multiply and its add are two operations. Everything else (normalisation, softmax, ReLU) is a few in a
    hundred. PyTorch's fused attention is counted on a GPU only; training on a CPU does not use it.
    """
    with FlopCounterMode(display=False, custom_mapping=_BY_ONEDNN) as counter:
        compute()
    return counter.get_total_flops()


def _linear_flops(x: torch.Size, W: torch.Size, *_: object, **__: object) -> int:
    return 2 * x.numel() * W[0]


# The counter knows PyTorch's own products; the engine's (:mod:`interp.engine.products`) go through this
# operator where there is one.
_BY_ONEDNN = (
    {torch.ops.mkldnn._linear_pointwise: _linear_flops}
    if hasattr(torch.ops.mkldnn, "_linear_pointwise")
    else {}
)


def matrix_rate(device: torch.device, dtype: torch.dtype, product: Product = torch.matmul) -> float:
    """Operations a second in the product of two large square matrices: the median of seven, after one to warm
    up."""
    n = MATRIX_ON_GPU if device.type == "cuda" else MATRIX
    a, b = (torch.randn(n, n, device=device).to(dtype) for _ in range(2))
    seconds = [_seconds(a, b, product) for _ in range(REPEATS + 1)][1:]
    return 2 * n**3 / statistics.median(seconds)


def _seconds(a: Tensor, b: Tensor, product: Product) -> float:
    _wait_for(a.device)
    started = time.perf_counter()
    product(a, b)
    _wait_for(a.device)
    return time.perf_counter() - started


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
