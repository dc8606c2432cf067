"""Which pairs a question of circuits is over, as a small frozen value."""

from dataclasses import dataclass, replace

from interp.circuits.attribution import check_pairs
from interp.errors import PuzzlescopeError
from interp.export.programs import puzzle_of
from interp.pairs import Kind, Pair, pair_for, shipped_pairs
from interp.puzzles import Puzzle, puzzle_name

USUAL = 8
"""Pairs to find a circuit by, and as many to hold it against."""


@dataclass(frozen=True)
class Pairs:
    """Some pairs: of those that come along, or the one of a puzzle.

    Attributes:
        kind: in what the two ends of each differ.
        task: whose pairs; ``None`` for those of all tasks in turn.
        n: at most so many.
        held_out: of those that come along, the ones that nothing is chosen by.
        puzzle: the one pair whose base it is, in place of those that come along.
        seed: which of its counterfactuals.
    """

    kind: Kind = "rule"
    task: str | None = None
    n: int = USUAL
    held_out: bool = False
    puzzle: Puzzle | None = None
    seed: int = 0

    def all(self) -> tuple[Pair, ...]:
        """The pairs.

        Raises:
            PuzzlescopeError: if there are none, or their positions do not align, or their answers do not
                differ.
        """
        if self.n < 1:
            raise PuzzlescopeError(f"Expected at least 1 pair, got {self.n}.")
        if self.puzzle is not None:
            found = [pair_for(self.puzzle, self.kind, self.seed)]
        else:
            found = shipped_pairs(self.kind, self.task, self.held_out)
            found = found[:: self._step(len(found))][: self.n]
        check_pairs(found)
        return tuple(found)

    def others(self) -> "Pairs":
        """Pairs to hold against what these have found: held out, of the same task and kind."""
        task = self.task if self.puzzle is None else self.puzzle.task
        return replace(self, task=task, n=max(self.n, USUAL), held_out=True, puzzle=None, seed=0)

    @property
    def python(self) -> str:
        """The pairs as Python."""
        if self.puzzle is not None:
            seed = f", seed={self.seed}" if self.seed else ""
            return f"[pair_for({puzzle_of(puzzle_name(self.puzzle))}, {self.kind!r}{seed})]"
        given = [repr(self.kind), repr(self.task), *(["held_out=True"] if self.held_out else [])]
        step = self._step(len(shipped_pairs(self.kind, self.task, self.held_out)))
        return f"shipped_pairs({', '.join(given)})[{f'::{step}][' if step > 1 else ''}:{self.n}]"

    @property
    def words(self) -> str:
        """What they are, in a sentence: "8 pairs of contact that differ in the rule"."""
        if self.puzzle is not None:
            return f"this puzzle and its counterfactual, which differ in the {self.kind}"
        which = "held-out pairs" if self.held_out else "pairs"
        return f"{self.n} {which} of {self.task or 'all tasks'} that differ in the {self.kind}"

    def _step(self, there: int) -> int:
        return max(1, there // self.n) if self.task is None else 1
