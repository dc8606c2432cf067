"""Scores of all edges, and how well two ways to score them agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from interp.analyses.by_method.rankings import ranked
from interp.circuits.blocks import BLOCKS
from interp.circuits.graph import Edge, Graph
from interp.circuits.writes import FILLS, Fill
from interp.errors import PuzzlescopeError

How = Literal["exact", "eap", "eap-ig"]
HOWS: dict[How, str] = {
    "exact": "every edge cut in a run of its own",
    "eap": "edge attribution patching: the gradient of one run",
    "eap-ig": "the same with the gradient's mean over the way from one run to the other",
}
"""How edges are scored."""
assert set(HOWS) == set(get_args(How))
MOST_LOGITS = 1_000_000
"""No edge is worth more, whatever the model: larger scores in a file are a mistake, and sums of them may
overflow."""
MOST_SCORED = 1_000_000_000
"""Pairs that scores in a file say to be the mean of: more than anybody scores."""
FROM = "from "
"""Before a file's name, where it does not say how its scores were made."""


@dataclass(frozen=True, eq=False)
class EdgeScores:
    """What each edge is worth for a metric: by how much it falls when the edge is cut, alone, in the whole
    model. Positive: the edge helps.

    Attributes:
        graph: of the model.
        total: the mean over the pairs; 0 where there is no edge.
        blocks: the parts of it that come through each block of positions (:data:`BLOCKS`), or ``None`` where
            that was not computed. Estimates by gradients add up over them.
        how: it was scored; ``None`` where that is not known.
        fill: what a cut edge reads.
        pairs: how many pairs it is the mean of; 0 where that is not known.
        clean: the metric with no edge cut, in logits, mean over the pairs.
        empty: with every edge cut.
        each: the scores of every pair, of which ``total`` is the mean, where they are known: what the choice
            of the pairs changes can be told from them.
        file: the name of that which they were read from, if it did not say how they were made.
    """

    graph: Graph
    total: Float[np.ndarray, "reader writer"]
    blocks: Float[np.ndarray, "block reader writer"] | None
    how: How | None
    fill: Fill
    pairs: int
    clean: float
    empty: float
    each: Float[np.ndarray, "pair reader writer"] | None = None
    file: str = ""

    @property
    def made(self) -> str:
        """How they were made, in a word, or which file they are from."""
        return self.how or f"{FROM}{self.file or 'a file'}"

    @property
    def values(self) -> Float[np.ndarray, " edge"]:
        """Of all edges in the order of :meth:`Graph.edges`."""
        found: Float[np.ndarray, " edge"] = self.total[self.graph.possible]
        return found

    def top(self, n: int, *, signed: bool = False) -> Bool[np.ndarray, "reader writer"]:
        """The ``n`` edges of the largest absolute scores.

        Args:
            signed: the largest as they are, so that edges that do harm come last.
        """
        return _top(self.graph, self.total, n, signed)

    def top_nodes(self, n: int, *, signed: bool = False) -> Bool[np.ndarray, "reader writer"]:
        """All edges out of the embedding and out of the ``n`` heads and MLPs of the largest scores, that of
        one being the sum over the edges out of it: what cutting them together is worth, to first order.

        Args:
            signed: the largest as they are; by absolute value otherwise.
        """
        sums = self.total.sum(0)[1:]
        order = np.argsort(-(sums if signed else np.abs(sums)), kind="stable")[: max(0, n)]
        chosen = np.zeros(len(self.graph.writers), bool)
        chosen[[0, *(order + 1)]] = True
        return self.graph.possible & chosen

    def resampled(
        self, n: int, draws: int, *, signed: bool = False, seed: int = 0
    ) -> Bool[np.ndarray, "draw reader writer"]:
        """The top ``n`` edges of as many pairs drawn from these with replacement, several times (bootstrap).

        Raises:
            PuzzlescopeError: if the scores of every pair are not known, or there is one pair only.
        """
        if self.each is None or len(self.each) < 2:
            raise PuzzlescopeError(
                "Expected scores of two pairs or more, each pair's own kept, to resample: score the edges"
                " anew on more pairs."
            )
        rng = np.random.default_rng(seed)
        weights = rng.multinomial(len(self.each), np.full(len(self.each), 1 / len(self.each)), draws)
        means = np.einsum("dp,prw->drw", weights / len(self.each), self.each)
        return np.stack([_top(self.graph, mean, n, signed) for mean in means])

    def ranking(self) -> list[tuple[Edge, float]]:
        """All edges, the largest absolute scores first."""
        found = zip(self.graph.edges(), self.values.tolist(), strict=True)
        return sorted(found, key=lambda item: -abs(item[1]))

    def rows(self) -> tuple[dict[str, Any], ...]:
        """A row an edge for :class:`interp.export.tables.Table`, the largest absolute scores first."""
        found = []
        for edge, score in self.ranking():
            row: dict[str, Any] = {"writer": edge.writer, "reader": edge.reader, "score": score}
            if self.blocks is not None:
                place = self.graph.place(edge)
                row |= {name: float(own[place]) for name, own in zip(BLOCKS, self.blocks, strict=True)}
            found.append(row)
        return tuple(found)

    def frame(self, checkpoint: str = "") -> pd.DataFrame:
        """The same as a table with the columns ``from``, ``to``, ``score``. Its ``attrs``, which Parquet
        keeps among its metadata, say how the scores were made and over how many pairs.

        Args:
            checkpoint: the id of the model's weights, which is then among these: other models of the same
                sizes have the same edges.
        """
        found = pd.DataFrame(self.rows()).rename(columns={"writer": "from", "reader": "to"})
        found.attrs = {"how": self.made, "fill": self.fill, "pairs": self.pairs}
        found.attrs |= {"checkpoint": checkpoint} if checkpoint else {}
        return found

    def summary(self) -> str:
        """The dearest edge, in a sentence."""
        edge, score = self.ranking()[0]
        if score == 0:
            put = FILLS[self.fill]
            return f"No edge matters: cut, with {put} in its place, none changes the logit difference."
        return (
            f"{edge.text} matters most: cut, with {FILLS[self.fill]} in its place, it"
            f" {'lowers' if score >= 0 else 'raises'} the logit difference by {abs(score):.3g} of"
            f" {self.clean - self.empty:.3g}."
        )


def _top(
    graph: Graph, total: Float[np.ndarray, "reader writer"], n: int, signed: bool
) -> Bool[np.ndarray, "reader writer"]:
    ranks = np.where(graph.possible, total if signed else np.abs(total), -np.inf)
    n = max(0, min(n, graph.n_edges))
    found = np.zeros(ranks.shape, bool)
    found.flat[np.argsort(-ranks, axis=None, kind="stable")[:n]] = True
    return found


@dataclass(frozen=True)
class Agreement:
    """How well an estimate puts edges in the order of their exact effects.

    Attributes:
        spearman: the rank correlation of absolute scores, 1 where the orders are the same.
        overlap: of the edges with the largest absolute scores, a share of all edges, which share of them is
            the same by both.
    """

    spearman: float
    overlap: dict[float, float]


SHARES = (0.01, 0.05)


def agreement(estimate: EdgeScores, exact: EdgeScores, shares: Sequence[float] = SHARES) -> Agreement:
    """How well an estimate agrees with exact effects; Spearman's correlation is nan if all scores of one are
    equal."""
    own, true = np.abs(estimate.values), np.abs(exact.values)
    flat = np.ptp(own) == 0 or np.ptp(true) == 0
    spearman = float("nan") if flat else float(np.corrcoef(ranked(own), ranked(true))[0, 1])
    overlap = {}
    for share in shares:
        n = max(1, round(share * len(true)))
        both = estimate.top(n) & exact.top(n)
        overlap[share] = float(both.sum()) / n
    return Agreement(spearman, overlap)


def mean_scores(parts: Sequence[EdgeScores]) -> EdgeScores:
    """The mean over pairs that were scored alike, one at a time or several."""
    first, n = parts[0], sum(part.pairs for part in parts)

    def mean(values: Sequence[Any]) -> Any:
        return sum(value * (part.pairs / n) for value, part in zip(values, parts, strict=True))

    blocks = [part.blocks for part in parts]
    together = None if any(own is None for own in blocks) else mean(blocks)
    each = [part.total[None] if part.pairs == 1 else part.each for part in parts]
    known = [own for own in each if own is not None]
    return EdgeScores(
        first.graph,
        mean([part.total for part in parts]),
        together,
        first.how,
        first.fill,
        n,
        float(mean([part.clean for part in parts])),
        float(mean([part.empty for part in parts])),
        np.concatenate(known) if len(known) == len(each) else None,
    )
