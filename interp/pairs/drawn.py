"""How the pairs that come along were made: ``python -m interp.pairs.drawn`` draws them again."""

from pathlib import Path

import numpy as np

from interp.outputs import write_whole
from interp.pairs.files import pairs_bytes
from interp.pairs.making import NONE_OF, make_pairs
from interp.pairs.pair import KINDS, Pair
from interp.pairs.shipped import FILE, FOLDER
from interp.tasks import TASKS

PER_KIND = 64
SEED, HELD_OUT_SEED = 0, 1


def draw_shipped(held_out: bool, per_kind: int = PER_KIND) -> list[Pair]:
    """The pairs of every task and kind that has some."""
    seed = HELD_OUT_SEED if held_out else SEED
    return [
        pair
        for task in TASKS
        for kind in KINDS
        if (task, kind) not in NONE_OF
        for pair in make_pairs(task, kind, per_kind, seed)
    ]


def main(folder: Path = FOLDER) -> None:
    """Write them."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs, others = draw_shipped(False), draw_shipped(True)
    held_out = np.repeat([False, True], [len(pairs), len(others)])
    write_whole(folder / FILE, pairs_bytes([*pairs, *others], held_out=held_out))
    print(f"Wrote {len(pairs)} pairs and {len(others)} held out to {folder / FILE}.")


if __name__ == "__main__":
    main()
