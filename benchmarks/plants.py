"""Planted circuits: do the scores of edges find them?

Twenty circuits of 30 to 300 edges are planted in the default model, each with a seed of its own, and every
edge of each plant is scored: exactly, and by EAP-IG. AUROC is how often an edge of the circuit has a larger
absolute score than one that is not in it (ties count half).

*EAP-IG* is what somebody gets who loads the model and runs the published method with hooks: the change of
what each writer writes, times the gradient at what each reader reads, for every writer and every reader. It
is not told which connections there are, so edges outside the circuit have scores too.

*exact* cuts an edge by giving its reader something else in the place of what that edge carries. An edge
outside carries a constant in every run: the truth about it is 0. (And so it is by EAP-IG as
:func:`interp.circuits.attribution.attribute_edges` has it of a planted circuit: the gradient of the metric
along such a connection is 0, for the reader does not depend on the writer. That says nothing of EAP-IG.) So
*exact* can only fail by not seeing an edge of the circuit; that edges outside come last says nothing for it.

The truth is the plant's edges that are not idle: whose exact effect, over the first pairs, is not below 1e-4
logits. Over these pairs *exact* could not fail at all, so its effects are taken over other pairs, and so are
those of *EAP-IG*. Edges that are idle count as not of the circuit.

Edges are drawn in proportion to a power of what EAP-IG says of them in the source, over the first pairs. That
favours EAP-IG: of circuits drawn otherwise its figure may be lower.

``python -m benchmarks.plants [PLANTS [PAIRS [FIRST]]]``: fewer of them, and the seed to go on from.
"""

import sys
import time

import numpy as np

from interp.ablation.means import bank_means
from interp.checkpoints import load_model
from interp.circuits.attribution import STEPS, attribute_edges
from interp.circuits.exact import exact_edges
from interp.circuits.graph import Graph
from interp.circuits.planted.effects import PlantedEstimates
from interp.circuits.planted.found import auroc
from interp.circuits.planted.planting import EXACT, PAIRS, Plant, planted_in
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


def main(plants: int = PLANTS, n_pairs: int = PAIRS, first: int = 0) -> None:
    """Print the table, and what of it is short of the aim.

    Args:
        first: the seed to go on from.
    """
    model, bank = load_model("default"), load_puzzles("bank")
    all_pairs = shipped_pairs("rule", TASK)
    pairs, others = all_pairs[:n_pairs], all_pairs[n_pairs : 2 * n_pairs]
    scores = attribute_edges(model, pairs).total
    means = bank_means(model, bank, STRUCTURES)
    truth_at = Graph(model.cfg).possible
    print(f"Planted circuits in the default model, {n_pairs} pairs of {TASK}: AUROC of |score|", flush=True)
    print("seed  edges  idle  draws    gap   exact  EAP-IG   s of processor", flush=True)
    rows = []
    for seed, n_edges in list(enumerate(sizes(plants)))[first:]:
        started = time.process_time()
        plant = finish(planted_in(model, bank, pairs, scores, means, n_edges, seed))
        both = (exact_edges(plant.model, others[:EXACT]), by_hooks(plant, others))
        rows.append([auroc(np.abs(one.values), plant.working[truth_at]) for one in both])
        told = "   ".join(f"{one:.3f}" for one in rows[-1])
        about = f"{seed:4}{n_edges:7}{plant.idle.sum():6}{plant.draws:7}{plant.gap:7.2f}"
        print(f"{about}   {told}{time.process_time() - started:9.0f}", flush=True)
    least = np.array(rows).min(0)
    print(f"least: exact {least[0]:.3f} (aim 0.99), EAP-IG {least[1]:.3f} (aim 0.95)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
