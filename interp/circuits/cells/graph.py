"""The graph of one answer cell: what flows from tokens, positions and biases through heads, MLPs and neurons
to the lead of one colour over another."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from interp.analyses.logit_lens import place_of
from interp.circuits.cells.roles import ROLES
from interp.circuits.cells.target import words_of
from interp.tokens import TOKEN_NAMES, cell_name

TOKEN, POSITION, BIASES, TARGET = "token", "position", "biases", "target"
NOT_FINITE = "What the model computes at {} is not finite: there is nothing to show."
SHOWN = 32
"""Boxes of a picture, the strongest first, besides the target."""


@dataclass(frozen=True)
class Node:
    """A component at the positions of one role.

    Attributes:
        part: ``token`` and ``position`` for the two embeddings, ``L1.H5``, ``L2.N517`` for a neuron,
            ``L2.mlp`` for the other neurons of that layer and its output's bias, ``biases`` for all that
            comes of no writer, ``target``.
        role: one of :data:`ROLES`; empty for the biases and the target.
    """

    part: str
    role: str = ""

    @property
    def text(self) -> str:
        return f"{self.part} @ {self.role}" if self.role else self.part

    @property
    def layer(self) -> int | None:
        """Of its component, if it is in one."""
        name, _, inside = self.part.partition(".")
        return int(name[1:]) if inside else None

    @property
    def rank(self) -> int:
        """How late it writes: sources first, each layer's heads before its neurons and the rest of its MLP,
        the target last."""
        if self.layer is None:
            return 10**6 if self.part == TARGET else 0
        return 1 + 2 * self.layer + (".H" not in self.part)


@dataclass(frozen=True)
class Flow:
    """What one node adds to the target by way of what another reads of it directly."""

    writer: Node
    reader: Node
    value: float


@dataclass(frozen=True, eq=False)
class CellGraph:
    """The exact linear attribution graph of one cell.

    Attention patterns, LayerNorm scales and ReLU gates are held at the run's values. A *flow* is what the
    reader's direct reading of the writer adds to the target, by all ways from the reader on: the writer's
    output times the reader's own linear map times the target's gradient after the reader. So what flows into
    a node is what flows out of it, both are its value, and what flows into the target sums to the target.

    Attributes:
        cell: of the answer, 0..99.
        toward, over: the tokens compared; ``None`` for the mean of all colours.
        target: the lead of one over the other, by the run's own logits.
        nodes: in the order of the run: sources, components, the target last.
        values: what each node adds to the target by all ways; of the target itself, the target. Taken from
            what it writes, not from the flows.
        flows: from each node into each other.
    """

    cell: int
    toward: int
    over: int | None
    target: float
    nodes: tuple[Node, ...]
    values: Float[np.ndarray, " node"]
    flows: Float[np.ndarray, "reader writer"]

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        return self.values.nbytes + self.flows.nbytes

    @property
    def words(self) -> str:
        """What is compared where."""
        return f"{words_of(self.toward, self.over)} at {cell_name(self.cell)}"

    @cached_property
    def influence(self) -> Float[np.ndarray, " node"]:
        """How much of the target hangs on each node, by all ways and whatever their sign, 1 for the target:
        of a node's influence each writer into it has the share that its flow has of their absolute sum
        (Ameisen et al., 2025, "Circuit Tracing", the appendix on pruning)."""
        sizes = np.abs(self.flows)
        sums = sizes.sum(1)
        found = np.zeros(len(self.nodes))
        found[-1] = 1.0
        for reader in reversed(range(len(self.nodes))):
            if found[reader] and sums[reader]:
                found += found[reader] / sums[reader] * sizes[reader]
        return found

    def strongest(self, n: int = SHOWN) -> tuple[int, ...]:
        """The numbers of the ``n`` nodes of most influence and of the target, in the order of the run."""
        order = np.argsort(-self.influence[:-1], kind="stable")[:n]
        return (*sorted(k for k in order.tolist() if self.influence[k] > 0), len(self.nodes) - 1)

    def completeness(self, kept: tuple[int, ...]) -> float:
        """Which share of what flows into the kept nodes comes from kept ones, each node by its influence, and
        a source complete by itself; 1 where nothing is left out (the score of that name in "Circuit
        Tracing", with what is left out in the place of errors)."""
        chosen = np.isin(np.arange(len(self.nodes)), kept)
        sizes = np.abs(self.flows)[chosen]
        sums = sizes.sum(1)
        share = np.divide(sizes[:, chosen].sum(1), sums, out=np.ones_like(sums), where=sums > 0)
        weight = self.influence[chosen]
        return float((share * weight).sum() / weight.sum())

    def between(self, kept: tuple[int, ...]) -> tuple[Flow, ...]:
        """The flows among these nodes, the largest first."""
        return tuple(self._sorted(np.isin(np.arange(len(self.nodes)), kept)))

    def into(self, node: int, n: int) -> tuple[Flow, ...]:
        """The ``n`` largest flows into a node."""
        order = np.argsort(-np.abs(self.flows[node]), kind="stable")[:n].tolist()
        return tuple(self._flow(node, k) for k in order if self.flows[node, k])

    def out_of(self, node: int, n: int) -> tuple[Flow, ...]:
        """The ``n`` largest flows out of a node."""
        order = np.argsort(-np.abs(self.flows[:, node]), kind="stable")[:n].tolist()
        return tuple(self._flow(k, node) for k in order if self.flows[k, node])

    def rows(self, n: int = 1000) -> tuple[dict[str, Any], ...]:
        """A row a flow for :class:`interp.export.tables.Table`, the ``n`` largest; then the target."""
        told = {
            **place_of(self.cell),
            "toward": TOKEN_NAMES[self.toward],
            "over": "mean" if self.over is None else TOKEN_NAMES[self.over],
        }
        found = []
        for flow in self._sorted(np.ones(len(self.nodes), bool))[:n]:
            ends = {"writer": flow.writer, "reader": flow.reader}
            names = {name: end.part for name, end in ends.items()}
            roles = {f"{name}_role": end.role for name, end in ends.items()}
            found.append({**told, **names, **roles, "flow": flow.value})
        sums = {"writer": "sum", "reader": TARGET, "writer_role": "", "reader_role": "", "flow": self.target}
        return (*found, {**told, **sums})

    def summary(self) -> str:
        """What flows in, and the strongest direct flows, in sentences."""
        if not np.isfinite(self.flows).all():
            return NOT_FINITE.format(cell_name(self.cell))
        largest = ", ".join(f"{flow.writer.text} {flow.value:+.2f}" for flow in self.into(-1, 3))
        return (
            f"The lead of {self.words} is {self.target:+.3f}; what flows into it sums to"
            f" {float(self.flows[-1].sum()):+.3f}. Most comes straight from {largest}."
        )

    def _sorted(self, chosen: Bool[np.ndarray, " node"]) -> list[Flow]:
        readers, writers = np.nonzero(np.where(chosen[:, None] & chosen, self.flows, 0))
        order = np.argsort(-np.abs(self.flows[readers, writers]), kind="stable").tolist()
        return [self._flow(int(readers[k]), int(writers[k])) for k in order]

    def _flow(self, reader: int, writer: int) -> Flow:
        return Flow(self.nodes[writer], self.nodes[reader], float(self.flows[reader, writer]))


def nodes_of(parts: tuple[str, ...]) -> Iterator[Node]:
    """A node for every part and role, then the biases and the target."""
    yield from (Node(part, role) for part in parts for role in ROLES)
    yield from (Node(BIASES), Node(TARGET))
