"""Who reads layer 0 most: by weights, by effect and by exact edges, in one table.

The notebook ends with "multiplying through the residual stream", by weights alone. Composition says what
could be read, path ablation what its absence costs, edges what it is worth for the right answer on pairs of
puzzles. Three analyses that exist are joined; nothing is computed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from interp.ablation import Component
from interp.analyses.composition import Composition
from interp.analyses.path_ablation import PathState
from interp.analyses.readers import Reader
from interp.circuits.scores import EdgeScores
from interp.engine.measures import Measure
from interp.errors import PuzzlescopeError


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
