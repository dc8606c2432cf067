"""The composition scores that chance gives, measured: of matrices that are turned at random. The library says
them without drawing any (:mod:`interp.analyses.composition`)."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from interp.ablation import COMPONENT_KINDS, components_of
from interp.analyses.composition import _place, _read, _Space, _written_steps
from interp.analyses.readers import readers_of
from interp.model import PuzzleGPT
from interp.resumable import finish


@torch.inference_mode()
def chance_measured(
    model: PuzzleGPT, rotations: int = 16, seed: int = 0
) -> tuple[Float[np.ndarray, "source reader"], Float[np.ndarray, "source reader"]]:
    """Mean and standard deviation of all scores over a fixed set of random rotations, drawn by ``seed``.

    Each turns all that is written in the space that the reader's LayerNorm leaves: the mean over d_model
    stays what it is, and unread.
    """
    sources, readers = tuple(components_of(model.cfg, COMPONENT_KINDS)), readers_of(model.cfg)
    written = finish(_written_steps(model))
    plain, centred = (_Space.of(written, behind_norm) for behind_norm in (False, True))
    generator = torch.Generator().manual_seed(seed)
    found = np.full((rotations, len(sources), len(readers)), np.nan)
    for scores in found:
        turned = {space: _turned(space, written, generator) for space in (plain, centred)}
        for layer in (*range(model.cfg.n_layers), None):
            space = plain if layer is None else centred
            for group, read in _read(model, layer):
                place = _place(group, sources, readers)
                scores[place] = space.scores(turned[space][place[0]], read)
    return found.mean(0), found.std(0)


def _turned(
    space: _Space, written: Float[Tensor, "source d_model d_model"], generator: torch.Generator
) -> Float[Tensor, "source d_model d_model"]:
    """All that is written, turned at random within the space."""
    q, r = torch.linalg.qr(
        torch.randn(space.n, space.n, generator=generator, dtype=torch.float64, device="cpu")
    )
    turn = q * r.diagonal().sign()  # uniform over all rotations (Mezzadri, 2007)
    if space.behind_norm:
        basis = _without_mean(space.n + 1)
        turn = basis @ turn @ basis.T
    turn = turn.to(written)
    return turn @ written @ turn.T


def _without_mean(d_model: int) -> Float[Tensor, "d_model n"]:
    """An orthonormal basis of the vectors whose entries sum to 0."""
    return torch.linalg.svd(torch.eye(d_model, dtype=torch.float64, device="cpu") - 1 / d_model)[0][:, :-1]
