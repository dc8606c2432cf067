"""A circuit's certificate as a question: it goes on from the effects of the edges, whose order it judges
too."""

from dataclasses import dataclass
from typing import Any

from interp.analyses.question import BasedQuestion
from interp.circuits.certificate import AT_ONCE, RANDOM, Certificate, certify
from interp.circuits.finder import By, Circuit, Judge, Target
from interp.circuits.graph import Edge
from interp.circuits.questions.effects import EdgeEffects, Effects
from interp.circuits.questions.sample import Pairs
from interp.circuits.runs import CircuitRuns
from interp.circuits.writes import FILLS, Fills
from interp.engine.forward import weights_of
from interp.export.programs import program_of
from interp.model import PuzzleGPT
from interp.puzzles import load_puzzles
from interp.resumable import Steps, resumable

PARTS = {
    False: 3 + RANDOM["quick"] // AT_ONCE,
    True: 5 + RANDOM["full"] // AT_ONCE + len(FILLS),
}
"""Of a quick certificate and of a full one: how often more of it is known."""


class Certified:
    """A certificate, as far as it is there.

    Attributes:
        circuit: that it is of; its faithfulness is that over the pairs that it was found by.
        certificate: what is known of it on others.
    """

    def __init__(self, full: bool) -> None:
        self.full = full
        self.circuit: Circuit | None = None
        self.certificate: Certificate | None = None
        self.complete = False
        self._parts = 0

    @property
    def fraction(self) -> float:
        """How much is done, 0 to 1."""
        return 1.0 if self.complete else min(self._parts / PARTS[self.full], 0.99)

    @property
    def nbytes(self) -> int:
        """It holds a few numbers, and one for each edge."""
        return 4096 if self.circuit is None else 4096 + self.circuit.kept.nbytes

    def take(self, certificate: Certificate) -> None:
        """More of it is known."""
        self.certificate = certificate
        self._parts += 1


@dataclass(frozen=True)
class CertificateOf(BasedQuestion[Certified]):
    """How good a circuit is, on pairs that it was not found by. The result fills up.

    Attributes:
        effects: by which its edges were put in order, over the pairs that it was found by.
        edges: of the circuit.
        pairs: to hold it against.
        full: with more random circuits, and all that takes minutes.
        target: what it was found for; ``None``: to be as faithful as on the pairs that it was found by.
        by: it is made of edges, or of whole heads and MLPs.
    """

    effects: EdgeEffects
    edges: tuple[Edge, ...]
    pairs: Pairs
    full: bool = False
    target: Target | None = None
    by: By = "edges"

    @property
    def basis(self) -> EdgeEffects:
        return self.effects

    @property
    def apart(self) -> bool:
        """Whether the pairs are others than those that the circuit was found by."""
        return self.pairs.held_out and not self.effects.pairs.held_out

    def of_basis(self, model: PuzzleGPT, found: Effects) -> Steps[Certified, Certified]:
        return certificate_of.steps(model, self, found)

    def program(self, model: str) -> str:
        edges = [edge.text for edge in self.edges]
        options = ["circuit", "held_out", f"depth={'full' if self.full else 'quick'!r}", "scores=scores"]
        fill = "" if self.effects.fill == "pair" else f", {self.effects.fill!r}, bank"
        options += [f"fill={self.effects.fill!r}", "bank=bank"]
        if self.target is not None:
            options.append(f"target=Target({self.target.kind!r}, {self.target.amount!r})")
        return program_of(
            [*self.effects.loaded(model), f"held_out = {self.pairs.python}"],
            [
                f"scores = {self.effects.call()}",
                f"kept = scores.graph.mask(map(scores.graph.parse, {edges!r}))",
                f"runs = CircuitRuns(weights_of(model), pairs{fill})",
                f"circuit = Circuit(scores.graph, kept, Judge(runs).of(kept), {self.by!r})",
                f"print(certify(model, {', '.join(options)}))",
            ],
        )


@resumable
def certificate_of(model: PuzzleGPT, asked: CertificateOf, effects: Effects) -> Steps[Any, Certified]:
    """Hold a circuit against pairs.

    Args:
        effects: the answer of ``asked.effects``.

    Yields:
        The state once, at the start: it fills up. Then ``None``.
    """
    state, scores, fill = Certified(asked.full), effects.scores, asked.effects.fill
    assert scores is not None
    yield state
    bank, found_by = load_puzzles("bank"), asked.effects.pairs.all()
    kept = scores.graph.mask(asked.edges)
    weights = weights_of(model)
    fills = Fills(weights, fill, bank)
    runs = yield from CircuitRuns.begun(weights, found_by, fill, bank, fills)
    judge = yield from Judge.begun(runs)
    claimed = (yield from judge.each(kept[None]))[0]
    state.circuit = Circuit(scores.graph, kept, float(claimed), asked.by)
    for news in certify.steps(
        model,
        state.circuit,
        asked.pairs.all(),
        depth="full" if asked.full else "quick",
        scores=scores,
        target=asked.target,
        found_by=found_by if asked.apart else (),
        fill=fill,
        bank=bank,
        fills=fills,
    ):
        if news is not None:
            state.take(news)
        yield None
    state.complete = True
    return state
