"""Every two heads off together: branched off the runs with one off, and the plain way, a whole run for each
pair."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations

import numpy as np
import torch

from benchmarks.timing import seconds
from interp import load_model, load_puzzles
from interp.ablation import Ablation, Component, Term, components_of
from interp.analyses.synergy import synergy
from interp.engine.predict import losses
from interp.model import PuzzleGPT

PUZZLES = 16
FEW = 2
"""Puzzles on which the branched way is timed: as many as it computes at a time, so more take that much
longer."""
PLAIN = 24
"""Runs that are timed the plain way, over all puzzles: each costs the same."""


def runs_of(parts: Sequence[Component]) -> list[Ablation]:
    """What is off in every run: nothing, each, each two."""
    off = [(), *((part,) for part in parts), *combinations(parts, 2)]
    return [Ablation.of(map(Term, some)) for some in off]


def plain_losses(model: PuzzleGPT, tokens: np.ndarray, runs: Sequence[Ablation]) -> np.ndarray:
    """The loss of each run, a whole pass of the engine over all puzzles for each."""
    return np.array([losses(model, tokens, off)[0].mean() for off in runs])


def plain_synergy(model: PuzzleGPT, tokens: np.ndarray, parts: Sequence[Component]) -> np.ndarray:
    """The same table as :meth:`interp.analyses.synergy.SynergyState.synergy`, from plain runs."""
    clean, *found = plain_losses(model, tokens, runs_of(parts))
    alone, both = np.array(found[: len(parts)]) - clean, np.array(found[len(parts) :]) - clean
    table = np.full((len(parts), len(parts)), np.nan)
    upper = np.triu_indices(len(parts), 1)
    table[upper] = both
    table.T[upper] = both
    return table - alone[:, None] - alone


def main() -> None:
    model, tokens = load_model("default"), load_puzzles("bank", limit=PUZZLES).tokens
    heads = components_of(model.cfg, ["head"])
    runs = runs_of(heads)
    some = [runs[k] for k in np.linspace(0, len(runs) - 1, PLAIN).round().astype(int)]
    synergy(model, tokens[:1], heads[-4:])  # what is only done once
    # Half of the plain runs before and half after, for a machine that slows down.
    before = taken(partial(plain_losses, model, tokens, some[::2]))
    ours = np.multiply(taken(partial(synergy, model, tokens[:FEW], heads)), PUZZLES / FEW)
    after = taken(partial(plain_losses, model, tokens, some[1::2]))
    plain = np.add(before, after) * len(runs) / PLAIN
    print(
        f"every two of {len(heads)} heads, {len(runs)} runs of {PUZZLES} puzzles, {torch.get_num_threads()}"
        f" threads: plain {plain[0]:.0f} s ({PLAIN} runs, scaled), branched {ours[0]:.0f} s"
        f" (of {FEW} puzzles, scaled), x {plain[0] / ours[0]:.1f};"
        f" of the processor's time {plain[1]:.0f} and {ours[1]:.0f} s, x {plain[1] / ours[1]:.1f}"
    )


def taken(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds that work takes, and what it takes of the processor's: on a machine with other work the ratio
    of these tells more."""
    used = time.process_time()
    return seconds(work), time.process_time() - used


if __name__ == "__main__":
    main()
