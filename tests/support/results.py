"""Results of analyses, made by hand: what charts of them must show is known."""

import numpy as np
import plotly.graph_objects as go

from interp.ablation import Component
from interp.analyses.ablation_sweep import SweepPart
from interp.analyses.activation_patching import (
    EVERYWHERE,
    LEAST_GAP,
    Kind,
    PatchState,
    blocks_of,
    site_names,
)
from interp.analyses.direct_attribution import Attribution
from interp.analyses.path_ablation import PathState
from interp.analyses.readers import LOGITS, Reader
from interp.circuits.blocks import BLOCKS
from interp.circuits.graph import Graph
from interp.circuits.scores import EdgeScores
from interp.model import Config
from interp.tokens import STRUCTURES
from tests.support.models import SMALL
from tests.support.rows import cells, losses

SOURCE = Component(0, "attn")


def attribution() -> Attribution:
    """The truth is red (1), the runner-up green (2); at cell 7, L0.mlp adds 4 to red and L1.H1 3 to green."""
    parts = ("embed", "pos_embed", "L0.H0", "L0.H1", "L0.mlp", "L1.H0", "L1.H1", "L1.attn", "L1.mlp", "bias")
    logits = np.zeros((10, 100, 15), np.float32)
    logits[4, 7, 1], logits[6, 7, 2], logits[9, :, 1], logits[9, :, 2] = 4, 3, 0.5, 0.25
    return Attribution(parts, logits, logits.sum(0), np.ones(100, int))


def patched(kind: Kind = "attn_out", *, complete: bool = True) -> PatchState:
    """The runs differ but at cell 9; of the first site's second block half is carried over to every cell."""
    blocks = (*blocks_of(STRUCTURES[0]), EVERYWHERE)
    state = PatchState(kind, site_names(SMALL, kind), blocks, np.ones(100, int))
    state.target[:], state.source[:], state.contrast[:] = 5, -3, 2
    state.source[9] = 5 - LEAST_GAP / 2
    for site in range(len(state.sites)):
        for block in range(len(blocks)):
            if complete or (site, block) == (0, 1):
                state.add(site, block, np.full(100, 1 if (site, block) == (0, 1) else 5, np.float32))
    return state


def nothing_patched() -> PatchState:
    return PatchState("z", site_names(SMALL, "z"), (EVERYWHERE,), np.ones(100, int))


def paths() -> PathState:
    """Two puzzles; L1.H2.k is dear, the logits gain, of L1.mlp nothing is known yet."""
    state = PathState(SOURCE, [Reader("k", 1, 2), LOGITS, Reader("mlp", 1)], 2)
    for row, loss, solved in ((0, 0.1, [1, 1]), (1, 10.0, [0, 1]), (2, 0.01, [1, 1])):
        state.add(SweepPart(row, 0, losses(loss, 2), cells(solved)))
    return state


def bars_of(figure: go.Figure) -> go.Bar:
    return figure.data[0]


def drawn(figure: go.Figure) -> dict[str, int]:
    """How many marks stand for each reader; clicking one names it."""
    names = [
        data[0]
        for trace in figure.data
        for data in (trace.customdata if trace.customdata is not None else [])
    ]
    return {name: names.count(name) for name in names}


TWELVE = Config(n_layers=12, n_heads=8, d_model=64, d_head=8, d_mlp=64)
"""As many layers and heads as the largest model that comes along."""


def random_scores(cfg: Config = SMALL, seed: int = 0) -> EdgeScores:
    """Of every edge an effect, some a thousand times others, and some of them negative."""
    graph, rng = Graph(cfg), np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(len(BLOCKS)), graph.possible.shape).transpose(2, 0, 1)
    size = np.exp(2 * rng.standard_normal(graph.possible.shape)) * rng.choice(
        [-1, 1, 1], graph.possible.shape
    )
    total = np.where(graph.possible, size, 0.0)
    return EdgeScores(graph, total, shares * total, "eap-ig", "pair", 4, 17.0, 0.0)
