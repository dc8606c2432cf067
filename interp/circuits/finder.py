"""Which few edges a model needs: from scores to a circuit, and by exact elimination to a smaller one.

*Faithfulness* of a circuit is the share of the metric's gap that it keeps: ``f = (m(C) - m(none)) / (m(all) -
m(none))``, 1 for the whole model, 0 with every edge cut, and above 1 where what was cut did harm (Hanna et
al., 2024, "Have Faith in Faithfulness", section 4). Over several pairs it is the ratio of the means, for the
mean of ratios follows the pairs whose gap is least.

What a circuit is wanted for is a :class:`Target`: a share of the gap, a number of edges, or that the puzzles
which the model solves stay solved. A *circuit of nodes* is made of whole heads and MLPs: one that is cut is
read by nobody any more, in any edge.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from interp.circuits.graph import Edge, Graph, connected
from interp.circuits.runs import CircuitRuns, Ends
from interp.circuits.scores import EdgeScores
from interp.errors import PuzzlescopeError
from interp.resumable import Steps, finish, resumable

FAITHFUL = 0.9
"""Of the gap, what a circuit keeps that is called faithful."""
LEAST_GAP = 0.5
"""Logits: between pairs' ends that are no further apart there is nothing to keep a share of."""
AT_ONCE = 3
"""Circuits that are run in one pass, which is a step: with 8 it would take twice as long, and all of them 5 %
less."""
SHARE = 1 / 8
"""Of a circuit's edges, how many elimination tries to drop together."""
TOGETHER = 0.01
"""Dropped together, edges may cost so much more than one by one (a share of the gap, or nats a cell): beyond
that some of them stand in for each other, and fewer are dropped."""
ROUNDING = 1e-4
"""Of faithfulness: all edges together keep the whole gap but for this."""
WIDER = 2
"""For a circuit of so many edges, elimination begins with so many times as many."""

Kept = Bool[np.ndarray, "reader writer"]
By = Literal["edges", "nodes"]
"""What a circuit is made of: single edges, or whole heads and MLPs."""


@dataclass(frozen=True, eq=False)
class Circuit:
    """Some edges, all on paths from the embedding to the logits.

    Attributes:
        graph: of the model.
        kept: the edges.
        faithfulness: over the pairs by which it was found.
        by: what it is made of.
    """

    graph: Graph
    kept: Kept
    faithfulness: float
    by: By = "edges"

    def __len__(self) -> int:
        return int(self.kept.sum())

    @property
    def edges(self) -> tuple[Edge, ...]:
        return self.graph.listed(self.kept)

    @property
    def parts(self) -> tuple[str, ...]:
        """Its heads and MLPs."""
        return tuple(self.graph.writers[1:][k] for k in np.flatnonzero(self.kept[:, 1:].any(0)))

    @property
    def size(self) -> int:
        """How many edges, or, if it is made of nodes, heads and MLPs."""
        return _size(self.kept, self.by)


def _size(kept: Kept, by: By) -> int:
    return int(kept.sum() if by == "edges" else kept[:, 1:].any(0).sum())


@dataclass(frozen=True)
class Target:
    """What a circuit is to be.

    Attributes:
        kind: ``faithfulness``: it keeps at least this share of the gap; ``size``: it has at most so many
            edges (nodes, if it is made of these), the best that are found; ``solved``: the greedy answers of
            all the puzzles that the whole model answers right stay right.
        amount: the share, or the number.
    """

    kind: Literal["size", "faithfulness", "solved"]
    amount: int | float = 0.0

    def __post_init__(self) -> None:
        if self.kind == "faithfulness" and not 0 < self.amount <= 1:
            raise PuzzlescopeError(f"Faithfulness is a share above 0 and up to 1, got {self.amount:g}.")
        if self.kind == "size" and not (self.amount >= 1 and float(self.amount).is_integer()):
            raise PuzzlescopeError(f"A circuit has a whole number of edges from 1 on, got {self.amount:g}.")

    @property
    def text(self) -> str:
        """In words: what is asked for."""
        words = {
            "size": f"at most {self.amount:g}",
            "faithfulness": f"{self.amount:g} of the gap",
            "solved": "every puzzle that the whole model answers right",
        }
        return words[self.kind]


def check_size(circuit: Circuit, target: Target) -> None:
    """Raise :class:`PuzzlescopeError` for a circuit of more than its target of size asks for."""
    if target.kind == "size" and circuit.size > target.amount:
        raise PuzzlescopeError(
            f"At most {target.amount:g} {circuit.by} were asked for, and the circuit has {circuit.size}."
        )


@dataclass(frozen=True, eq=False)
class Standings:
    """How several circuits do over some pairs.

    Attributes:
        faithfulness: the share of the gap that each keeps.
        solved: how many of the answers that the whole model draws right are drawn right.
        loss: of the right answers given the true cells before, mean over cells, nats.
    """

    faithfulness: Float[np.ndarray, " run"]
    solved: Int[np.ndarray, " run"]
    loss: Float[np.ndarray, " run"]


class Judge:
    """Tells how circuits do over some pairs. The gap of the pairs is worked out once, whoever asks, and kept
    with the runs.

    Raises:
        PuzzlescopeError: if the ends of the pairs are too near for it.
    """

    def __init__(self, runs: CircuitRuns):
        finish(ends_of(runs))
        assert runs.ends is not None
        self.runs, self.graph, self.ends = runs, runs.graph, runs.ends

    @classmethod
    def begun(cls, runs: CircuitRuns) -> Steps[None, "Judge"]:
        """The same as steps, with a pause after every pair."""
        yield from ends_of(runs)
        return cls(runs)

    def of(self, kept: Kept) -> float:
        """The faithfulness of one circuit."""
        return float(self.share(self.runs.metrics(kept)).mean())

    def each(
        self, masks: Bool[np.ndarray, "run reader writer"], near: Kept | None = None
    ) -> Steps[None, Float[np.ndarray, " run"]]:
        """The faithfulness of each of many, with a pause after every few; ``near`` as in
        :meth:`standings`."""
        return (yield from self.standings(masks, near)).faithfulness

    def standings(
        self, masks: Bool[np.ndarray, "run reader writer"], near: Kept | None = None
    ) -> Steps[None, Standings]:
        """How each of many does, with a pause after every few runs of some pairs side by side.

        Args:
            near: a circuit of which these are parts that lack few of its edges, which is quicker.
        """
        metrics, losses, solved = (np.zeros(len(masks)) for _ in range(3))
        at_once = 1 if near is None else AT_ONCE  # only those near a circuit are run together
        for pairs in self.runs.together():
            for first in range(0, len(masks), at_once):
                own = slice(first, first + at_once)
                found = self.runs.of_each(masks[own], pairs, near)
                for pair, logits in zip(pairs, found, strict=True):
                    metrics[own] += self.runs.of_logits(logits, [pair] * len(logits))
                    loss, right = answered(logits, self.runs.answers[[pair] * len(logits)])
                    losses[own] += loss
                    solved[own] += right & self.ends.right[pair]
                yield None
        n = len(self.runs)
        return Standings(self.share(metrics / n), solved.astype(int), losses / n)

    def met(self, target: Target, found: Standings, sizes: Int[np.ndarray, " run"]) -> np.ndarray:
        """Which of some circuits are as the target wants them.

        Args:
            sizes: how many edges or nodes they have.
        """
        if target.kind == "size":
            return np.asarray(sizes <= target.amount)
        if target.kind == "solved":
            return np.asarray(found.solved == sum(self.ends.right))
        return np.asarray(found.faithfulness >= min(target.amount, 1 - ROUNDING))

    def check(self, target: Target) -> None:
        """Raise :class:`PuzzlescopeError` for a target that no circuit could miss."""
        if target.kind == "solved" and not any(self.ends.right):
            raise PuzzlescopeError(
                "The whole model answers none of these puzzles right, so there is nothing that a circuit"
                " could still answer: choose other pairs."
            )

    def share(self, metrics: Float[np.ndarray, " run"]) -> Float[np.ndarray, " run"]:
        """The share of the gap that metrics keep."""
        found: Float[np.ndarray, " run"] = (metrics - self.ends.empty) / (self.ends.whole - self.ends.empty)
        return found


def ends_of(runs: CircuitRuns) -> Steps[None, None]:
    """Work out what the whole model and the empty circuit make of some pairs, unless that is known.

    Raises:
        PuzzlescopeError: if the two are too near each other.
    """
    if runs.ends is None:
        metrics, right = [], []
        both = np.stack([runs.graph.possible, np.zeros_like(runs.graph.possible)])
        for pairs in runs.together():
            for pair, logits in zip(pairs, runs.of_each(both, pairs), strict=True):
                metrics.append(runs.of_logits(logits, [pair, pair]))
                right.append(bool(answered(logits[:1], runs.answers[[pair]])[1][0]))
            yield None
        whole, empty = np.mean(metrics, 0).tolist()
        runs.ends = Ends(whole, empty, tuple(right))
    ends = runs.ends
    if not abs(ends.whole - ends.empty) >= LEAST_GAP:
        raise PuzzlescopeError(
            f"With every edge cut the logit difference is {ends.empty:.2g}, with none {ends.whole:.2g}:"
            f" that is no gap of {LEAST_GAP} of which a circuit could keep a share. Choose other pairs."
        )


def answered(
    logits: Float[Tensor, "run 100 vocab"], answers: Int[np.ndarray, "run 100"]
) -> tuple[Float[np.ndarray, " run"], Bool[np.ndarray, " run"]]:
    """The loss of answers given the true cells before each, nats, mean over cells; and which are right as a
    whole. By greedy decoding these, and no others, are drawn right too: as long as nothing is wrong, what was
    drawn is the truth."""
    truth = torch.from_numpy(answers).to(logits.device)
    loss = F.cross_entropy(logits.transpose(1, 2).double(), truth, reduction="none").mean(1)
    right = ((logits.argmax(-1) == truth) & logits.isfinite().all(-1)).all(-1)
    return loss.cpu().numpy(), right.cpu().numpy()


def sizes(most: int, first: int = 8) -> list[int]:
    """Numbers of edges that are tried: each a third more than the one before, up to all.

    >>> sizes(60)
    [8, 11, 15, 20, 27, 36, 48, 60]
    """
    found = [min(first, most)]
    while found[-1] < most:
        found.append(min(most, -(-found[-1] * 4 // 3)))
    return found


def top_kept(scores: EdgeScores, n: int, *, signed: bool = False, by: By = "edges") -> Kept:
    """The ``n`` edges or nodes of the largest scores, pruned to paths from the embedding to the logits."""
    top = scores.top if by == "edges" else scores.top_nodes
    return connected(scores.graph, top(n, signed=signed))


@resumable
def top_circuit(
    runs: CircuitRuns,
    scores: EdgeScores,
    target: Target | float = FAITHFUL,
    *,
    signed: bool = False,
    by: By = "edges",
) -> Steps[Circuit, Circuit]:
    """The smallest circuit of an estimate's top edges that is as was asked for, of the sizes that are tried
    (:func:`sizes`), pruned to paths; of a target of size the largest that is not larger.

    Args:
        target: or the faithfulness that is wanted.
        signed: the top edges by score; by absolute score otherwise.
        by: edges, or whole heads and MLPs.

    Yields:
        Each circuit that was tried, the smallest first.

    Raises:
        PuzzlescopeError: if not even the whole model is as was asked for.
    """
    target = _target(target)
    judge = yield from Judge.begun(runs)
    judge.check(target)
    most = runs.graph.n_edges if by == "edges" else len(runs.graph.writers) - 1
    tried = sizes(most, 8 if by == "edges" else 2)
    if target.kind == "size":
        tried = [_largest(scores, int(target.amount), most, signed, by)]
    for n in tried:
        kept = top_kept(scores, n, signed=signed, by=by)
        found = yield from judge.standings(kept[None])
        circuit = Circuit(runs.graph, kept, float(found.faithfulness[0]), by)
        yield circuit
        if judge.met(target, found, np.array([circuit.size]))[0]:
            return circuit
    raise PuzzlescopeError(
        f"No circuit of these edges keeps {target.text}: ask for less, or order the edges otherwise."
    )


def _largest(scores: EdgeScores, size: int, most: int, signed: bool, by: By) -> int:
    """How many of the top edges may be taken so that no more than so many are left on paths: the more are
    taken, the more are left."""
    taken, too_many = 0, most + 1
    while too_many - taken > 1:
        n = (taken + too_many) // 2
        fits = _size(top_kept(scores, n, signed=signed, by=by), by) <= size
        taken, too_many = (n, too_many) if fits else (taken, n)
    return taken


@resumable
def eliminate(
    runs: CircuitRuns, circuit: Circuit, target: Target | float = FAITHFUL, *, share: float = SHARE
) -> Steps[Circuit, Circuit]:
    """A circuit with edges dropped (heads and MLPs, if it is made of these), those that cost least first, as
    long as it stays as was asked for.

    In every round each one is left out in turn, in a run of its own, and the cheapest are dropped together,
    as many as the target allows and as cost no more together than one by one, with all that is then on no
    path; a round in which none can go is the last. What is left is minimal: without any one of its edges it
    is not what was asked for. Of a target of size it ends when no more than so many are left.

    What costs least is told by faithfulness, for a target of size by how near it is to 1, and for answers
    that are to stay right by their loss.

    Args:
        share: of the edges that are left, how many are dropped together at most. More takes fewer rounds and
            is less careful.

    Yields:
        The circuit after every round.

    Raises:
        PuzzlescopeError: if the circuit is not as was asked for to begin with.
    """
    target = _target(target)
    judge, graph = (yield from Judge.begun(runs)), runs.graph
    judge.check(target)
    kept = connected(graph, circuit.kept)
    now = yield from judge.standings(kept[None])
    if target.kind != "size" and not judge.met(target, now, np.zeros(1, int))[0]:
        raise PuzzlescopeError(
            f"The circuit keeps {now.faithfulness[0]:.3g} of the gap and {now.solved[0]} of"
            f" {sum(judge.ends.right)} answers, and {target.text} was asked for: begin with more edges."
        )
    while True:
        if target.kind == "size" and _size(kept, circuit.by) <= target.amount:
            break
        round_ = _Round(judge, target, circuit.by, kept, now, share)
        dropped = yield from round_.dropped()
        if dropped is None:
            break
        kept, now = dropped
        yield Circuit(graph, kept, float(now.faithfulness[0]), circuit.by)
    return Circuit(graph, kept, float(now.faithfulness[0]), circuit.by)


@dataclass(frozen=True, eq=False)
class _Round:
    """One round of elimination."""

    judge: Judge
    target: Target
    by: By
    kept: Kept
    now: Standings
    share: float

    def dropped(self) -> Steps[None, tuple[Kept, Standings] | None]:
        """The circuit without its cheapest edges, and how it does; nothing if none can go."""
        units = self._units()
        alone = yield from self.judge.standings(self.kept & ~units, self.kept)
        left = np.array([_size(self.kept & ~one, self.by) for one in units])
        cost = self._cost(alone) - self._cost(self.now)
        order = np.argsort(cost, kind="stable")
        if self.target.kind != "size":
            order = order[self.judge.met(self.target, alone, left)[order]]
        count = min(len(order), max(1, int(len(units) * self.share)))
        if self.target.kind == "size":
            count = min(count, _size(self.kept, self.by) - int(self.target.amount))
        while count:
            chosen = order[:count]
            fewer = connected(self.judge.graph, self.kept & ~units[chosen].any(0))
            found = yield from self.judge.standings(fewer[None])
            more = self._cost(found)[0] - self._cost(self.now)[0] - np.maximum(cost[chosen], 0).sum()
            met = self.target.kind == "size" or self.judge.met(self.target, found, np.zeros(1, int))[0]
            if met and (count == 1 or more <= TOGETHER):
                return fewer, found
            count //= 2
        return None

    def _units(self) -> Bool[np.ndarray, "unit reader writer"]:
        """What can be dropped: of a circuit of nodes all edges out of one, else each edge."""
        if self.by == "nodes":
            writers = 1 + np.flatnonzero(self.kept[:, 1:].any(0))
            found = np.zeros((len(writers), *self.kept.shape), bool)
            found[np.arange(len(writers)), :, writers] = True
            return found
        places = np.argwhere(self.kept)
        found = np.zeros((len(places), *self.kept.shape), bool)
        found[np.arange(len(places)), places[:, 0], places[:, 1]] = True
        return found

    def _cost(self, found: Standings) -> Float[np.ndarray, " run"]:
        if self.target.kind == "solved":
            return found.loss
        # Where a number of edges is asked for, what keeps more than all of the gap is no better than what
        # keeps less; where a share is, all that is above it may be spent.
        return np.abs(1 - found.faithfulness) if self.target.kind == "size" else -found.faithfulness


@resumable
def find_circuit(
    runs: CircuitRuns,
    scores: EdgeScores,
    target: Target | float = FAITHFUL,
    *,
    signed: bool = False,
    by: By = "edges",
    exact: bool = True,
) -> Steps[Circuit, Circuit]:
    """A small circuit from scores: the top edges (:func:`top_circuit`), and what elimination leaves of them
    (:func:`eliminate`).

    Args:
        exact: eliminate; for a size, of more edges than are wanted (:func:`wider`).

    Yields:
        Every circuit that is tried, growing and then shrinking.
    """
    target = _target(target)
    begin = wider(target, scores, by) if exact else target
    found = yield from top_circuit.steps(runs, scores, begin, signed=signed, by=by)
    return (yield from eliminate.steps(runs, found, target)) if exact else found


def wider(target: Target, scores: EdgeScores, by: By = "edges") -> Target:
    """What elimination begins with: for a size so many times as many (:data:`WIDER`), but no edges that score
    0, which in a planted circuit (:mod:`interp.circuits.planted`) are no connections at all."""
    if target.kind != "size":
        return target
    worth = len(scores.graph.writers) - 1 if by == "nodes" else int((scores.values != 0).sum())
    return Target("size", max(target.amount, min(WIDER * target.amount, worth)))


def _target(target: Target | float) -> Target:
    return target if isinstance(target, Target) else Target("faithfulness", float(target))


def random_circuits(graph: Graph, like: Kept, n: int, seed: int = 0, by: By = "edges") -> Iterator[Kept]:
    """Random circuits with as many edges of each class as another: into queries, keys, values, MLPs and the
    logits. They are not pruned to paths, which would leave them smaller.

    Args:
        by: ``nodes``: as many heads and as many MLPs, with all edges between them.
    """
    rng = np.random.default_rng(seed)
    if by == "nodes":
        yield from _random_nodes(graph, like, n, rng)
        return
    classes = [np.argwhere(own) for own in edge_classes(graph).values()]
    counts = [int(like[own[:, 0], own[:, 1]].sum()) for own in classes]
    for _ in range(n):
        found = np.zeros_like(like)
        for own, count in zip(classes, counts, strict=True):
            chosen = own[rng.choice(len(own), count, replace=False)]
            found[chosen[:, 0], chosen[:, 1]] = True
        yield found


def _random_nodes(graph: Graph, like: Kept, n: int, rng: np.random.Generator) -> Iterator[Kept]:
    mlps = np.array([writer.endswith("mlp") for writer in graph.writers])
    heads: np.ndarray = ~mlps
    used: np.ndarray = np.asarray(like.any(0))
    heads[0] = False
    for _ in range(n):
        chosen = np.zeros(len(mlps), bool)
        chosen[0] = True
        for own in (heads, mlps):
            chosen[rng.choice(np.flatnonzero(own), int((used & own).sum()), replace=False)] = True
        yield connected(graph, graph.possible & chosen)


def edge_classes(graph: Graph) -> dict[str, Kept]:
    """All edges by what they are read as: q, k, v, mlp and logits."""
    kinds = np.array([reader.rpartition(".")[2] for reader in graph.readers])
    return {kind: graph.possible & (kinds == kind)[:, None] for kind in dict.fromkeys(kinds.tolist())}


def pairs_alike(
    runs: CircuitRuns, kept: Kept, answers: Sequence[np.ndarray]
) -> tuple[Float[np.ndarray, " pair"], Bool[np.ndarray, " pair"]]:
    """How a circuit answers: the share of each pair's cells that are right given the true ones before, and
    which answers are right as a whole (:func:`answered`).

    Args:
        answers: the right colours of each pair's base.
    """
    drawn = runs.logits(kept).argmax(-1).cpu().numpy()
    right = drawn == np.stack([own.ravel() for own in answers])
    return right.mean(1), right.all(1)
