"""Whether an answer is the one that greedy decoding draws, without decoding it."""

import numpy as np
import torch

from interp.ablation import Ablation, ReferenceMeans
from interp.engine.forcing import Forced
from interp.engine.predict import run_ablated
from interp.model import PuzzleGPT
from interp.tokens import ANSWER_START, with_start


def best_cells(
    model: PuzzleGPT,
    tokens: np.ndarray,
    drawn: np.ndarray,
    ablation: Ablation,
    means: ReferenceMeans | None,
    forced: Forced = (),
) -> np.ndarray:
    """``[puzzle, cell]``: the best token after the cells that were drawn before it, by the model's own hooks.

    No position sees a later one, so that one pass over the answer says what a hundred passes over its
    beginnings would: these are the drawn cells if and only if decoding plainly draws them.

    Args:
        drawn: the answers in question, ``[puzzle, cell]``.
        forced: cells that are put in, whatever is best there.
    """
    own = torch.from_numpy(with_start(tokens))
    own[:, ANSWER_START + 1 :] = torch.from_numpy(drawn)
    with torch.inference_mode():
        best = run_ablated(model, own, ablation, means)[:, ANSWER_START:-1].argmax(-1).numpy()
    for cell, token in forced:
        best[:, cell] = token
    return best
