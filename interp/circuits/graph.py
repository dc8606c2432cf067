"""The model as a graph: who writes into the residual stream, who reads it, and the edges between them.

*Writers* are the embedding (tokens and positions together), every head and every MLP. *Readers* are the
queries, keys and values of every head, every MLP, and the logits. An edge is one writer's direct contribution
to one reader's input, so each write is read once by each reader that comes after it; what other components
have made of it comes by edges of their own (Elhage et al., 2021, "A Mathematical Framework for Transformer
Circuits"; Wang et al., 2022, "Interpretability in the wild", section 3.1).

>>> from interp.model import Config
>>> graph = Graph(Config(n_layers=6, n_heads=8, d_model=256, d_head=32, d_mlp=1024))
>>> len(graph.writers), len(graph.readers), graph.n_edges
(55, 151, 3628)
>>> graph.edge("L1.H5", "L3.H2.k").text
'L1.H5->L3.H2.k'
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool

from interp.analyses.readers import HEAD_INPUTS, Reader, readers_of
from interp.errors import PuzzlescopeError, brief
from interp.model import Config

EMBED = "embed"
LOGITS = "logits"
ARROW = "->"


@dataclass(frozen=True, order=True)
class Edge:
    """What one component writes, as another reads it.

    Attributes:
        writer: ``embed``, or a component as in ``L1.H5`` and ``L2.mlp``.
        reader: as in ``L3.H2.k``, ``L2.mlp`` and ``logits``.
    """

    writer: str
    reader: str

    @property
    def text(self) -> str:
        return f"{self.writer}{ARROW}{self.reader}"


@dataclass(frozen=True)
class Graph:
    """The edges of a model of these sizes. Arrays over its edges are ``[reader, writer]``.

    Attributes:
        cfg: the sizes.
    """

    cfg: Config

    @cached_property
    def writers(self) -> tuple[str, ...]:
        """Those who write, in the order of the run."""
        return (EMBED, *(f"L{layer}.{part}" for layer in self._layers for part in self._parts))

    @cached_property
    def readers(self) -> tuple[str, ...]:
        """Those who read, in the order of the run: a layer's heads with their queries, keys and values, its
        MLP, and at last the logits."""
        return tuple(reader.text for reader in self._readers)

    @cached_property
    def below(self) -> tuple[int, ...]:
        """How many writers each reader reads: the first so many of :attr:`writers`."""
        return tuple(self._count(reader) for reader in self._readers)

    @cached_property
    def possible(self) -> Bool[np.ndarray, "reader writer"]:
        """Which of all places are edges: a reader reads only what comes before it."""
        found: Bool[np.ndarray, "reader writer"] = (
            np.arange(len(self.writers)) < np.array(self.below)[:, None]
        )
        return found

    @property
    def n_edges(self) -> int:
        return sum(self.below)

    def edges(self) -> Iterator[Edge]:
        """All edges, reader by reader, in the order in which ``array[graph.possible]`` has them."""
        for reader, count in zip(self.readers, self.below, strict=True):
            yield from (Edge(writer, reader) for writer in self.writers[:count])

    def place(self, edge: Edge) -> tuple[int, int]:
        """Where an edge stands in arrays: its reader's number and its writer's.

        Raises:
            PuzzlescopeError: if the model has no such edge.
        """
        try:
            found = self.readers.index(edge.reader), self.writers.index(edge.writer)
        except ValueError:
            raise PuzzlescopeError(
                f"Expected an edge from a writer such as {EMBED}, L0.H0 or L0.mlp to a reader such as"
                f" L1.H0.k, L0.mlp or {LOGITS} of this model, got {brief(edge.text)}."
            ) from None
        if not self.possible[found]:
            raise PuzzlescopeError(f"{edge.reader} cannot read {edge.writer}: it does not come after it.")
        return found

    def edge(self, writer: str, reader: str) -> Edge:
        """The edge between these two (errors as :meth:`place`)."""
        found = Edge(writer, reader)
        self.place(found)
        return found

    def parse(self, text: str) -> Edge:
        """The edge of a text as ``L1.H5->L3.H2.k`` (errors as :meth:`place`)."""
        writer, arrow, reader = text.partition(ARROW)
        if not arrow:
            raise PuzzlescopeError(f"Expected an edge as L1.H5{ARROW}L3.H2.k, got {brief(text)}.")
        return self.edge(writer.strip(), reader.strip())

    def mask(self, edges: Iterable[Edge]) -> Bool[np.ndarray, "reader writer"]:
        """Which edges these are."""
        found = np.zeros_like(self.possible)
        for edge in edges:
            found[self.place(edge)] = True
        return found

    def listed(self, mask: Bool[np.ndarray, "reader writer"]) -> tuple[Edge, ...]:
        """The edges of a mask, reader by reader."""
        return tuple(edge for edge, kept in zip(self.edges(), mask[self.possible], strict=True) if kept)

    # ---- numbers ----

    def head(self, layer: int, head: int) -> int:
        """The number of a head among the writers."""
        return 1 + layer * self._per_layer + head

    def mlp(self, layer: int) -> int:
        """The number of an MLP among the writers."""
        return self.head(layer, self.cfg.n_heads)

    def inputs(self, layer: int) -> slice:
        """The numbers of a layer's heads' inputs among the readers: each head's queries, keys and values."""
        first = layer * (len(HEAD_INPUTS) * self.cfg.n_heads + 1)
        return slice(first, first + len(HEAD_INPUTS) * self.cfg.n_heads)

    def mlp_input(self, layer: int) -> int:
        """The number of an MLP among the readers."""
        return self.inputs(layer).stop

    def writer_of(self, reader: int) -> int | None:
        """The number among the writers of what a reader, by its number, is a part of; none for the logits."""
        own = self._readers[reader]
        if own.layer is None:
            return None
        return self.mlp(own.layer) if own.head is None else self.head(own.layer, own.head)

    @property
    def _per_layer(self) -> int:
        return self.cfg.n_heads + 1

    @property
    def _layers(self) -> range:
        return range(self.cfg.n_layers)

    @property
    def _parts(self) -> tuple[str, ...]:
        return (*(f"H{head}" for head in range(self.cfg.n_heads)), "mlp")

    @cached_property
    def _readers(self) -> tuple[Reader, ...]:
        return readers_of(self.cfg)

    def _count(self, reader: Reader) -> int:
        if reader.layer is None:
            return len(self.writers)
        before = self.head(reader.layer, 0)
        return before + self.cfg.n_heads if reader.input == "mlp" else before


def connected(graph: Graph, mask: Bool[np.ndarray, "reader writer"]) -> Bool[np.ndarray, "reader writer"]:
    """The edges of a mask that lie on a path from the embedding to the logits.

    Others make no difference to a run in which what is cut reads another run: a writer whom nobody reads is
    not heard, and what reads nothing of this run writes what it wrote in the other. A head is heard by any of
    its inputs, so it is on a path if one of them is. Edges are taken away until none is left to take.
    """
    owners = [graph.writer_of(reader) for reader in range(len(graph.readers) - 1)]
    owner = np.array([writer for writer in owners if writer is not None])
    found = mask & graph.possible
    while True:
        fed = np.zeros(len(graph.writers), bool)  # writers who read something of this run
        fed[0] = True
        heard = found.any(0)
        fed[owner[found[:-1].any(1)]] = True
        listening = np.append(heard[owner], True)  # the logits are last
        kept = found & fed[None, :] & listening[:, None]
        if (kept == found).all():
            return found
        found = kept
