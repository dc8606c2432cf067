"""What a model answers with some edges cut, as a question."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from interp.ablation import ReferenceMeans
from interp.analyses.question import Question
from interp.circuits.graph import Edge, Graph
from interp.circuits.questions.sample import Pairs
from interp.circuits.runs import CircuitRuns
from interp.circuits.writes import Fill
from interp.engine.forward import weights_of
from interp.export.programs import program_of
from interp.grids import CELLS, N_COLORS
from interp.model import PuzzleGPT
from interp.pairs import Pair
from interp.puzzles import Puzzle, load_puzzles
from interp.resumable import Steps, resumable


@dataclass(frozen=True, eq=False)  # arrays have no truth value to compare by
class Cut:
    """An answer with edges cut.

    Attributes:
        drawn: the colours of its cells, by greedy decoding.
        probabilities: of all tokens at each of its cells, given those that it drew before.
        difference: of the logits over the contrast cells, given the true answer, in the whole model and with
            the edges cut.
    """

    drawn: Int[np.ndarray, " 100"]
    probabilities: Float[np.ndarray, "100 15"]
    difference: tuple[float, float]


@dataclass(frozen=True)
class AnswerWithout(Question[Cut]):
    """What the model answers a puzzle with some edges cut.

    Attributes:
        pairs: the pair of the puzzle.
        edges: that are cut.
        fill: what they read.
        only: these edges are the ones that are kept instead, and all others are cut.
    """

    pairs: Pairs
    edges: tuple[Edge, ...]
    fill: Fill = "pair"
    only: bool = False

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[None, Cut]:
        return answer_without.steps(model, self)

    def program(self, model: str) -> str:
        fill = "" if self.fill == "pair" else f", {self.fill!r}, bank"
        edges = [edge.text for edge in self.edges]
        kept = "cut" if self.only else "runs.graph.possible & ~cut"
        return program_of(
            [f"model = load_model({model!r})", "bank = load_puzzles('bank')", f"pairs = {self.pairs.python}"],
            [
                f"runs = CircuitRuns(weights_of(model), pairs{fill})",
                f"cut = runs.graph.mask(map(runs.graph.parse, {edges!r}))",
                f"print(runs.metrics({kept}))",
            ],
        )


@resumable
def answer_without(model: PuzzleGPT, asked: AnswerWithout) -> Steps[None, Cut]:
    """The answer of the first of the pairs' bases, by greedy decoding, with edges cut.

    A cell depends on those before it only, so all cells are drawn at the same time, given a guess, and those
    up to the first that differs from the guess are what greedy decoding draws; what was drawn is the next
    guess. Answers that are nearly right take two or three runs, the worst one a cell.
    """
    weights, (pair, *_) = weights_of(model), asked.pairs.all()
    graph = Graph(model.cfg)
    named = graph.mask(asked.edges)
    kept = named if asked.only else graph.possible & ~named
    bank = None if asked.fill in ("pair", "zero") else load_puzzles("bank")
    whole = CircuitRuns(weights, [pair], asked.fill, bank)
    yield None
    difference = [float(whole.metrics(mask)[0]) for mask in (graph.possible, kept)]
    yield None
    guess = pair.base.grids[3].ravel().astype(np.int64)
    while True:
        runs = CircuitRuns(weights, [_given(pair, guess)], asked.fill, bank)
        logits = runs.logits(kept)[0]
        drawn = logits[:, :N_COLORS].argmax(-1).cpu().numpy()
        if (drawn == guess).all():
            probabilities = logits.double().softmax(-1).cpu().numpy()
            return Cut(drawn, probabilities, (difference[0], difference[1]))
        guess = drawn
        yield None


def _given(pair: Pair, answer: Int[np.ndarray, " 100"]) -> Pair:
    """The pair with these cells as its base's answer; the other end has another, whatever it is."""
    other = answer.copy()
    other[-1] = (other[-1] + 1) % N_COLORS
    base, counterfactual = (
        _answered(puzzle, own) for puzzle, own in ((pair.base, answer), (pair.counterfactual, other))
    )
    return Pair(base, counterfactual, pair.kind, pair.task, pair.variable)


def _answered(puzzle: Puzzle, answer: Sequence[int] | Int[np.ndarray, " 100"]) -> Puzzle:
    tokens = puzzle.tokens.copy()
    tokens[-CELLS:] = answer
    return Puzzle.of(puzzle.task, tokens)
