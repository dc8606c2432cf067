"""What every writer writes at each position on average, over rows in the same order of the grids: its
*position* part."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from interp.ablation import ReferenceMeans, bank_means
from interp.ablation.means import reference_puzzles
from interp.ablation.recording import mean_outputs
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle, PuzzleSet
from interp.resumable import Steps
from interp.tokens import N_CTX, Structure, with_start


@dataclass(frozen=True, eq=False)
class Usual:
    """Means over rows of one order.

    Attributes:
        tokens: how often each token stands at each position, 0 to 1.
        z: what the heads hand on, before W_O.
        mlp_out: what the MLPs write.
    """

    tokens: Float[Tensor, "pos vocab"]
    z: Float[Tensor, "layer pos head d_head"]
    mlp_out: Float[Tensor, "layer pos d_model"]

    def stream(self, model: PuzzleGPT, layer: int) -> Float[Tensor, "pos d_model"]:
        """The mean stream before a layer: the sum of what is written there on average."""
        found = self.tokens @ model.W_E + model.pos_embed.W_pos
        for below in range(layer):
            found = found + torch.einsum("phd,hdm->pm", self.z[below], model.W_O[below]) + self.mlp_out[below]
        return found


def usual_of_rows(model: PuzzleGPT, rows: Int[np.ndarray, "row 405"]) -> Steps[None, Usual]:
    """Of these rows of tokens, start token included; a pause after every run."""
    prompt = torch.from_numpy(rows).to(model.device)
    found = yield from mean_outputs(model, prompt, 1)
    return Usual(_frequencies(model, rows), found["z"], found["mlp_out"])


def usual_of_means(
    model: PuzzleGPT, structures: tuple[Structure, ...], means: ReferenceMeans | None, bank: PuzzleSet
) -> Steps[None, tuple[Usual, ...]]:
    """Of these orders, from the reference means; these are taken now if they are not given.

    Raises:
        PuzzlescopeError: if they are of another model, or of other orders.
    """
    if means is None:
        means = yield from bank_means.steps(model, bank, structures)
    means.check(model)
    found = []
    for structure in structures:
        own = means.of.get(structure)
        if own is None:
            raise PuzzlescopeError(
                f"These reference means are not of the order {structure.name}: take them over puzzles in that"
                " order too."
            )
        rows = with_start(reference_puzzles(bank, structure).tokens)
        found.append(Usual(_frequencies(model, rows), own.z.to(model.W_E), own.mlp_out.to(model.W_E)))
    return tuple(found)


def held_out(puzzles: PuzzleSet, bank: PuzzleSet) -> PuzzleSet:
    """Those of the puzzles that no reference mean is taken over.

    Raises:
        PuzzlescopeError: if there is none.
    """
    structures = dict.fromkeys(puzzle.structure for puzzle in puzzles)
    seen = {puzzle.cells for one in structures for puzzle in reference_puzzles(bank, one)}
    kept: tuple[Puzzle, ...] = tuple(puzzle for puzzle in puzzles if puzzle.cells not in seen)
    if not kept:
        raise PuzzlescopeError(
            "Expected puzzles that the reference means are not taken over, got none: each order's mean is"
            " over the first 64 of the bank, tasks in turn. Give others."
        )
    return PuzzleSet(puzzles.name, kept)


def _frequencies(model: PuzzleGPT, rows: Int[np.ndarray, "row 405"]) -> Float[Tensor, "pos vocab"]:
    found = np.zeros((N_CTX, model.cfg.d_vocab))
    np.add.at(found, (np.arange(N_CTX)[None], rows), 1 / len(rows))
    return torch.from_numpy(found).to(model.W_E)
