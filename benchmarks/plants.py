"""Planted circuits: do the scores of edges find them?

Twenty circuits of 30 to 300 edges are planted in the default model, each with a seed of its own, and every
edge of each plant is scored: exactly, and by EAP-IG. AUROC is how often an edge of the circuit has a larger
absolute score than one that is not in it (ties count half).

*EAP-IG* is what somebody gets who loads the model and runs the published method with hooks: the change of
what each writer writes, times the gradient at what each reader reads, for every writer and every reader. It
is not told which connections there are, so edges outside the circuit have scores too.

*exact* cuts an edge by giving its reader something else in the place of what that edge carries. An edge
outside carries a constant in every run: the truth about it is 0. Zero too is *along*, EAP-IG as
:func:`interp.circuits.attribution.attribute_edges` has it of a planted circuit: the gradient of the metric
along such a connection is 0, for the reader does not depend on the writer. So these two can only fail by not
seeing an edge of the circuit; that edges outside come last says nothing for them. And *exact* cannot fail at
all: its effects are those by which a draw was accepted, in which no edge may be idle.

Edges are drawn in proportion to a power of what EAP-IG says of them in the source, over the same pairs. That
favours EAP-IG: of circuits drawn otherwise its figure may be lower.

``python -m benchmarks.plants [PLANTS] [PAIRS]``: fewer of them.
"""

import sys
import time

import numpy as np

from interp.ablation.means import bank_means
from interp.checkpoints import load_model
from interp.circuits.attribution import STEPS, attribute_edges
from interp.circuits.graph import Graph
from interp.circuits.planted.effects import PlantedEstimates
from interp.circuits.planted.found import auroc
from interp.circuits.planted.planting import PAIRS, Plant, planted_in
from interp.circuits.scores import EdgeScores, mean_scores
from interp.circuits.writes import fill_of
from interp.engine.forward import weights_of
from interp.pairs import Pair, shipped_pairs
from interp.puzzles import load_puzzles
from interp.resumable import finish
from interp.tokens import STRUCTURES

PLANTS = 20
TASK = "contact"


def sizes(n: int) -> list[int]:
    """So many from 30 to 300, each by as much larger than the one before.

    >>> sizes(3)
    [30, 95, 300]
    """
    return [round(one) for one in np.geomspace(30, 300, n)]


def by_hooks(plant: Plant, pairs: list[Pair]) -> EdgeScores:
    """EAP-IG of all edges as if every reader read every writer."""
    found, weights = [], weights_of(plant.model)
    for pair in pairs:
        other = fill_of(weights, pair, "pair")
        one = PlantedEstimates(weights, pair, "pair", other, steps=STEPS, every=True)
        finish(one.all())
        found.append(one.scores())
    return mean_scores(found)


def main(plants: int = PLANTS, n_pairs: int = PAIRS) -> None:
    """Print the table, and what of it is short of the aim."""
    model, bank = load_model("default"), load_puzzles("bank")
    pairs = shipped_pairs("rule", TASK)[:n_pairs]
    worth = np.abs(attribute_edges(model, pairs).total)
    means = bank_means(model, bank, STRUCTURES)
    truth_at = Graph(model.cfg).possible
    print(f"Planted circuits in the default model, {n_pairs} pairs of {TASK}: AUROC of |score|", flush=True)
    print("seed  edges  draws    gap   exact  EAP-IG  along   s of processor", flush=True)
    rows = []
    for seed, n_edges in enumerate(sizes(plants)):
        started = time.process_time()
        plant = finish(planted_in(model, bank, pairs, worth, means, n_edges, seed))
        scores = (plant.effects, by_hooks(plant, pairs), attribute_edges(plant.model, pairs))
        rows.append([auroc(np.abs(one.values), plant.kept[truth_at]) for one in scores])
        told = "   ".join(f"{one:.3f}" for one in rows[-1])
        seconds = time.process_time() - started
        print(f"{seed:4}{n_edges:7}{plant.draws:7}{plant.gap:7.2f}   {told}{seconds:9.0f}", flush=True)
    least = np.array(rows).min(0)
    print(f"least: exact {least[0]:.3f} (aim 0.99), EAP-IG {least[1]:.3f} (aim 0.95), along {least[2]:.3f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
