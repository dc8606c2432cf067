"""The embedded puzzle bank, and how it was made: ``python -m interp.puzzles.bank`` draws it again.

Its random streams are used by nothing else, and only puzzles whose answer the task's solver works out are
taken.
"""

from pathlib import Path

from interp.assets import BANK_FOLDER
from interp.puzzles.kinds import KINDS, draw
from interp.puzzles.loading import save_puzzles
from interp.puzzles.puzzle import Puzzle, PuzzleSet

SEED = 0
PER_KIND = 60
FILE = "bank.parquet"


def draw_bank(per_kind: int = PER_KIND, seed: int = SEED) -> PuzzleSet:
    """``per_kind`` verified puzzles of each of the 32 kinds, noise as in the public data set, kinds in
    turn."""
    drawn = [draw("bank", seed, kind, per_kind, verified=True) for kind in KINDS]
    puzzles = [Puzzle.of(kind.task, drawn[kind.index][row]) for row in range(per_kind) for kind in KINDS]
    return PuzzleSet("bank", tuple(puzzles))


def main(folder: Path = BANK_FOLDER) -> None:
    """Write the bank."""
    folder.mkdir(parents=True, exist_ok=True)
    bank = draw_bank()
    save_puzzles(bank, folder / FILE)
    print(f"Wrote {len(bank)} puzzles to {folder / FILE}.")


if __name__ == "__main__":
    main()
