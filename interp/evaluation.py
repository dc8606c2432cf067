"""How many puzzles a model solves, for each task and structure, on puzzles it has never seen."""

from collections.abc import Iterator

from interp.kinds import KINDS, Kind, draw
from interp.model import PuzzleGPT
from interp.predict import losses


def evaluate(model: PuzzleGPT, per_kind: int, *, seed: int = 0) -> Iterator[tuple[Kind, float]]:
    """The share of ``per_kind`` fresh puzzles solved, kind by kind. Seeds are never used in training."""
    for kind in KINDS:
        _, solved = losses(model, draw("evaluation", seed, kind, per_kind))
        yield kind, float(solved.mean())
