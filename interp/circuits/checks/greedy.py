"""What a circuit answers by itself: each cell given the cells that it drew before."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from interp.circuits.finder import Kept
from interp.circuits.runs import CircuitRuns
from interp.grids import CELLS
from interp.resumable import Steps, resumable


@resumable
def greedy_answers(
    runs: CircuitRuns, kept: Kept, drawn: Sequence[Int[np.ndarray, " 100"]] | None = None
) -> Steps[None, Int[np.ndarray, "pair 100"]]:
    """The tokens that greedy decoding of a circuit writes, of every pair's base; a pause after every run.

    The pair's other run, where cut edges read that, is given the same cells. The cells are not drawn one a
    run: a run over a guess of all of them shows up to where the guess is what the circuit draws, and what it
    draws from there on is the next guess, so the answer is that of plain decoding (Santilli et al., 2023,
    "Accelerating Transformer Inference for Translation via Parallel Decoding", section 3).

    Args:
        drawn: what the circuit draws given the true cells, where that is known.
    """
    found = []
    for pair in range(len(runs)):
        if drawn is None:
            first = yield from _drawn(runs, kept, pair, runs.answers[pair])
        else:
            first = np.asarray(drawn[pair])
        found.append((yield from _decoded(runs, kept, pair, first)))
    return np.stack(found)


def _decoded(
    runs: CircuitRuns, kept: Kept, pair: int, drawn: Int[np.ndarray, " 100"]
) -> Steps[None, Int[np.ndarray, " 100"]]:
    guess, settled = runs.answers[pair].copy(), 0
    while True:
        wrong = settled + np.flatnonzero(drawn[settled:] != guess[settled:])
        if not len(wrong):
            return guess
        settled = int(wrong[0]) + 1  # the cells before were as guessed, so this one is drawn given these
        guess[settled - 1 :] = drawn[settled - 1 :]
        if settled == CELLS:
            return guess
        drawn = yield from _drawn(runs, kept, pair, guess)


def _drawn(
    runs: CircuitRuns, kept: Kept, pair: int, given: Int[np.ndarray, " 100"]
) -> Steps[None, Int[np.ndarray, " 100"]]:
    """What a circuit draws, each cell given those before."""
    own = yield from runs.given(pair, given)
    drawn = own.logits(kept)[0].argmax(-1).cpu().numpy()
    yield None
    return np.asarray(drawn)
