"""What a model answers with some edges cut, as a question."""

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
from interp.model import PuzzleGPT
from interp.puzzles import load_puzzles
from interp.resumable import Steps, resumable


@dataclass(frozen=True, eq=False)  # arrays have no truth value to compare by
class Cut:
    """An answer with edges cut.

    Attributes:
        drawn: the tokens of its cells, by greedy decoding.
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
    runs = yield from CircuitRuns.begun(weights, [pair], asked.fill, bank)
    both = []
    for mask in (graph.possible, kept):
        both.append(runs.metrics(mask)[0])
        yield None
    guess = runs.answers[0]
    while True:
        logits = (yield from runs.given(0, guess)).logits(kept)[0]
        drawn = logits.argmax(-1).cpu().numpy()
        if (drawn == guess).all():
            probabilities = logits.double().softmax(-1).cpu().numpy()
            return Cut(drawn, probabilities, (float(both[0]), float(both[1])))
        guess = drawn
        yield None
