"""What a picture of a circuit shows, as plain values: the edges, their effects, and what their ends are
called."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Bool, Float

from interp.circuits.blocks import BLOCKS
from interp.circuits.graph import EMBED, LOGITS, Edge, Graph
from interp.circuits.scores import HOWS, EdgeScores, How
from interp.circuits.writes import FILLS
from interp.errors import PuzzlescopeError
from interp.figures.circuit.layout import Layout, layout_of
from interp.outputs import plain

Kind = Literal["q", "k", "v", "mlp", "logits"]
KINDS: dict[Kind, str] = {
    "q": "into queries",
    "k": "into keys",
    "v": "into values",
    "mlp": "into MLPs",
    "logits": "into logits",
}
"""What an edge is read by, which is its colour."""
assert set(KINDS) == set(get_args(Kind))

MOST_DRAWN = 1000
"""Edges drawn at the same time: the strongest. More cannot be told apart, and would make a browser slow."""
FIRST = 150
"""Edges drawn at first of a picture of all edges, and :data:`FIRST_KEPT` of a circuit's."""
FIRST_KEPT = 400
NAMES: dict[How, str] = {
    "exact": "cutting each edge in a run of its own",
    "eap": "edge attribution patching (EAP)",
    "eap-ig": "edge attribution patching with integrated gradients (EAP-IG)",
}
"""How edges were scored, in a caption."""
assert set(NAMES) == set(HOWS)
DIGITS = 4
"""Of the numbers that are drawn, in the browser and in files alike."""


@dataclass(frozen=True, eq=False)
class CircuitPicture:
    """A circuit, or all edges of a model, with what each is worth.

    Attributes:
        graph: of the model.
        scores: what each edge is worth, in logits: positive where it helps.
        kept: the edges that are shown.
        blocks: the parts of the scores through each block of positions
            (:data:`interp.circuits.blocks.BLOCKS`), or ``None`` where they are not known.
        model: its name.
        title: of the picture.
        about: how the edges were scored, in a sentence.
        whole: whether these are all edges of the model, and no circuit.
        labels: what heads and MLPs do, in a word, by their names: boxes of one label stand side by side.
        task: what the circuit is for, in words; empty where that is not known.
    """

    graph: Graph
    scores: Float[np.ndarray, "reader writer"]
    kept: Bool[np.ndarray, "reader writer"]
    blocks: Float[np.ndarray, "block reader writer"] | None = None
    model: str = ""
    title: str = "Circuit"
    about: str = ""
    whole: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    task: str = ""

    @cached_property
    def places(self) -> list[tuple[int, int]]:
        """Of the edges that are shown, the strongest first: their reader's number and their writer's."""
        where = np.argwhere(self.kept)
        order = np.argsort(-np.abs(self.scores[self.kept]), kind="stable")
        return [(int(reader), int(writer)) for reader, writer in where[order]]

    @cached_property
    def edges(self) -> list[Edge]:
        """The edges that are shown, the strongest first."""
        graph = self.graph
        return [Edge(graph.writers[writer], graph.readers[reader]) for reader, writer in self.places]

    @cached_property
    def values(self) -> list[float]:
        """What each of :attr:`edges` is worth."""
        return [rounded(float(self.scores[place])) for place in self.places]

    def values_in(self, block: str) -> list[float]:
        """The part of it that comes through a block of positions; all of it for no name."""
        if not block or self.blocks is None:
            return self.values
        own = self.blocks[BLOCKS.index(block)]
        return [rounded(float(own[place])) for place in self.places]

    @cached_property
    def strongest(self) -> float:
        """The largest effect, which is drawn as the widest edge."""
        return abs(self.values[0]) or 1.0

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The embedding, the parts that have an edge, and the logits, in the order of the run."""
        ends = {name for edge in self.edges for name in (edge.writer, part_of(edge.reader))}
        inner = (name for name in self.graph.writers if name != EMBED and name in ends)
        return (EMBED, *inner, LOGITS)

    @cached_property
    def layout(self) -> Layout:
        """Where each part stands."""
        return layout_of(self.parts, self.labels, self.graph.cfg.n_layers)

    @cached_property
    def id(self) -> str:
        """The same for pictures that are drawn alike: a browser does not compare all their numbers."""
        words = (self.title, self.task, self.about, self.model, self.graph.cfg, sorted(self.labels.items()))
        content = repr((words, self.places, self.values)).encode()
        if self.blocks is not None:
            content += self.blocks.tobytes()
        return blake2b(content, digest_size=16).hexdigest()

    @property
    def first(self) -> int:
        """How many edges are drawn at first."""
        return min(len(self.edges), FIRST if self.whole else FIRST_KEPT)

    @property
    def summary(self) -> str:
        """What is seen, for those who do not see it."""
        edge, value = self.edges[0], self.values[0]
        which = "all" if self.whole else "a circuit of"
        of = f" {len(self.edges):,}" + ("" if self.whole else f" of {self.graph.n_edges:,}")
        task = f" for {self.task}" if self.task else ""
        parts = f"{len(self.parts)} parts of {self.model or 'the model'}"
        return (
            f"{which.capitalize()}{of} edges{task} between {parts}, the embedding below, the logits above."
            f" The strongest is {edge.text}, {value:+.3g} logits."
        )

    def data(self) -> dict[str, Any]:
        """The picture as a browser takes it: of edges a column each, the strongest first. The same object at
        every call."""
        return self._data

    @cached_property
    def _data(self) -> dict[str, Any]:
        blocks = None
        if self.blocks is not None:
            blocks = {name: self.values_in(name) for name in BLOCKS}
        found: dict[str, Any] = plain(
            {
                "id": self.id,
                "title": self.title,
                "summary": self.summary,
                "about": self.about,
                "writers": self.graph.writers,
                "readers": self.graph.readers,
                "from": [writer for _, writer in self.places],
                "to": [reader for reader, _ in self.places],
                "values": self.values,
                "blocks": blocks,
                "kinds": KINDS,
                "labels": {part: self.labels[part] for part in self.parts if part in self.labels},
                "layout": self.layout.data(),
                "strongest": self.strongest,
                "first": self.first,
                "most": MOST_DRAWN,
            }
        )
        return found


def picture_of(
    scores: EdgeScores,
    kept: Bool[np.ndarray, "reader writer"] | None = None,
    *,
    model: str = "",
    title: str = "",
    task: str = "",
    pairs: str = "",
    labels: Mapping[str, str] | None = None,
) -> CircuitPicture:
    """The picture of a circuit, or of all edges.

    Args:
        kept: the circuit's edges (as of :class:`interp.circuits.finder.Circuit`); left out, all.
        model: its name.
        title: left out, how many edges there are, and for what.
        task: what they are for, in words: ``frame``, ``all tasks``, ``one puzzle of frame``.
        pairs: by which they were scored, in words; left out, how many.
        labels: what parts do, in a word, by their names such as ``L1.H5``.

    Raises:
        PuzzlescopeError: if there is no edge to draw, or a score is not finite.
    """
    graph = scores.graph
    shown = graph.possible if kept is None else kept & graph.possible
    if not shown.any():
        raise PuzzlescopeError("This circuit has no edges: there is nothing to draw.")
    if not np.isfinite(scores.total[shown]).all():
        raise PuzzlescopeError("Some scores are not finite: these edges cannot be drawn.")
    n = int(shown.sum())
    counted = "1 pair" if scores.pairs == 1 else f"{scores.pairs} pairs"
    about = f"Effects in logits, {scores.made}."
    if scores.how is not None:
        about = f"Effects in logits, mean over {pairs or counted}, by {NAMES[scores.how]}."
    about += f" A cut edge reads {FILLS[scores.fill]}."
    return CircuitPicture(
        graph,
        scores.total,
        shown,
        scores.blocks,
        model,
        title
        or (f"All {n:,} edges" if kept is None else f"Circuit of {n:,} edges") + (task and f" for {task}"),
        about,
        kept is None,
        dict(labels or {}),
        task,
    )


def part_of(reader: str) -> str:
    """What a reader is a part of.

    >>> part_of("L3.H2.k"), part_of("L2.mlp"), part_of("logits")
    ('L3.H2', 'L2.mlp', 'logits')
    """
    return reader.rpartition(".")[0] if kind_of(reader) in ("q", "k", "v") else reader


def kind_of(reader: str) -> Kind:
    """Which kind of edge a reader reads."""
    kind: Any = reader.rpartition(".")[2]
    assert kind in KINDS
    found: Kind = kind
    return found


def rounded(value: float) -> float:
    """In as many digits as are drawn."""
    return float(f"{value:.{DIGITS}g}") + 0.0
