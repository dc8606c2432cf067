"""Pairs of puzzles that differ in exactly one thing: clean and corrupted by construction.

Every experiment that compares two runs (activation patching, interchange interventions) stands or falls with
its pairs. Here the generators are known and every task has a solver, so pairs can be made that differ in one
variable and nothing else, and both answers are known.

>>> pair = make_pairs("frame", "rule", 1, seed=0)[0]
>>> pair.aligned, bool((pair.base.grids[2] == pair.counterfactual.grids[2]).all()), bool(pair.contrast.any())
(True, True, True)
"""

from interp.pairs.files import read_pairs, write_pairs
from interp.pairs.known import understood
from interp.pairs.making import check_kind, kinds_for, make_pairs, pair_for, verified
from interp.pairs.pair import ALIGNED, KINDS, Kind, Pair
from interp.pairs.shipped import shipped_pairs

__all__ = [
    "ALIGNED",
    "KINDS",
    "Kind",
    "Pair",
    "check_kind",
    "kinds_for",
    "make_pairs",
    "pair_for",
    "read_pairs",
    "shipped_pairs",
    "understood",
    "verified",
    "write_pairs",
]
