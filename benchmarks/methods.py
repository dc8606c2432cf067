"""A board by every method beside one by zero, and what each must know beforehand; and what trained constants
cost on held-out puzzles beside zero and the mean (``python -m benchmarks.methods held-out``)."""

import sys
from functools import partial

import numpy as np
import torch

from benchmarks.timing import in_turn, seconds
from interp import load_model, load_puzzles
from interp.ablation import COMPONENT_KINDS, Method, Optimal, components_of, means_by
from interp.analyses.ablation_sweep import sweep
from interp.analyses.by_method.optimal import held_out
from interp.analyses.by_method.rankings import COMPARED

ROUNDS = 5
HELD_OUT = 64


def main() -> None:
    model, bank = load_model(), load_puzzles("bank")
    puzzle = bank.filter(task="frame")[0]
    parts = components_of(model.cfg, COMPONENT_KINDS)
    known = {method: means_by(model, bank, [puzzle], method) for method in COMPARED}
    first = {method.text: seconds(partial(means_by, model, bank, [puzzle], method)) for method in COMPARED}

    def board(method: Method) -> None:
        list(sweep(model, puzzle.tokens[None], parts, means=known[method], method=method))

    spent = in_turn({method.text: partial(board, method) for method in COMPARED}, ROUNDS)
    threads = torch.get_num_threads()
    print(f"a board of {len(parts)} components, 1 puzzle, {threads} threads, median of {ROUNDS}:")
    for method in COMPARED:
        name = method.text
        ratio = spent[name] / spent["zero"]
        print(
            f"  {name:12s}{spent[name]:7.2f} s  x {ratio:4.2f}  beforehand {first[name]:6.2f} s", flush=True
        )


def constants() -> None:
    """What optimal costs on held-out puzzles, beside the better of zero and the mean."""
    model, bank = load_model(), load_puzzles("bank")
    known = means_by(model, bank, list(bank.limit(32)), Optimal())
    found = held_out(model, known, HELD_OUT)
    assert known.constants is not None
    worse = {part: own[2] - min(own[:2]) for part, own in found.items() if own[2] > min(own[:2])}
    shares = [own[2] / min(own[:2]) for own in found.values()]
    print(f"{len(found)} components on {HELD_OUT} held-out puzzles, loss by optimal over the better of zero")
    print(f"and the mean: median {np.median(shares):.3f}, least {min(shares):.3f}, most {max(shares):.3f}")
    for part, loss in worse.items():
        print(f"  {part.text}: {loss:.2e} nats worse ({known.constants.what(part)})")


if __name__ == "__main__":
    constants() if sys.argv[1:] == ["held-out"] else main()
