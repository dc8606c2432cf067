"""The search for a small circuit as a question: it goes on from the effects of the edges."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from interp.analyses.question import BasedQuestion
from interp.circuits.finder import FAITHFUL, Circuit, Judge, eliminate, pairs_alike, sizes, top_circuit
from interp.circuits.graph import connected
from interp.circuits.questions.effects import EdgeEffects, Effects
from interp.circuits.runs import CircuitRuns
from interp.circuits.scores import EdgeScores
from interp.engine.forward import weights_of
from interp.errors import PuzzlescopeError
from interp.export.programs import program_of
from interp.model import PuzzleGPT
from interp.pairs import Pair
from interp.puzzles import load_puzzles
from interp.resumable import Steps, resumable

Phase = Literal["growing", "eliminating", "done"]


@dataclass(frozen=True)
class Target:
    """How large a circuit is to be: so many edges; or as many as are needed to be so faithful; or, where
    neither is said, to answer every puzzle right.

    Attributes:
        edges: the top so many, pruned to paths.
        faithfulness: of the gap between the pairs' ends, the share to keep.
    """

    edges: int | None = None
    faithfulness: float | None = None

    def __post_init__(self) -> None:
        if self.edges is not None and self.faithfulness is not None:
            raise PuzzlescopeError("A target is a number of edges or a faithfulness, not both.")
        if self.edges is not None and self.edges < 1:
            raise PuzzlescopeError(f"Expected at least 1 edge, got {self.edges}.")
        if self.faithfulness is not None and not 0 < self.faithfulness <= 1:
            raise PuzzlescopeError(f"Expected a faithfulness above 0 and up to 1, got {self.faithfulness:g}.")

    @property
    def words(self) -> str:
        """What it is, in a sentence."""
        if self.edges is not None:
            return f"the top {self.edges} edges"
        if self.faithfulness is not None:
            return f"{self.faithfulness:.0%} faithful"
        return "all answers right"


USUAL = Target(faithfulness=FAITHFUL)


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
        eliminate: what can go is dropped again, edge by edge, exactly.
    """

    effects: EdgeEffects
    target: Target = USUAL
    signed: bool = False
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
        lines = [f"runs = CircuitRuns(weights_of(model), pairs{fill})"]
        signed = ", signed=True" if self.signed else ""
        if self.target.edges is not None:
            top = f"scores.top({self.target.edges}{signed})"
            return [
                *lines,
                f"kept = connected(runs.graph, {top})",
                "found = Circuit(runs.graph, kept, Judge(runs).of(kept))",
            ]
        share = self.target.faithfulness if self.target.faithfulness is not None else FAITHFUL
        lines.append(f"found = top_circuit(runs, scores, {share}{signed})")
        return [*lines, f"found = eliminate(runs, found, {share})"] if self.eliminate else lines


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
    runs = CircuitRuns(weights_of(model), pairs, asked.effects.fill, bank)
    yield None
    if asked.target.edges is not None:
        kept = connected(runs.graph, scores.top(asked.target.edges, signed=asked.signed))
        state.take(Circuit(runs.graph, kept, Judge(runs).of(kept)), "done")
        return state
    if asked.target.faithfulness is None:
        yield from _solving(state, runs, scores, pairs, signed=asked.signed)
        return state
    for one in top_circuit.steps(runs, scores, asked.target.faithfulness, signed=asked.signed):
        if one is not None:
            state.take(one, "growing")
        yield None
    if asked.eliminate and state.circuit is not None:
        state.phase = "eliminating"
        for one in eliminate.steps(runs, state.circuit, asked.target.faithfulness):
            if one is not None:
                state.take(one, "eliminating")
            yield None
    state.phase = "done"
    return state


def _solving(
    state: Search, runs: CircuitRuns, scores: EdgeScores, pairs: tuple[Pair, ...], *, signed: bool
) -> Steps[None, None]:
    """Add edges until every puzzle is answered right."""
    judge, answers = Judge(runs), [np.asarray(pair.base.grids[3]) for pair in pairs]
    for n in sizes(runs.graph.n_edges):
        kept = connected(runs.graph, scores.top(n, signed=signed))
        state.take(Circuit(runs.graph, kept, judge.of(kept)), "growing")
        yield None
        _, solved = pairs_alike(runs, kept, answers)
        yield None
        if solved.all():
            state.phase = "done"
            return
    raise PuzzlescopeError(
        f"The whole model does not answer all of these {len(pairs)} puzzles right: ask for a faithfulness."
    )
