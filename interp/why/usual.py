"""What every writer writes at each position on average, over rows in the same order of the grids: its
*position* part."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from interp.ablation import ReferenceMeans
from interp.ablation.means import reference_puzzles
from interp.engine.forward import weights_of
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle, PuzzleSet
from interp.resumable import Steps
from interp.tokens import N_CTX, Structure, with_start
from interp.why.below import run_up_to


@dataclass(frozen=True, eq=False)
class Usual:
    """Means over rows of one order, of as many layers, from the first, as are asked about.

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


def usual_of_rows(model: PuzzleGPT, rows: Int[np.ndarray, "row 405"], layers: int) -> Steps[None, Usual]:
    """Of these rows of tokens, start token included; a pause after every run, of which no more is computed
    than is asked for.

    Args:
        layers: how many, less than the model has: those below the heads that are asked about.
    """
    cfg = model.cfg
    z = model.W_E.new_zeros(layers, N_CTX, cfg.n_heads, cfg.d_head)
    mlp_out = model.W_E.new_zeros(layers, N_CTX, cfg.d_model)
    for tokens in torch.from_numpy(rows).to(model.device) if layers else ():
        *_, last = run_up_to(weights_of(model), tokens, layers)
        z += torch.stack(last.z)
        mlp_out += torch.stack(last.mlp_out)
        yield None
    return Usual(_frequencies(model, rows), z / len(rows), mlp_out / len(rows))


def usual_of_means(
    model: PuzzleGPT,
    structures: tuple[Structure, ...],
    means: ReferenceMeans | None,
    bank: PuzzleSet,
    layers: int,
) -> Steps[None, tuple[Usual, ...]]:
    """Of these orders, from the reference means. If they are not given, the same means are taken now, of no
    more layers than are asked for.

    Raises:
        PuzzlescopeError: if they are of another model, or of other orders.
    """
    if means is not None:
        means.check(model)
    found = []
    for structure in structures:
        rows = with_start(reference_puzzles(bank, structure).tokens)
        if means is None:
            found.append((yield from usual_of_rows(model, rows, layers)))
            continue
        own = means.of.get(structure)
        if own is None:
            raise PuzzlescopeError(
                f"These reference means are not of the order {structure.name}: take them over puzzles in that"
                " order too."
            )
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


def few_of(puzzles: Sequence[Puzzle], n: int) -> tuple[Puzzle, ...]:
    """At most so many, evenly among puzzles of which tasks come in turn: by one more than a whole number of
    turns, so that they are of all tasks."""
    return tuple(puzzles[:: len(puzzles) // n + 1])


def _frequencies(model: PuzzleGPT, rows: Int[np.ndarray, "row 405"]) -> Float[Tensor, "pos vocab"]:
    found = np.zeros((N_CTX, model.cfg.d_vocab))
    np.add.at(found, (np.arange(N_CTX)[None], rows), 1 / len(rows))
    return torch.from_numpy(found).to(model.W_E)
