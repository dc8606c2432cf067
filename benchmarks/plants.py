"""Planted circuits: do the scores of edges find them?

Twenty circuits of 30 to 300 edges are planted in the default model, each with a seed of its own, and every
edge of each plant is scored: exactly, and by EAP-IG. AUROC is how often an edge of the circuit has a larger
absolute score than one that is not in it (ties count half). An edge outside carries a constant and scores 0,
so what can go wrong is that one of the circuit is not seen. *Blind* is a harder question than the search's:
the same gradients, contracted as if every reader read every writer, as a method would that was not told which
connections there are.

``python -m benchmarks.plants [PLANTS] [PAIRS]``: fewer of them.
"""

import sys
import time

import numpy as np

from interp.ablation.means import bank_means
from interp.checkpoints import load_model
from interp.circuits.attribution import STEPS, attribute_edges
from interp.circuits.exact import exact_edges
from interp.circuits.graph import Graph
from interp.circuits.planted.effects import planted_gradients
from interp.circuits.planted.found import auroc
from interp.circuits.planted.planting import Plant, planted_in
from interp.circuits.writes import BothRuns
from interp.engine.forward import weights_of
from interp.pairs import Pair, shipped_pairs
from interp.puzzles import load_puzzles
from interp.resumable import finish
from interp.tokens import STRUCTURES

PLANTS, PAIRS = 20, 2
TASK = "contact"


def sizes(n: int) -> list[int]:
    """So many from 30 to 300, each by as much larger than the one before.

    >>> sizes(3)
    [30, 95, 300]
    """
    return [round(one) for one in np.geomspace(30, 300, n)]


def blind(plant: Plant, pairs: list[Pair]) -> np.ndarray:
    """EAP-IG of all edges as if every reader read every writer, mean over pairs."""
    weights, graph = weights_of(plant.model), Graph(plant.model.cfg)
    found = np.zeros(graph.possible.shape)
    for pair in pairs:
        both = BothRuns(weights, pair, "pair", None, first_only=False)
        less = both.clean.writes - both.other
        for step in range(STEPS):
            stream = both.other[0] + (step + 0.5) / STEPS * less[0]
            own = planted_gradients(plant.model, both.tokens, stream, both.metric).readers
            found += (own.flatten(1) @ less.flatten(1).T).double().numpy() / STEPS / len(pairs)
    values: np.ndarray = found[graph.possible]
    return values


def main(plants: int = PLANTS, n_pairs: int = PAIRS) -> None:
    """Print the table, and what of it is short of the aim."""
    model, bank, order = load_model("default"), load_puzzles("bank"), STRUCTURES[0]
    pairs = [pair for pair in shipped_pairs("rule", TASK) if pair.base.structure == order][:n_pairs]
    worth = np.abs(attribute_edges(model, pairs).total)
    means = bank_means(model, bank, [order])
    truth_at = Graph(model.cfg).possible
    print(f"Planted circuits in the default model, {n_pairs} pairs of {TASK}: AUROC of |score|", flush=True)
    print("seed  edges  draws    gap   exact  eap-ig  blind   s of processor", flush=True)
    rows = []
    for seed, n_edges in enumerate(sizes(plants)):
        started = time.process_time()
        plant = finish(planted_in(model, bank, pairs, worth, means, n_edges, seed))
        truth = plant.kept[truth_at]
        scores = (
            exact_edges(plant.model, pairs).values,
            attribute_edges(plant.model, pairs).values,
            blind(plant, pairs),
        )
        rows.append([auroc(np.abs(one), truth) for one in scores])
        told = "   ".join(f"{one:.3f}" for one in rows[-1])
        seconds = time.process_time() - started
        print(f"{seed:4}{n_edges:7}{plant.draws:7}{plant.gap:7.2f}   {told}{seconds:9.0f}", flush=True)
    least = np.array(rows).min(0)
    print(f"least: exact {least[0]:.3f} (aim 0.99), EAP-IG {least[1]:.3f} (aim 0.95), blind {least[2]:.3f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
