"""How many puzzles a model solves, for each task and structure, on puzzles it has never seen."""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Bool, Integer

from interp.kinds import KINDS, Kind, draw
from interp.model import PuzzleGPT
from interp.tokens import ANSWER_START, with_start

BATCH = 32


def solved(
    model: PuzzleGPT, tokens: Integer[np.ndarray, "puzzle 404"], *, batch: int = BATCH
) -> Bool[np.ndarray, " puzzle"]:
    """Whether greedy decoding draws all 100 cells of each answer right.

    One forward pass over the true answer decides: greedy decoding goes right exactly if every argmax is right given a
    prefix that is right.
    """
    found = []
    for start in range(0, len(tokens), batch):
        prompt = torch.from_numpy(with_start(tokens[start : start + batch])).to(model.device)
        with torch.inference_mode():
            guess = model(prompt)[:, ANSWER_START:-1].argmax(-1)
        found.append((guess == prompt[:, ANSWER_START + 1 :]).all(-1).cpu().numpy())
    return np.concatenate(found) if found else np.zeros(0, dtype=bool)


def evaluate(model: PuzzleGPT, per_kind: int, *, seed: int = 0) -> Iterator[tuple[Kind, float]]:
    """The share of ``per_kind`` fresh puzzles solved, kind by kind. Seeds are never used in training."""
    for kind in KINDS:
        yield kind, float(solved(model, draw("evaluation", seed, kind, per_kind)).mean())
