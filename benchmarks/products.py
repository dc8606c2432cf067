"""The engine's matrix products against PyTorch's plain ones, at the shapes of a layer."""

from functools import partial

import torch

from benchmarks.timing import in_turn
from interp.engine.products import product

ROUNDS = 15
ROWS = (1, 4, 405, 16 * 405)
SHAPES = {"q, k, v": (256, 768), "W_O": (256, 256), "W_in": (256, 1024), "W_out": (1024, 256)}


def main() -> None:
    print(f"float32 products, {torch.get_num_threads()} threads, GFLOP/s, medians of {ROUNDS}")
    for rows in ROWS:
        for name, (d, out) in SHAPES.items():
            x, W = torch.randn(rows, d), torch.randn(d, out)
            spent = in_turn({"plain": partial(torch.matmul, x, W), "ours": partial(product, x, W)}, ROUNDS)
            plain, ours = (2e-9 * rows * d * out / spent[way] for way in ("plain", "ours"))
            print(f"  {rows:5d} rows, {name:8s} {plain:6.0f} {ours:6.0f}  x {ours / plain:.2f}")


if __name__ == "__main__":
    main()
