"""The pairs that come along: 64 of each task and kind to look for something with, and 64 others to hold it
against (:mod:`interp.pairs.drawn`).
"""

from functools import cache

import numpy as np

from interp.assets import PAIRS_FOLDER
from interp.pairs.files import pairs_of
from interp.pairs.making import check_kind
from interp.pairs.pair import Kind, Pair
from interp.tasks import task_named

FOLDER = PAIRS_FOLDER
FILE = "pairs.npz"


def shipped_pairs(kind: Kind | None = None, task: str | None = None, held_out: bool = False) -> list[Pair]:
    """The pairs that come along.

    Args:
        kind, task: only those; left out, all.
        held_out: those that nothing was chosen by.

    Raises:
        PuzzlescopeError: for an unknown kind or task.
    """
    if kind is not None:
        check_kind(kind)
    if task is not None:
        task_named(task)
    return [pair for pair in _all(held_out) if kind in (None, pair.kind) and task in (None, pair.task)]


@cache
def _all(held_out: bool) -> tuple[Pair, ...]:
    with np.load(FOLDER / FILE, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    chosen = arrays.pop("held_out") == held_out
    return tuple(pairs_of(FILE, {name: array[chosen] for name, array in arrays.items()}))
