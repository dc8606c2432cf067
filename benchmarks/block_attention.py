"""Training attention on a CPU: our blocks against PyTorch's fused kernel, forward and backward."""

from collections.abc import Callable

import torch
import torch.nn.functional as F

from benchmarks.timing import in_turn
from interp.model.block_attention import block_causal_attention

BATCH, HEADS, POSITIONS, WIDTH = 32, 8, 405, 32
ROUNDS = 7


def main() -> None:
    shape = (BATCH, HEADS, POSITIONS, WIDTH)
    q, k, v = (torch.randn(shape, dtype=torch.bfloat16, requires_grad=True) for _ in range(3))
    scale = WIDTH**-0.5

    def train(attention: Callable[[], torch.Tensor]) -> None:
        attention().sum().backward()

    found = in_turn(
        {
            "PyTorch fused": lambda: train(
                lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale)
            ),
            "in blocks": lambda: train(lambda: block_causal_attention(q, k, v, scale)),
        },
        ROUNDS,
    )
    print(
        f"attention of {BATCH} puzzles, {HEADS} heads of width {WIDTH}, bfloat16, {torch.get_num_threads()}"
        f" threads, medians"
    )
    for name, spent in found.items():
        print(f"  {name:14s} {1000 * spent:7.0f} ms  x {found['PyTorch fused'] / spent:.2f}")


if __name__ == "__main__":
    main()
