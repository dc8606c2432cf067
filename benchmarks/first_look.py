"""The first look at a puzzle's board (parts off at the answer's positions only) against the exact one; and stopping."""

import time
from statistics import median

import numpy as np
import torch

from benchmarks.models import stretched
from benchmarks.timing import in_turn
from interp import load_puzzles
from interp.backend import Backend
from interp.sweep import Scope, components_of, sweep

ROUNDS = 3
PUZZLES = 8
EVERY = ("attn", "mlp", "head")


def ranks(values: np.ndarray) -> np.ndarray:
    found: np.ndarray = values.argsort().argsort()
    return found


def main() -> None:
    tokens = load_puzzles("bank", limit=PUZZLES).tokens
    for n_layers in (6, 12):
        model = stretched(n_layers)
        parts = components_of(model.cfg, EVERY)

        def board(scope: Scope, chosen: np.ndarray, model=model, parts=parts) -> np.ndarray:
            _, *rows = sweep(model, chosen, parts, scope=scope)
            return np.array([row.loss.mean() for row in rows])

        found = in_turn(
            {
                "first look": lambda board=board: board("answer", tokens[:1]),
                "exact": lambda board=board: board("everywhere", tokens[:1]),
            },
            ROUNDS,
        )
        agree = [
            np.corrcoef(
                ranks(board("answer", tokens[k : k + 1])), ranks(board("everywhere", tokens[k : k + 1]))
            )[0, 1]
            for k in range(PUZZLES)
        ]
        print(
            f"every part of {n_layers} layers, 1 puzzle, {torch.get_num_threads()} threads:"
            f" first look {found['first look']:.2f} s, exact {found['exact']:.2f} s,"
            f" x {found['exact'] / found['first look']:.1f};"
            f" rank correlation of the losses {median(agree):.2f} (median of {PUZZLES} puzzles)"
        )
    stopping()


def stopping() -> None:
    """How long an abandoned sweep goes on computing."""
    backend, waits = Backend(), []
    puzzles = list(backend.bank().limit(64))
    parts = components_of(backend.model("default").cfg, EVERY)
    for k in range(10):
        asking = backend.sweep("default", puzzles[k:], parts)
        next(asking)
        time.sleep(0.3 + 0.05 * k)
        asking.close()
        closed = time.perf_counter()
        while backend.working:
            time.sleep(0.001)
        waits.append(time.perf_counter() - closed)
    print(
        f"an abandoned sweep of 64 puzzles stops after {1000 * median(waits):.0f} ms (at most {1000 * max(waits):.0f})"
    )


if __name__ == "__main__":
    main()
