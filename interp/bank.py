"""The embedded puzzle bank, and how it was made: ``python -m interp.bank`` draws it again.

Its random streams are used by nothing else, and only puzzles whose answer the task's solver works out are taken.
"""

from pathlib import Path

import numpy as np

from interp.kinds import KINDS, draw
from interp.puzzles import BANK_FOLDER, Puzzle, PuzzleSet, save_puzzles
from interp.training_data import puzzles_seen

SEED = 0
PER_KIND = 60
FILE = "bank.parquet"


def draw_bank(per_kind: int = PER_KIND, seed: int = SEED) -> PuzzleSet:
    """``per_kind`` verified puzzles of each of the 32 kinds, noise as in the public data set, kinds in turn."""
    drawn = [draw("bank", seed, kind, per_kind, verified=True) for kind in KINDS]
    puzzles = [Puzzle.of(kind.task, drawn[kind.index][row]) for row in range(per_kind) for kind in KINDS]
    return PuzzleSet("bank", tuple(puzzles))


def count_seen(bank: PuzzleSet, seed: int, taken: list[int]) -> int:
    """How many puzzles of a bank a training run has seen; the third grid, which carries noise, is not compared."""
    keys = [_noise_free(puzzle.tokens) for puzzle in bank]
    wanted = set(keys)  # the bank fits in memory, what a model has seen may not
    drawn = (_noise_free(tokens) for block in puzzles_seen(seed, taken) for tokens in block)
    seen = {key for key in drawn if key in wanted}
    return sum(key in seen for key in keys)


def _noise_free(tokens: np.ndarray) -> bytes:
    grids = tokens.reshape(4, -1)
    return grids[0].tobytes() + grids[1].tobytes() + grids[3].tobytes()


def main(folder: Path = BANK_FOLDER) -> None:
    """Write the bank."""
    folder.mkdir(parents=True, exist_ok=True)
    bank = draw_bank()
    save_puzzles(bank, folder / FILE)
    print(f"Wrote {len(bank)} puzzles to {folder / FILE}.")


if __name__ == "__main__":
    main()
