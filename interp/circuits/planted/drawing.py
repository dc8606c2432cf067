"""Which circuit is planted: random, connected, of a size that is asked for, and so that something goes
through it."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float

from interp.circuits.graph import Graph, connected

SHARPNESS = 1.5
"""How much likelier an edge of a larger effect is drawn: in proportion to this power of it. 0 would draw all
edges alike, and of such circuits hardly one answers anything."""
SURE = 1000.0
"""A sharpness with which edges come in the order of what they are worth."""
FIRST, DRAWS = 20, 60
"""Circuits that are drawn by what edges are worth alone, and with those that are then drawn near the best."""
BOOST = 16.0
"""Near the best its edges are drawn as if they were worth so many times as much, and none that does harm, as
far as there are others. (The best of 30 such draws, of 60 edges of seed-3 for half_fill and of 30 of seed-2
for grow, two seeds each: gaps of 0.69, 0.62, 0.65 and 0.54 logits. With harmful edges 0.62, 0.54, 0.63 and
0.60; with 4 times as much, for half_fill, 0.64 and 0.54. Drawn more sharply, by a power of 3 and of 6,
grow has 0.55 in 20 draws.)"""

Kept = Bool[np.ndarray, "reader writer"]


class Drawing:
    """Circuits as they are drawn, and the best so far.

    Args:
        scores: of each edge, positive where it helps.

    Attributes:
        n_edges: of each.
        gap: of the best, logits; of none, 0.
    """

    def __init__(self, graph: Graph, scores: Float[np.ndarray, "reader writer"], n_edges: int, seed: int):
        self._graph, self._scores, self._seed = graph, scores, seed
        self._best: Kept = np.zeros_like(graph.possible)
        self.n_edges, self.gap = n_edges, 0.0

    def draw(self, number: int) -> Kept | None:
        """The draw of this number, from 0; ``None`` if it does not come out at so many edges."""
        rng = np.random.default_rng([self._seed, number])
        if number < FIRST:
            worth = np.abs(self._scores)
        else:
            worth = np.where(self._best, BOOST, 1) * self._helpful
        return random_circuit(self._graph, worth, self.n_edges, rng)

    @property
    def top(self) -> Kept | None:
        """Of the edges that help most so many as are on paths; ``None`` as of a draw."""
        rng = np.random.default_rng(self._seed)
        return random_circuit(self._graph, self._helpful, self.n_edges, rng, sharpness=SURE)

    @property
    def _helpful(self) -> Float[np.ndarray, "reader writer"]:
        return np.maximum(self._scores, 0)

    def note(self, gap: float, kept: Kept) -> None:
        """A circuit has this gap."""
        if gap > self.gap:
            self.gap, self._best = gap, kept


def random_circuit(
    graph: Graph,
    worth: Float[np.ndarray, "reader writer"],
    n_edges: int,
    rng: np.random.Generator,
    sharpness: float = SHARPNESS,
) -> Kept | None:
    """So many edges, each of them on a path from the embedding to the logits within them.

    Edges are drawn one after the other without replacement, in proportion to their worth, until as many as
    were asked for lie on paths; what is on none, and then what is too much, is taken away at random.

    Args:
        worth: of each edge, at least 0.
        sharpness: in proportion to which power of it they are drawn.

    Returns:
        The circuit; ``None`` if this draw does not come out at that number.
    """
    places = np.argwhere(graph.possible)
    own = np.maximum(worth[places[:, 0], places[:, 1]], 0)
    least = own[own > 0].min(initial=1.0)
    # The order of such draws: Gumbel noise on the logarithm (Efraimidis and Spirakis, 2006, "Weighted random
    # sampling with a reservoir").
    keys = sharpness * np.log(np.maximum(own, least)) + rng.gumbel(size=len(own))
    order = places[np.argsort(-keys)]
    low, high = n_edges, len(order)
    while low < high:  # how many must be drawn
        middle = (low + high) // 2
        if connected(graph, _mask(graph, order[:middle])).sum() >= n_edges:
            high = middle
        else:
            low = middle + 1
    found = connected(graph, _mask(graph, order[:low]))
    for fewer in _thinned(graph, found, rng):
        if fewer.sum() == n_edges:
            return fewer
        if fewer.sum() < n_edges:
            return None
    return None


def _thinned(graph: Graph, kept: Kept, rng: np.random.Generator) -> Iterator[Kept]:
    """The circuit with ever fewer edges: in each step one goes, with as few others as can be."""
    while kept.any():
        yield kept
        places = rng.permutation(np.argwhere(kept))
        best: Kept | None = None
        for reader, writer in places[:64]:
            fewer = kept.copy()
            fewer[reader, writer] = False
            fewer = connected(graph, fewer)
            if best is None or fewer.sum() > best.sum():
                best = fewer
            if fewer.sum() == kept.sum() - 1:
                break
        assert best is not None
        kept = best


def _mask(graph: Graph, places: np.ndarray) -> Kept:
    found = np.zeros_like(graph.possible)
    found[places[:, 0], places[:, 1]] = True
    return found
