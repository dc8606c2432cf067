"""Which few edges a model needs: from scores to a circuit, and by exact elimination to a smaller one.

*Faithfulness* of a circuit is the share of the metric's gap that it keeps: ``f = (m(C) - m(none)) / (m(all) -
m(none))``, 1 for the whole model, 0 with every edge cut, and above 1 where what was cut did harm (Hanna et
al., 2024, "Have Faith in Faithfulness", section 4). Over several pairs it is the ratio of the means, for the
mean of ratios follows the pairs whose gap is least.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from interp.circuits.graph import Edge, Graph, connected
from interp.circuits.runs import CircuitRuns
from interp.circuits.scores import EdgeScores
from interp.errors import PuzzlescopeError
from interp.resumable import Steps, resumable

FAITHFUL = 0.9
"""Of the gap, what a circuit keeps that is called faithful."""
LEAST_GAP = 0.5
"""Logits: between pairs' ends that are no further apart there is nothing to keep a share of."""
AT_ONCE = 8
"""Circuits that are run in one pass."""
SHARE = 1 / 8
"""Of a circuit's edges, how many elimination tries to drop together."""

Kept = Bool[np.ndarray, "reader writer"]


@dataclass(frozen=True, eq=False)
class Circuit:
    """Some edges, all on paths from the embedding to the logits.

    Attributes:
        graph: of the model.
        kept: the edges.
        faithfulness: over the pairs by which it was found.
    """

    graph: Graph
    kept: Kept
    faithfulness: float

    def __len__(self) -> int:
        return int(self.kept.sum())

    @property
    def edges(self) -> tuple[Edge, ...]:
        return self.graph.listed(self.kept)


class Judge:
    """Tells the faithfulness of circuits over some pairs.

    Raises:
        PuzzlescopeError: if the ends of the pairs are too near for it.
    """

    def __init__(self, runs: CircuitRuns):
        self.runs, self.graph = runs, runs.graph
        self.whole, self.empty = (
            runs.metrics(mask).mean() for mask in (self.graph.possible, np.zeros_like(self.graph.possible))
        )
        if abs(self.whole - self.empty) < LEAST_GAP:
            raise PuzzlescopeError(
                f"With every edge cut the logit difference is {self.empty:.2g}, with none {self.whole:.2g}:"
                f" that is no gap of {LEAST_GAP} of which a circuit could keep a share. Choose other pairs."
            )

    def of(self, kept: Kept) -> float:
        """The faithfulness of one circuit."""
        return self._share(self.runs.metrics(kept).mean())

    def each(
        self, masks: Bool[np.ndarray, "run reader writer"], near: Kept | None = None
    ) -> Steps[None, Float[np.ndarray, " run"]]:
        """Of each of many, with a pause after every few.

        Args:
            near: a circuit of which these are parts that lack few of its edges, which is quicker.
        """
        sums = np.zeros(len(masks))
        for pair in range(len(self.runs)):
            for first in range(0, len(masks), AT_ONCE):
                some = masks[first : first + AT_ONCE]
                logits = self.runs.each(some, pair, near)
                sums[first : first + AT_ONCE] += self.runs.of_logits(logits, [pair] * len(some))
                yield None
        found: Float[np.ndarray, " run"] = np.array([self._share(one) for one in sums / len(self.runs)])
        return found

    def _share(self, metric: float) -> float:
        return float((metric - self.empty) / (self.whole - self.empty))


def sizes(n_edges: int) -> list[int]:
    """Numbers of edges that are tried: each a third more than the one before, up to all.

    >>> sizes(60)
    [8, 11, 15, 20, 27, 36, 48, 60]
    """
    found = [8]
    while found[-1] < n_edges:
        found.append(min(n_edges, -(-found[-1] * 4 // 3)))
    return found


@resumable
def top_circuit(
    runs: CircuitRuns, scores: EdgeScores, target: float = FAITHFUL, *, signed: bool = False
) -> Steps[Circuit, Circuit]:
    """The smallest faithful circuit of an estimate's top edges, of the sizes that are tried
    (:func:`sizes`), pruned to paths.

    Args:
        signed: the top edges by score; by absolute score otherwise.

    Yields:
        Each circuit that was tried, the smallest first.

    Raises:
        PuzzlescopeError: if not even the whole model is as faithful as that.
    """
    judge = Judge(runs)
    for n in sizes(runs.graph.n_edges):
        kept = connected(runs.graph, scores.top(n, signed=signed))
        found = Circuit(runs.graph, kept, judge.of(kept))
        yield found
        if found.faithfulness >= target:
            return found
    raise PuzzlescopeError(
        f"No circuit of these edges keeps {target:g} of the gap: ask for less, or order the edges otherwise."
    )


@resumable
def eliminate(runs: CircuitRuns, circuit: Circuit, target: float = FAITHFUL) -> Steps[Circuit, Circuit]:
    """A circuit with edges dropped, those that cost least first, as long as it stays faithful.

    In every round each edge is left out in turn, in a run of its own, and the cheapest are dropped together,
    as many as the target allows, with all that is then on no path; a round in which no edge can go is the
    last. What is left is minimal: without any one of its edges it falls below the target.

    Yields:
        The circuit after every round.

    Raises:
        PuzzlescopeError: if the circuit is not faithful to begin with.
    """
    judge, graph = Judge(runs), runs.graph
    kept, faithfulness = connected(graph, circuit.kept), judge.of(circuit.kept)
    if faithfulness < target:
        raise PuzzlescopeError(
            f"The circuit keeps {faithfulness:.3g} of the gap, and {target:g} were asked for: begin with more"
            " edges."
        )
    while True:
        places = np.argwhere(kept)
        without = np.repeat(kept[None], len(places), 0)
        without[np.arange(len(places)), places[:, 0], places[:, 1]] = False
        costs = yield from judge.each(without, kept)
        order = np.argsort(-costs, kind="stable")
        allowed = int((costs >= target).sum())
        dropped = yield from _drop(judge, kept, places[order[:allowed]], target)
        if dropped is None:
            return Circuit(graph, kept, faithfulness)
        kept, faithfulness = dropped
        yield Circuit(graph, kept, faithfulness)


def _drop(
    judge: Judge, kept: Kept, places: np.ndarray, target: float
) -> Steps[None, tuple[Kept, float] | None]:
    """The circuit without the first of these edges, as many together as the target allows; nothing if none
    can go."""
    count = min(len(places), max(1, int(kept.sum() * SHARE)))
    while count:
        fewer = kept.copy()
        fewer[places[:count, 0], places[:count, 1]] = False
        fewer = connected(judge.graph, fewer)
        faithfulness = judge.of(fewer)
        yield None
        if faithfulness >= target:
            return fewer, faithfulness
        count //= 2
    return None


def random_circuits(graph: Graph, like: Kept, n: int, seed: int = 0) -> Iterator[Kept]:
    """Random circuits with as many edges of each class as another: into queries, keys, values, MLPs and the
    logits. They are not pruned to paths, which would leave them smaller."""
    rng = np.random.default_rng(seed)
    kinds = np.array([reader.rpartition(".")[2] for reader in graph.readers])
    classes = [np.argwhere(graph.possible & (kinds == kind)[:, None]) for kind in dict.fromkeys(kinds)]
    counts = [int(like[own[:, 0], own[:, 1]].sum()) for own in classes]
    for _ in range(n):
        found = np.zeros_like(like)
        for own, count in zip(classes, counts, strict=True):
            chosen = own[rng.choice(len(own), count, replace=False)]
            found[chosen[:, 0], chosen[:, 1]] = True
        yield found


def pairs_alike(
    runs: CircuitRuns, kept: Kept, answers: Sequence[np.ndarray]
) -> tuple[Float[np.ndarray, " pair"], Bool[np.ndarray, " pair"]]:
    """How a circuit answers: the share of each pair's cells that are right given the true ones before, and
    which answers are right as a whole. By greedy decoding these, and no others, are drawn right too: as long
    as nothing is wrong, what was drawn is the truth.

    Args:
        answers: the right colours of each pair's base.
    """
    drawn = runs.logits(kept).argmax(-1).cpu().numpy()
    right = drawn == np.stack([own.ravel() for own in answers])
    return right.mean(1), right.all(1)
