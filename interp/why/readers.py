"""Who reads layer 0 most: by weights, by effect and by exact edges, in one table.

The notebook ends with "multiplying through the residual stream", by weights alone. Composition says what
could be read, path ablation what its absence costs, edges what it is worth for the right answer on pairs of
puzzles. Three analyses that exist are joined. Only the exact edges are run anew, because those of one source
take a small part of the time that all edges take.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np

from interp.ablation import Component, ReferenceMeans
from interp.analyses.composition import Composition
from interp.analyses.path_ablation import PathState
from interp.analyses.question import Question
from interp.analyses.readers import Reader
from interp.circuits.attribution import over_pairs
from interp.circuits.exact import ExactEdges
from interp.circuits.questions.sample import Pairs
from interp.circuits.scores import EdgeScores
from interp.circuits.writes import Writes
from interp.engine.forward import Weights
from interp.engine.measures import Measure
from interp.errors import PuzzlescopeError
from interp.export.programs import program_of, source_line
from interp.model import PuzzleGPT
from interp.model.hooks import check_not_planted
from interp.numbers import number
from interp.pairs import Pair
from interp.resumable import Steps, resumable

PUZZLES = 4
"""Of the bank, over which paths are ablated where all three accounts are put side by side."""


@dataclass(frozen=True)
class JoinedReader:
    """What one reader reads of a source.

    Attributes:
        reader: who.
        excess: its composition score beyond chance (:class:`interp.analyses.composition.Reading`).
        cost: what taking the source from this reader alone costs (:meth:`PathState.costs`); nan while it is
            not known.
        edges: how much lower the metric of the pairs is without the edges from the source to this reader,
            logits, added up over the source's heads; nan where no edges are given.
    """

    reader: Reader
    excess: float
    cost: float
    edges: float

    def row(self) -> dict[str, Any]:
        return {
            "reader": self.reader.text,
            "composition": self.excess,
            "path": self.cost,
            "edges": self.edges,
        }


def joined_readers(
    composition: Composition, paths: PathState, edges: EdgeScores | None = None, measure: Measure = "final"
) -> tuple[JoinedReader, ...]:
    """Every reader of the source of the path ablation, those that its absence changes most first.

    Args:
        composition: of the same model.
        edges: of the same model, by whatever method they were scored.
        measure: of the costs.

    Raises:
        PuzzlescopeError: if the edges are of a model of other sizes.
    """
    source, costs = paths.source, paths.costs(measure)
    excess = {reading.reader: reading.excess for reading in composition.readings(source)}
    if edges is not None and not set(_writers(source, edges.graph.writers)):
        raise PuzzlescopeError(f"These edges are of a model without {source.text}.")
    found = [
        JoinedReader(reader, excess.get(reader, float("nan")), cost, _edges(edges, source, reader))
        for reader, cost in costs.items()
    ]
    return tuple(sorted(found, key=lambda one: -abs(one.cost) if one.cost == one.cost else 0.0))


@resumable
def edges_from(model: PuzzleGPT, pairs: Sequence[Pair], source: Component) -> Steps[EdgeScores, EdgeScores]:
    """Exact effects of the edges from one source alone, mean over some pairs, with a pause after every few:
    those of :func:`interp.circuits.exact.exact_edges`, to the last bit. Of edges from other writers into
    heads and MLPs 0 is told, for they are not run.

    Args:
        source: an attention layer, whose heads' edges are told one by one, a head or an MLP.

    Yields:
        The scores over the pairs so far, after every pair.

    Raises:
        PuzzlescopeError: for a model in which a circuit is planted, and as ``exact_edges`` does.
    """
    check_not_planted(model, "edges from one source")

    def of(weights: Weights, pair: Pair, other: Writes) -> ExactEdges:
        one = ExactEdges(weights, pair, "pair", other)
        names = one.graph.writers
        own = [names.index(name) for name in _writers(source, names)]
        others = np.setdiff1d(np.arange(len(names)), own)
        one.effects[:, others] = 0.0
        return one

    return (yield from over_pairs(model, pairs, "pair", None, of))


@dataclass(frozen=True)
class EdgesFrom(Question[EdgeScores]):
    """The exact effects of the edges from one source, over some pairs."""

    pairs: Pairs
    source: Component

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[EdgeScores, EdgeScores]:
        return edges_from.steps(model, self.pairs.all(), self.source)

    def program(self, model: str) -> str:
        """Who reads the source, by all three accounts.

        >>> print(EdgesFrom(Pairs(n=2), Component(0, "attn")).program("default"))
        from interp import (
            composition, edges_from, joined_readers, load_model, load_puzzles, parse_component,
            path_ablation, shipped_pairs,
        )
        <BLANKLINE>
        model = load_model('default')
        source = parse_component('L0.attn', model.cfg)
        pairs = shipped_pairs('rule', None)[::256][:2]
        tokens = load_puzzles('bank').limit(4).tokens
        <BLANKLINE>
        edges = edges_from(model, pairs, source)
        paths = path_ablation(model, tokens, source)
        for one in joined_readers(composition(model), paths, edges):
            print(one.row())
        """
        return program_of(
            [
                f"model = load_model({model!r})",
                source_line(self.source),
                f"pairs = {self.pairs.python}",
                f"tokens = load_puzzles('bank').limit({PUZZLES}).tokens",
            ],
            [
                "edges = edges_from(model, pairs, source)",
                "paths = path_ablation(model, tokens, source)",
                "for one in joined_readers(composition(model), paths, edges):",
                "    print(one.row())",
            ],
        )


def who_reads_most(found: Sequence[JoinedReader], source: Component) -> str:
    """The first reader by each account that is known, in a sentence."""
    accounts: tuple[tuple[str, Callable[[JoinedReader], float], str], ...] = (
        ("by its weights", lambda one: one.excess, "beyond chance"),
        ("by what its absence there changes", lambda one: one.cost, "nats"),
        ("by exact edges", lambda one: one.edges, "logits"),
    )
    told = []
    for by, value, unit in accounts:
        known = [one for one in found if not isnan(value(one))]
        if known:
            # Weights that avoid a source do not read it; a change is one whichever its sign.
            sizes = np.array([value(one) for one in known])
            first = known[int((sizes if unit == "beyond chance" else np.abs(sizes)).argmax())]
            told.append(f"{by} {first.reader.text} ({number(value(first), '+.2g')} {unit})")
    return f"{source.text} is read most: {', '.join(told)}." if told else "Nothing is measured yet."


def _edges(edges: EdgeScores | None, source: Component, reader: Reader) -> float:
    if edges is None or reader.text not in edges.graph.readers:
        return float("nan")
    row = edges.graph.readers.index(reader.text)
    columns = [edges.graph.writers.index(name) for name in _writers(source, edges.graph.writers)]
    return float(edges.total[row, columns].sum())


def _writers(source: Component, writers: Sequence[str]) -> list[str]:
    """The writers of the graph that the source is: itself, or the heads of an attention layer."""
    if source.kind == "attn":
        return [name for name in writers if name.startswith(f"L{source.layer}.H")]
    return [name for name in writers if name == source.text]
