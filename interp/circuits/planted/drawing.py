"""Which circuit is planted: random, connected, of a size that is asked for, and so that something goes
through it."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float

from interp.circuits.graph import Graph, connected

SHARPNESS = 1.5
"""How much likelier an edge of a larger effect is drawn: in proportion to this power of it. 0 would draw all
edges alike, and of such circuits hardly one answers anything."""

Kept = Bool[np.ndarray, "reader writer"]


def random_circuit(
    graph: Graph,
    worth: Float[np.ndarray, "reader writer"],
    n_edges: int,
    rng: np.random.Generator,
) -> Kept | None:
    """So many edges, each of them on a path from the embedding to the logits within them.

    Edges are drawn one after the other without replacement, in proportion to their worth, until as many as
    were asked for lie on paths; what is on none, and then what is too much, is taken away at random.

    Args:
        worth: of each edge, at least 0.

    Returns:
        The circuit; ``None`` if this draw does not come out at that number.
    """
    places = np.argwhere(graph.possible)
    own = np.maximum(worth[places[:, 0], places[:, 1]], 0)
    least = own[own > 0].min(initial=1.0)
    # The order of such draws: Gumbel noise on the logarithm (Efraimidis and Spirakis, 2006, "Weighted random
    # sampling with a reservoir").
    keys = SHARPNESS * np.log(np.maximum(own, least)) + rng.gumbel(size=len(own))
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
