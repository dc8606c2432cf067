"""A circuit's certificate as a question: the quick one goes on from the effects of the edges, whose order it
judges too, and the full one from the quick one."""

from dataclasses import dataclass, replace
from typing import Any

from interp.analyses.question import BasedQuestion
from interp.circuits.certificate import AT_ONCE, RANDOM, Certificate, certify
from interp.circuits.checks.answers import AT_ONCE as COUNTED_AT_ONCE
from interp.circuits.checks.answers import COUNTED
from interp.circuits.finder import By, Circuit, Judge, Kept, Target
from interp.circuits.graph import Edge
from interp.circuits.questions.effects import EdgeEffects, Effects
from interp.circuits.questions.sample import Pairs
from interp.circuits.runs import CircuitRuns
from interp.circuits.writes import FILLS, Fills
from interp.engine.forward import weights_of
from interp.export.programs import program_of
from interp.model import PuzzleGPT
from interp.pairs import Pair
from interp.puzzles import load_puzzles
from interp.resumable import Steps, resumable

MEASURED = ("random", "apart", *FILLS)
"""What a full certificate has besides: more random circuits, what is missing and what is idle, each of the
fills. Each goes on from the one before and is kept when it is there: who comes back, after whatever became of
the server, has no more than one of them measured anew."""
PARTS = 3 + RANDOM["quick"] // AT_ONCE
MORE_PARTS = dict.fromkeys(MEASURED, 1) | {
    "random": 1 + (RANDOM["full"] - RANDOM["quick"]) // AT_ONCE,
    "apart": 2,
}
"""How often more of a quick certificate is known, and of each of these."""


class Certified:
    """A certificate, as far as it is there.

    Attributes:
        circuit: that it is of; its faithfulness is that over the pairs that it was found by.
        certificate: what is known of it on others.

    Args:
        full: whether it is a full one.
        last: of a full one, up to which of :data:`MEASURED` it goes.
        more: how often more of it is known besides :data:`PARTS`.
    """

    def __init__(self, full: bool, more: int = 0, last: int = len(MEASURED) - 1) -> None:
        self.full = full
        self.circuit: Circuit | None = None
        self.certificate: Certificate | None = None
        self.complete = False
        before = MEASURED[:last] if full else ()
        self._parts = sum(MORE_PARTS[name] for name in before)
        self._all_parts = sum(MORE_PARTS.values()) if full else PARTS + more
        self._last = not full or last == len(MEASURED) - 1

    @property
    def fraction(self) -> float:
        """How much is done, 0 to 1; of a full one that goes on, of all of it."""
        return 1.0 if self.complete and self._last else min(self._parts / self._all_parts, 0.99)

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
        full: with more random circuits, and all that takes minutes; it goes on from the quick one.
        target: what it was found for; ``None``: to be as faithful as on the pairs that it was found by.
        by: it is made of edges, or of whole heads and MLPs.
        signed: its edges were taken by score; by absolute score otherwise.
        last: of a full one, up to which of :data:`MEASURED` it goes.
    """

    effects: EdgeEffects
    edges: tuple[Edge, ...]
    pairs: Pairs
    full: bool = False
    target: Target | None = None
    by: By = "edges"
    signed: bool = False
    last: int = len(MEASURED) - 1

    @property
    def quick(self) -> "CertificateOf":
        """The same, quick."""
        return replace(self, full=False, last=len(MEASURED) - 1)

    @property
    def ways(self) -> "tuple[CertificateOf, ...]":
        """Of a full one those that it goes on from, after the quick one, and itself."""
        return tuple(replace(self, last=last) for last in range(self.last + 1))

    @property
    def basis(self) -> "EdgeEffects | CertificateOf":
        if not self.full:
            return self.effects
        return replace(self, last=self.last - 1) if self.last else self.quick

    @property
    def apart(self) -> bool:
        """Whether the pairs are others than those that the circuit was found by."""
        return self.pairs.held_out and not self.effects.pairs.held_out

    @property
    def counted(self) -> Pairs | None:
        """The pairs on which answers are counted, if they are what it was found for."""
        if self.target is None or self.target.kind != "solved" or not self.apart:
            return None
        return replace(self.pairs, n=max(COUNTED, self.pairs.n))

    def more(self) -> tuple[Pair, ...]:
        """Those of them that it is not held against anyway."""
        known = set(self.pairs.all())
        return () if self.counted is None else tuple(pair for pair in self.counted.all() if pair not in known)

    def of_basis(self, model: PuzzleGPT, found: "Effects | Certified") -> Steps[Certified, Certified]:
        return certificate_of.steps(model, self, found)

    def program(self, model: str) -> str:
        edges = [edge.text for edge in self.edges]
        options = ["circuit", "held_out", f"depth={'full' if self.full else 'quick'!r}", "scores=scores"]
        fill = "" if self.effects.fill == "pair" else f", {self.effects.fill!r}, bank"
        options += [f"fill={self.effects.fill!r}", "bank=bank"]
        if self.target is not None:
            options.append(f"target=Target({self.target.kind!r}, {self.target.amount!r})")
        options += ["signed=True"] if self.signed else []
        pairs = [f"held_out = {self.pairs.python}"]
        if self.counted is not None:
            pairs.append(f"more = [pair for pair in {self.counted.python} if pair not in held_out]")
            options.append("more=more")
        return program_of(
            [*self.effects.loaded(model), *pairs],
            [
                f"scores = {self.effects.call()}",
                f"kept = scores.graph.mask(map(scores.graph.parse, {edges!r}))",
                f"runs = CircuitRuns(weights_of(model), pairs{fill})",
                f"circuit = Circuit(scores.graph, kept, Judge(runs).of(kept), {self.by!r})",
                f"print(certify(model, {', '.join(options)}))",
            ],
        )


@resumable
def certificate_of(
    model: PuzzleGPT, asked: CertificateOf, basis: Effects | Certified
) -> Steps[Any, Certified]:
    """Hold a circuit against pairs.

    Args:
        basis: the answer of ``asked.basis``.

    Yields:
        The state once, at the start: it fills up. Then ``None``.
    """
    fill, bank, more = asked.effects.fill, load_puzzles("bank"), () if asked.full else asked.more()
    fills = Fills(weights_of(model), fill, bank)
    state = Certified(asked.full, len(more) // COUNTED_AT_ONCE, asked.last)
    scores = None
    if isinstance(basis, Certified):
        state.circuit, state.certificate = basis.circuit, basis.certificate
        yield state
    else:
        yield state
        scores = basis.scores
        assert scores is not None
        state.circuit = yield from _claimed(model, asked, scores.graph.mask(asked.edges), fills)
    assert state.circuit is not None
    for news in certify.steps(
        model,
        state.circuit,
        asked.pairs.all(),
        depth="full" if asked.full else "quick",
        scores=scores,
        target=asked.target,
        found_by=asked.effects.pairs.all() if asked.apart else (),
        fill=fill,
        bank=bank,
        fills=fills,
        signed=asked.signed,
        more=more,
        known=state.certificate,
        only=MEASURED[asked.last] if asked.full else None,
    ):
        if news is not None:
            state.take(news)
        yield None
    state.complete = True
    return state


def _claimed(model: PuzzleGPT, asked: CertificateOf, kept: Kept, fills: Fills) -> Steps[Any, Circuit]:
    """The circuit, with what it keeps on the pairs that it was found by."""
    weights, found_by = weights_of(model), asked.effects.pairs.all()
    runs = yield from CircuitRuns.begun(weights, found_by, asked.effects.fill, load_puzzles("bank"), fills)
    judge = yield from Judge.begun(runs)
    faithfulness = (yield from judge.each(kept[None]))[0]
    return Circuit(judge.graph, kept, float(faithfulness), asked.by)
