"""Matrix products of the engine, float32 on a CPU by the quicker of PyTorch's two libraries.

``x @ W`` and ``F.linear`` go to Intel's MKL, which leaves the wide vector units of other makers' CPUs idle: 218 GFLOP/s
against 500 through oneDNN, the other library PyTorch comes with, on two cores of an AMD EPYC (``python -m
benchmarks.products``). Both are float32 throughout. PyTorch's compiler calls oneDNN for linear layers through the
operator used here; where the operator is missing, and off the CPU, everything is a plain product.
"""

from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

FEWEST_ROWS = 4
"""Below so many rows a product only waits for its weights, and the operator's overhead (10 us) counts."""


def product(
    x: Float[Tensor, "*place d"],
    W: Float[Tensor, "d out"],
    b: Float[Tensor, " out"] | None = None,
    *,
    relu: bool = False,
) -> Float[Tensor, "*place out"]:
    """``x @ W + b``, and its positive part only if ``relu``."""
    if quick(x, W):
        found: Tensor = torch.ops.mkldnn._linear_pointwise(x, W.T, b, "relu" if relu else "none", [], "")
        return found
    found = torch.nn.functional.linear(x, W.T, b)
    return found.relu_() if relu else found


def added_product(
    onto: Float[Tensor, "*place out"], x: Float[Tensor, "*place d"], W: Float[Tensor, "d out"]
) -> Float[Tensor, "*place out"]:
    """``onto + x @ W``."""
    if quick(x, W):
        return product(x, W).add_(onto)
    return torch.addmm(onto.reshape(-1, W.shape[1]), x.reshape(-1, W.shape[0]), W).view(onto.shape)


def quick(x: Tensor, W: Tensor) -> bool:
    """Whether this product goes to oneDNN."""
    fits = x.device.type == "cpu" and x.dtype == W.dtype == torch.float32
    return fits and x.numel() >= FEWEST_ROWS * x.shape[-1] and _has_onednn() and not _recording(x, W)


def _recording(x: Tensor, W: Tensor) -> bool:
    return torch.is_grad_enabled() and (x.requires_grad or W.requires_grad)


@cache
def _has_onednn() -> bool:
    """Whether this build of PyTorch can do a linear layer by oneDNN."""
    if not torch.backends.mkldnn.is_available():
        return False
    x, W = torch.ones(FEWEST_ROWS, 2), torch.ones(2, 3)
    try:
        found = torch.ops.mkldnn._linear_pointwise(x, W.T, None, "none", [], "")
    except (AttributeError, RuntimeError):
        return False
    return torch.equal(found, x @ W)
