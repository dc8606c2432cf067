"""Matrix products of the engine, float32 on a CPU by the quicker of PyTorch's two libraries.

``x @ W`` and ``F.linear`` go to Intel's MKL, which leaves the wide vector units of other makers' CPUs idle:
218 GFLOP/s against 500 through oneDNN, the other library PyTorch comes with, on two cores of an AMD EPYC
(``python -m benchmarks.products``). Both are float32 throughout. PyTorch's compiler calls oneDNN for linear
layers through the operator used here; where the operator is missing, and off the CPU, everything is a plain
product.
"""

from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

FEWEST_ROWS = 4
"""With fewer rows a product is memory-bound, and the operator's overhead (10 us) counts."""


class Matrix:
    """A weight ``[d, out]`` to multiply by.

    Args:
        W: the weight; what it holds when a product is asked for counts. Packed it is laid out anew when it
            was edited in place, which PyTorch counts; it does not count edits through ``.data``, so a matrix
            is for one computation.
        rows: so many rows at a time are to be multiplied, again and again: the weight is then laid out anew
            for them on first use, which takes as long as a product or two. 1 to 8 rows then take the time of
            reading it once.
    """

    def __init__(self, W: Float[Tensor, "d out"], rows: int | None = None):
        self.W, self.rows = W, rows
        self._kept: tuple[int, Tensor | None] | None = None

    @property
    def _packed(self) -> Tensor | None:
        edits = 0 if self.W.is_inference() else self.W._version
        if self._kept is None or self._kept[0] != edits:
            self._kept = edits, self._pack()
        return self._kept[1]

    def _pack(self) -> Tensor | None:
        if self.rows is None or not _fits(self.W, self.W) or not _can_pack() or _recording(self.W, self.W):
            return None
        packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(self.W.T.contiguous(), self.rows)
        return packed

    def __call__(
        self, x: Float[Tensor, "*place d"], b: Float[Tensor, " out"] | None = None, *, relu: bool = False
    ) -> Float[Tensor, "*place out"]:
        """``x @ W + b``, and its positive part only if ``relu``."""
        if self._packed is not None and _fits(x, self.W) and not _recording(x, self.W):
            found: Tensor = torch.ops.mkldnn._linear_pointwise(
                x, self._packed, b, "relu" if relu else "none", [], ""
            )
            return found
        return product(x, self.W, b, relu=relu)

    def added(
        self, onto: Float[Tensor, "*place out"], x: Float[Tensor, "*place d"]
    ) -> Float[Tensor, "*place out"]:
        """``onto + x @ W``."""
        if self._packed is not None or quick(x, self.W):
            return self(x).add_(onto)
        return torch.addmm(onto.reshape(-1, self.W.shape[1]), x.reshape(-1, self.W.shape[0]), self.W).view(
            onto.shape
        )


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


def quick(x: Tensor, W: Tensor) -> bool:
    """Whether this product goes to oneDNN."""
    enough = x.numel() >= FEWEST_ROWS * x.shape[-1]
    return enough and _fits(x, W) and _has_onednn() and not _recording(x, W)


def _fits(x: Tensor, W: Tensor) -> bool:
    return x.device.type == "cpu" and x.dtype == W.dtype == torch.float32


def _recording(x: Tensor, W: Tensor) -> bool:
    return torch.is_grad_enabled() and (x.requires_grad or W.requires_grad)


def _ones(*shape: int) -> Tensor:
    """To try a product with, whatever PyTorch's defaults are."""
    return torch.ones(*shape, dtype=torch.float32, device="cpu")


@cache
def _has_onednn() -> bool:
    """Whether this build of PyTorch can do a linear layer by oneDNN."""
    if not torch.backends.mkldnn.is_available():
        return False
    x, W = _ones(FEWEST_ROWS, 2), _ones(2, 3)
    try:
        found = torch.ops.mkldnn._linear_pointwise(x, W.T, None, "none", [], "")
    except (AttributeError, RuntimeError):
        return False
    return torch.equal(found, x @ W)


@cache
def _can_pack() -> bool:
    """Whether a weight can be laid out ahead of its products."""
    if not _has_onednn():
        return False
    x, W = _ones(1, 2), _ones(2, 3)
    try:
        packed = torch.ops.mkldnn._reorder_linear_weight(W.T.contiguous(), 1)
        found = torch.ops.mkldnn._linear_pointwise(x, packed, None, "none", [], "")
    except (AttributeError, RuntimeError):
        return False
    return torch.equal(found, x @ W)
