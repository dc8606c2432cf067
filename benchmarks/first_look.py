"""The first looks at a puzzle's board (parts off at some or all of the answer's positions) and the exact one;
and stopping."""

import time
from functools import partial
from statistics import median

import numpy as np
import torch

from benchmarks.timing import in_turn
from interp import load_model, load_puzzles
from interp.ablation import Component, components_of
from interp.analyses.ablation_sweep import Scope, Sweep, sweep
from interp.backend import Backend
from interp.model import PuzzleGPT

ROUNDS = 3
PUZZLES = 8
EVERY = ("attn", "mlp", "head")
MODELS = ("default", "12-layers")
SCOPES: tuple[Scope, ...] = ("everywhere", "answer", "stretch")


def ranks(values: np.ndarray) -> np.ndarray:
    found: np.ndarray = values.argsort().argsort()
    return found


def losses(model: PuzzleGPT, parts: list[Component], scope: Scope, tokens: np.ndarray) -> np.ndarray:
    """The mean loss with each part off."""
    _, *rows = sweep(model, tokens, parts, scope=scope)
    return np.array([row.loss.mean() for row in rows])


def main() -> None:
    tokens = load_puzzles("bank", limit=PUZZLES).tokens
    for name in MODELS:
        model = load_model(name)
        board = partial(losses, model, components_of(model.cfg, EVERY))
        spent = in_turn({scope: partial(board, scope, tokens[:1]) for scope in SCOPES}, ROUNDS)
        boards = {scope: [board(scope, tokens[k : k + 1]) for k in range(PUZZLES)] for scope in SCOPES}
        print(
            f"every part of {model.cfg.n_layers} layers, 1 puzzle, {torch.get_num_threads()} threads,"
            f" seconds:"
        )
        for scope in SCOPES:
            pairs = zip(boards[scope], boards["everywhere"], strict=True)
            agree = median(float(np.corrcoef(ranks(a), ranks(b))[0, 1]) for a, b in pairs)
            print(
                f"  parts off {scope:12s}{spent[scope]:6.2f}  x {spent['everywhere'] / spent[scope]:4.1f}"
                f"  rank correlation of the losses {agree:.2f} (median of {PUZZLES} puzzles)",
                flush=True,
            )
    stopping()


def stopping() -> None:
    """How long an abandoned sweep goes on computing."""
    backend, waits = Backend(), []
    puzzles = list(backend.bank().limit(64))
    parts = components_of(backend.model("default").cfg, EVERY)
    for k in range(10):
        watch = backend.watch("default", Sweep(tuple(puzzles[k:]), tuple(parts)))
        while watch.state is None:
            watch.wait()
        time.sleep(0.3 + 0.05 * k)
        watch.close()
        closed = time.perf_counter()
        while backend.working:
            time.sleep(0.001)
        waits.append(time.perf_counter() - closed)
    print(
        f"an abandoned sweep of 64 puzzles stops after {1000 * median(waits):.0f} ms (at most"
        f" {1000 * max(waits):.0f})"
    )


if __name__ == "__main__":
    main()
