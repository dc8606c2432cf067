"""The effects of all edges as a question: scored pair by pair, the mean so far shown on the way."""

from dataclasses import dataclass, replace
from typing import Any

from interp.ablation import ReferenceMeans
from interp.analyses.question import Question
from interp.circuits.attribution import STEPS, attribute_edges
from interp.circuits.exact import exact_edges
from interp.circuits.questions.sample import Pairs
from interp.circuits.scores import EdgeScores, How
from interp.circuits.writes import Fill
from interp.export.programs import program_of
from interp.model import PuzzleGPT
from interp.pairs import Pair
from interp.puzzles import load_puzzles
from interp.resumable import Steps, resumable

USUAL_PAUSES = 32
"""Of one pair, before one has been scored: by how much its share moves on with each pause is then known."""
ALMOST = 0.95
"""Of a pair, the most that is told before it is there."""


class Effects:
    """What is known so far of all edges.

    Args:
        n: how many pairs there are.

    Attributes:
        scores: the mean over the pairs so far, with every pair's own; ``None`` before the first.
    """

    def __init__(self, n: int):
        self.n = n
        self.scores: EdgeScores | None = None
        self._within = 0.0

    @property
    def known(self) -> int:
        """Over how many pairs all is told."""
        return 0 if self.scores is None else self.scores.pairs

    @property
    def fraction(self) -> float:
        """How much of it is done, 0 to 1."""
        return min(1.0, (self.known + self._within) / self.n)

    @property
    def complete(self) -> bool:
        return self.known == self.n

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        own = self.scores
        arrays = [] if own is None else [own.total, own.blocks, own.each]
        return sum(0 if one is None else one.nbytes for one in arrays)

    def over(self, n: int) -> EdgeScores:
        """The mean over the first so many pairs, without its parts by block."""
        own = self.scores
        assert own is not None and own.each is not None and 0 < n <= own.pairs
        first = own.each[:n]
        return replace(own, total=first.mean(0), blocks=None, each=first, pairs=n)

    def take(self, mean: EdgeScores) -> None:
        """One more pair is scored.

        Args:
            mean: over the pairs so far.
        """
        self._within, self.scores = 0.0, mean

    def advance(self, share: float) -> None:
        """So much of the next pair is done, 0 to 1."""
        self._within = min(share, ALMOST)

    def rows(self) -> tuple[dict[str, Any], ...]:
        """A row an edge (:meth:`EdgeScores.rows`); none before the first pair."""
        return () if self.scores is None else self.scores.rows()

    def summary(self) -> str:
        """The dearest edge, in a sentence."""
        return "" if self.scores is None else self.scores.summary()


@dataclass(frozen=True)
class EdgeEffects(Question[Effects]):
    """What every edge is worth over some pairs. The result fills up, pair by pair.

    Attributes:
        pairs: over which.
        how: edges are scored (:data:`interp.circuits.scores.HOWS`).
        fill: what a cut edge reads.
        attention: edges into queries and keys are scored by the changed pattern.
        look: it is the first look at what another question tells better.
    """

    pairs: Pairs
    how: How = "eap-ig"
    fill: Fill = "pair"
    attention: bool = False
    look: bool = False

    @property
    def first_look(self) -> bool:
        return self.look

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[Effects, Effects]:
        return effects_of.steps(model, self)

    def program(self, model: str) -> str:
        return program_of(
            self.loaded(model),
            [
                f"scores = {self.call()}",
                "for edge, score in scores.ranking()[:20]:",
                "    print(f'{edge.text:20} {score:+.4f}')",
            ],
        )

    def loaded(self, model: str) -> list[str]:
        """Lines that make the ``model``, the ``bank`` and the ``pairs``."""
        bank = ["bank = load_puzzles('bank')"]
        return [f"model = load_model({model!r})", *bank, f"pairs = {self.pairs.python}"]

    def call(self) -> str:
        """The call that computes the scores, as Python: of ``model`` and ``pairs``."""
        options = [] if self.fill == "pair" else [f"fill={self.fill!r}", "bank=bank"]
        if self.how == "exact":
            return f"exact_edges({', '.join(['model', 'pairs', *options])})"
        options += [] if self.how == "eap-ig" else ["steps=0"]
        options += ["attention=True"] if self.attention else []
        return f"attribute_edges({', '.join(['model', 'pairs', *options])})"


@resumable
def effects_of(model: PuzzleGPT, asked: EdgeEffects) -> Steps[Effects, Effects]:
    """Score all edges, one pair after the other.

    Yields:
        The state once, at the start: it fills up. Then ``None``.
    """
    pairs = asked.pairs.all()
    state, usual, pauses = Effects(len(pairs)), USUAL_PAUSES, 0
    yield state
    for news in _scored(model, asked, pairs):
        if news is not None:
            state.take(news)
            usual, pauses = max(1, pauses), 0
        else:
            pauses += 1
            state.advance(pauses / usual)
        yield None
    return state


def _scored(model: PuzzleGPT, asked: EdgeEffects, pairs: tuple[Pair, ...]) -> Steps[EdgeScores, EdgeScores]:
    """The mean scores over the pairs so far, after every pair."""
    bank = None if asked.fill in ("pair", "zero") else load_puzzles("bank")
    if asked.how == "exact":
        return exact_edges.steps(model, pairs, fill=asked.fill, bank=bank)
    steps = STEPS if asked.how == "eap-ig" else 0
    return attribute_edges.steps(
        model, pairs, steps=steps, attention=asked.attention, fill=asked.fill, bank=bank
    )
