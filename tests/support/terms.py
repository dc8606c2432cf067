"""Random terms of ablations of the small model, for property tests, and what their methods need to know."""

import numpy as np
import torch
from hypothesis import strategies as st

from interp.ablation import (
    MEAN,
    ZERO,
    Component,
    Lookback,
    Optimal,
    PairEnd,
    Pattern,
    ReferenceMeans,
    Resample,
    Term,
    joined,
    means_by,
    reference_means,
)
from interp.ablation.constants import ROLES, Constants
from interp.ablation.recording import mean_pattern
from interp.model import Config, PuzzleGPT
from interp.puzzles import Puzzle, load_puzzles
from interp.puzzles.kinds import KINDS
from interp.resumable import finish
from interp.tokens import structure_of
from tests.support.models import SMALL

LAYERS = st.integers(0, SMALL.n_layers - 1)
COMPONENTS = st.one_of(
    st.builds(Component, LAYERS, st.sampled_from(["attn", "mlp"])),
    st.builds(Component, LAYERS, st.just("head"), st.integers(0, SMALL.n_heads - 1)),
)
DRAWN = (Resample(0), Resample(7), PairEnd())
FILLING = st.sampled_from([ZERO, MEAN, Optimal(), *DRAWN])
LOOKING = st.one_of(st.builds(Lookback, st.sampled_from([0, 1, 100, 404])), st.just(Pattern()))
TERMS = COMPONENTS.flatmap(
    lambda part: st.builds(
        Term, st.just(part), FILLING if part.kind == "mlp" else st.one_of(FILLING, LOOKING)
    )
)
SOME_TERMS = st.lists(TERMS, max_size=8)
"""What an ablation is made of; it is made in the test, for checked types draw random numbers of their own."""


def random_constants(cfg: Config, checkpoint_id: str) -> Constants:
    """Of all three sorts: zero of every third component, the mean of every third, and else another value."""
    draw, heads, roles = torch.Generator().manual_seed(0), (cfg.n_layers, cfg.n_heads), len(ROLES)
    sizes = {
        "attn": ((cfg.n_layers,), cfg.d_model),
        "mlp": ((cfg.n_layers,), cfg.d_model),
        "head": (heads, cfg.d_head),
    }
    scales, shifts = {}, {}
    for kind, (shape, d) in sizes.items():
        sort = torch.arange(torch.Size(shape).numel()).reshape(shape) % 3
        scales[kind] = torch.where(sort == 2, torch.rand(shape, generator=draw), sort.float())
        shifts[kind] = torch.randn(*shape, roles, d, generator=draw) * (sort == 2)[..., None, None]
    return Constants(checkpoint_id, scales, shifts, {"trained": "drawn at random"})


def everything_known(model: PuzzleGPT, tokens: np.ndarray) -> ReferenceMeans:
    """Means and mean patterns over the six puzzles of :func:`tests.support.models.six_puzzles`, each order of
    the grids apart; random constants; and the runs from which these puzzles may be given outputs."""
    puzzles = [Puzzle.of(kind.task, row) for kind, row in zip(KINDS[::6], tokens, strict=True)]
    patterns = {}
    orders = [structure_of(row) for row in tokens]
    for order in dict.fromkeys(orders):
        own = tokens[[one == order for one in orders]]
        patterns[order] = finish(mean_pattern(model, model.prompt(own), 2))
    parts = [
        reference_means(model, model.prompt(tokens)),
        ReferenceMeans(model.checkpoint_id, patterns=patterns),
        ReferenceMeans(model.checkpoint_id, constants=random_constants(model.cfg, model.checkpoint_id)),
        means_by(model, load_puzzles("bank"), puzzles, *DRAWN),
    ]
    return joined(parts)
