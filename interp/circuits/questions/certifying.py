"""A circuit's certificate as a question: it goes on from the effects of the edges, whose order it judges
too."""

from dataclasses import dataclass
from typing import Any

from interp.analyses.question import BasedQuestion
from interp.circuits.certificate import RANDOM, Certificate, Curve, certify, curve
from interp.circuits.finder import Circuit
from interp.circuits.graph import Edge
from interp.circuits.questions.effects import EdgeEffects, Effects
from interp.circuits.questions.sample import Pairs
from interp.circuits.runs import CircuitRuns
from interp.circuits.scores import EdgeScores
from interp.engine.forward import weights_of
from interp.export.programs import program_of
from interp.model import PuzzleGPT
from interp.resumable import Steps, resumable

FULL = 100
"""Random circuits of a full certificate."""


class Certified:
    """A certificate, as far as it is there.

    Attributes:
        certificate: the circuit held against held-out pairs.
        curve: the order of the edges, held against them: faithfulness over size.
    """

    def __init__(self) -> None:
        self.certificate: Certificate | None = None
        self.curve: Curve | None = None
        self._steps = 0

    @property
    def fraction(self) -> float:
        """How much is done, 0 to 1."""
        return 1.0 if self.complete else 1 - 0.97**self._steps

    @property
    def complete(self) -> bool:
        return self.certificate is not None and self.curve is not None

    @property
    def nbytes(self) -> int:
        """It holds a few numbers."""
        return 4096

    def advance(self) -> None:
        self._steps += 1


@dataclass(frozen=True)
class CertificateOf(BasedQuestion[Certified]):
    """How good a circuit is, on pairs that it was not found by. The result fills up.

    Attributes:
        effects: by which its edges were put in order.
        edges: of the circuit.
        pairs: to hold it against.
        full: with more random circuits, and all that takes minutes.
    """

    effects: EdgeEffects
    edges: tuple[Edge, ...]
    pairs: Pairs
    full: bool = False

    @property
    def basis(self) -> EdgeEffects:
        return self.effects

    def of_basis(self, model: PuzzleGPT, found: Effects) -> Steps[Certified, Certified]:
        return certificate_of.steps(model, self, found)

    def program(self, model: str) -> str:
        edges = [edge.text for edge in self.edges]
        return program_of(
            [f"model = load_model({model!r})", f"pairs = {self.pairs.python}", "graph = Graph(model.cfg)"],
            [
                f"kept = graph.mask(map(graph.parse, {edges!r}))",
                f"print(certify(model, Circuit(graph, kept, 0.0), pairs, n_random={self.n_random}))",
            ],
        )

    @property
    def n_random(self) -> int:
        """Random circuits that it is compared with."""
        return FULL if self.full else RANDOM


@resumable
def certificate_of(model: PuzzleGPT, asked: CertificateOf, effects: Effects) -> Steps[Any, Certified]:
    """Hold a circuit against held-out pairs.

    Args:
        effects: the answer of ``asked.effects``.

    Yields:
        The state once, at the start: it fills up. Then ``None``.
    """
    state, scores = Certified(), effects.scores
    assert isinstance(scores, EdgeScores)
    yield state
    pairs, graph = asked.pairs.all(), scores.graph
    circuit = Circuit(graph, graph.mask(asked.edges), 0.0)
    steps = certify.steps(model, circuit, pairs, n_random=asked.n_random)
    state.certificate = yield from _pausing(state, steps)
    runs = CircuitRuns(weights_of(model), pairs)
    state.curve = yield from _pausing(state, curve.steps(runs, scores))
    return state


def _pausing(state: Certified, steps: Steps[Any, Any]) -> Steps[None, Any]:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
        state.advance()
        yield None
