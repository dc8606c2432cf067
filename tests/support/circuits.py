"""Scores of edges, drawn at random: what a picture of a circuit is made of."""

import numpy as np

from interp.circuits.blocks import BLOCKS
from interp.circuits.graph import Graph
from interp.circuits.scores import EdgeScores
from interp.model import Config
from tests.support.models import SMALL

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
