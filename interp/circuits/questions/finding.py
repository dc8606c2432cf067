"""The search for a small circuit as a question: it goes on from the effects of the edges."""

from dataclasses import dataclass
from typing import Any, Literal

from interp.analyses.question import BasedQuestion
from interp.circuits.finder import FAITHFUL, By, Circuit, Target, eliminate, top_circuit, wider
from interp.circuits.questions.effects import EdgeEffects, Effects
from interp.circuits.runs import CircuitRuns
from interp.circuits.scores import EdgeScores
from interp.engine.forward import weights_of
from interp.export.programs import program_of
from interp.model import PuzzleGPT
from interp.puzzles import load_puzzles
from interp.resumable import Steps, resumable

Phase = Literal["growing", "eliminating", "done"]


USUAL = Target("faithfulness", FAITHFUL)


class Search:
    """A search for a circuit, as far as it is.

    Attributes:
        circuit: the smallest so far that does what is wanted, or, while edges are still added, the last that
            was tried.
        tried: edges and faithfulness of every circuit on the way.
        phase: edges are added, dropped again, or it is over.
    """

    def __init__(self, target: Target):
        self.target = target
        self.circuit: Circuit | None = None
        self.tried: tuple[tuple[int, float], ...] = ()
        self.phase: Phase = "growing"

    @property
    def fraction(self) -> float:
        """How much is done, 0 to 1; how many rounds there will be is not known, so it only grows."""
        return 1.0 if self.phase == "done" else 1 - 0.95 ** len(self.tried)

    @property
    def complete(self) -> bool:
        return self.phase == "done"

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        return 0 if self.circuit is None else self.circuit.kept.nbytes

    def take(self, circuit: Circuit, phase: Phase) -> None:
        """Another circuit of the search."""
        self.tried = (*self.tried, (len(circuit), circuit.faithfulness))
        self.circuit, self.phase = circuit, phase

    def rows(self, scores: EdgeScores) -> tuple[dict[str, Any], ...]:
        """A row an edge of the circuit, the largest absolute scores first."""
        assert self.circuit is not None
        kept = {edge.text for edge in self.circuit.edges}
        return tuple(row for row in scores.rows() if f"{row['writer']}->{row['reader']}" in kept)

    def summary(self) -> str:
        """What was found, in a sentence."""
        found = self.circuit
        if found is None:
            return ""
        return (
            f"{len(found)} of {found.graph.n_edges:,} edges keep {found.faithfulness:.0%} of what tells a"
            " pair's ends apart."
        )


@dataclass(frozen=True)
class CircuitOf(BasedQuestion[Search]):
    """The few edges that some pairs need. The result fills up.

    Attributes:
        effects: by which edges are put in order; it is looked for over the same pairs.
        target: how large it is to be.
        signed: the top edges by score; by absolute score otherwise.
        by: it is made of edges, or of whole heads and MLPs.
        eliminate: what can go is dropped again, edge by edge, exactly.
    """

    effects: EdgeEffects
    target: Target = USUAL
    signed: bool = False
    by: By = "edges"
    eliminate: bool = True

    @property
    def basis(self) -> EdgeEffects:
        return self.effects

    def of_basis(self, model: PuzzleGPT, found: Effects) -> Steps[Search, Search]:
        return circuit_of.steps(model, self, found)

    def program(self, model: str) -> str:
        return program_of(
            self.effects.loaded(model),
            [
                f"scores = {self.effects.call()}",
                *self.lines(),
                "for edge in found.edges:",
                "    print(edge.text)",
                "print(len(found), 'edges keep', found.faithfulness)",
            ],
        )

    def lines(self) -> list[str]:
        """Lines that make the circuit, ``found``, of the ``scores``."""
        fill = "" if self.effects.fill == "pair" else f", {self.effects.fill!r}, bank"
        options = [f"Target({self.target.kind!r}, {self.target.amount!r})"]
        options += ["signed=True"] if self.signed else []
        options += [f"by={self.by!r}"] if self.by != "edges" else []
        options += [] if self.eliminate else ["exact=False"]
        return [
            f"runs = CircuitRuns(weights_of(model), pairs{fill})",
            f"found = find_circuit(runs, scores, {', '.join(options)})",
        ]


@resumable
def circuit_of(model: PuzzleGPT, asked: CircuitOf, effects: Effects) -> Steps[Search, Search]:
    """Search for a circuit.

    Args:
        effects: the answer of ``asked.effects``.

    Yields:
        The state once, at the start: it fills up. Then ``None``.
    """
    state, scores = Search(asked.target), effects.scores
    assert scores is not None
    yield state
    pairs = asked.effects.pairs.all()
    bank = None if asked.effects.fill in ("pair", "zero") else load_puzzles("bank")
    runs = yield from CircuitRuns.begun(weights_of(model), pairs, asked.effects.fill, bank)
    begin = wider(asked.target, scores, asked.by) if asked.eliminate else asked.target
    for one in top_circuit.steps(runs, scores, begin, signed=asked.signed, by=asked.by):
        if one is not None:
            state.take(one, "growing")
        yield None
    if asked.eliminate:
        assert state.circuit is not None
        state.phase = "eliminating"
        for one in eliminate.steps(runs, state.circuit, asked.target):
            if one is not None:
                state.take(one, "eliminating")
            yield None
    state.phase = "done"
    return state
