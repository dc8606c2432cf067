"""How good a circuit is, on pairs that it was not found by."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from interp.circuits.finder import Circuit, Judge, Kept, pairs_alike, random_circuits
from interp.circuits.graph import connected
from interp.circuits.runs import CircuitRuns
from interp.circuits.scores import EdgeScores
from interp.engine.forward import weights_of
from interp.model import PuzzleGPT
from interp.pairs import Pair
from interp.resumable import Steps, resumable

SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Of all edges, the circuits over which CPR and CMD integrate (Mueller et al., 2025, "MIB", section 3)."""
RANDOM = 20


@dataclass(frozen=True)
class Chance:
    """Random circuits with as many edges of each class: how faithful they are.

    Attributes:
        n: how many.
        mean, most: of their faithfulness.
    """

    n: int
    mean: float
    most: float


@dataclass(frozen=True)
class Certificate:
    """A circuit held against pairs.

    Attributes:
        pairs: how many.
        faithfulness: of the gap over all contrast cells, the share that is kept.
        first: the same at the first contrast cell only, which sees nothing of the answer.
        kl: the Kullback-Leibler divergence of its predictions from the whole model's, mean over the answer's
            cells, in nats.
        cells: the share of all cells that are right given the true ones before.
        solved: answers that are right as a whole, by greedy decoding.
        chance: random circuits.
    """

    pairs: int
    faithfulness: float
    first: float
    kl: float
    cells: float
    solved: int
    chance: Chance


@resumable
def certify(
    model: PuzzleGPT, circuit: Circuit, pairs: Sequence[Pair], *, n_random: int = RANDOM, seed: int = 0
) -> Steps[Certificate, Certificate]:
    """Hold a circuit against pairs, what is cut reading the pair's other run.

    Args:
        pairs: others than those by which it was found.
        n_random: random circuits to compare with.
        seed: they are drawn with.

    Raises:
        PuzzlescopeError: if the pairs' ends are too near for it.
    """
    weights = weights_of(model)
    runs = CircuitRuns(weights, pairs)
    judge = Judge(runs)
    yield None
    first = Judge(CircuitRuns(weights, pairs, first_only=True)).of(circuit.kept)
    yield None
    cells, solved = pairs_alike(runs, circuit.kept, [pair.base.grids[3] for pair in pairs])
    others = np.stack(list(random_circuits(circuit.graph, circuit.kept, n_random, seed)))
    by_chance = yield from judge.each(others)
    return Certificate(
        len(pairs),
        judge.of(circuit.kept),
        first,
        divergence(runs.logits(circuit.graph.possible), runs.logits(circuit.kept)),
        float(cells.mean()),
        int(solved.sum()),
        Chance(n_random, float(by_chance.mean()), float(by_chance.max())),
    )


def divergence(whole: Float[Tensor, "pair 100 vocab"], cut: Float[Tensor, "pair 100 vocab"]) -> float:
    """How far predictions are from the whole model's: KL(whole, cut), nats, mean over cells."""
    p, q = (logits.double().log_softmax(-1) for logits in (whole, cut))
    return float(F.kl_div(q, p, log_target=True, reduction="none").sum(-1).mean())


@dataclass(frozen=True)
class Curve:
    """Faithfulness over the share of edges kept, and what MIB makes of it.

    Attributes:
        shares: of all edges that were taken.
        edges: how many of these are on a path.
        by_score: faithfulness of the top edges by signed score.
        by_size: of the top edges by absolute score.
    """

    shares: tuple[float, ...]
    edges: tuple[int, ...]
    by_score: tuple[float, ...]
    by_size: tuple[float, ...]

    @property
    def cpr(self) -> float:
        """The area under faithfulness by signed score; higher is better, and it may exceed 1."""
        return float(np.trapezoid(self.by_score, self.shares))

    @property
    def cmd(self) -> float:
        """The area between 1 and faithfulness by absolute score; 0 is best."""
        return float(np.trapezoid(np.abs(1 - np.array(self.by_size)), self.shares))

    @property
    def cmd_log(self) -> float:
        """The same over the logarithm of the share, as a mean: on the linear axis circuits of less than 1 %
        of the edges hardly count."""
        axis = np.log(self.shares)
        area = np.trapezoid(np.abs(1 - np.array(self.by_size)), axis)
        return float(area / (axis[-1] - axis[0]))


@resumable
def curve(runs: CircuitRuns, scores: EdgeScores, shares: Sequence[float] = SHARES) -> Steps[Curve, Curve]:
    """Faithfulness over size, of the circuits that an order of the edges gives."""
    judge, graph = Judge(runs), runs.graph
    found: dict[bool, list[float]] = {False: [], True: []}
    edges = []
    for share in shares:
        for signed in (False, True):
            kept: Kept = connected(graph, scores.top(round(share * graph.n_edges), signed=signed))
            found[signed].append(judge.of(kept))
            edges += [] if signed else [int(kept.sum())]
            yield None
    return Curve(tuple(shares), tuple(edges), tuple(found[True]), tuple(found[False]))
