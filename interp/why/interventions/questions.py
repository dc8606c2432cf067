"""Interventions on a head as questions."""

from collections.abc import Iterable
from dataclasses import dataclass

from interp.ablation import Component, Need, ReferenceMeans, parse_method
from interp.analyses.question import Question
from interp.export.programs import program_of, puzzle_of
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle, load_puzzles, puzzle_name
from interp.resumable import Steps
from interp.why.interventions.elsewhere import INSERTED, PERIODS, with_filler, with_period
from interp.why.interventions.one_side import one_side
from interp.why.interventions.results import POSITION, Elsewhere, Interventions, Shift, Side
from interp.why.interventions.rows import Rows
from interp.why.interventions.shift import pointer_shift


def _rows(puzzles: tuple[Puzzle, ...]) -> Rows:
    return Rows.of_puzzles(puzzles, load_puzzles("bank"))


def _program(model: str, puzzles: Iterable[Puzzle], head: Component, work: list[str]) -> str:
    listed = ", ".join(puzzle_of(puzzle_name(puzzle)) for puzzle in puzzles)
    setup = [
        f"model = load_model({model!r})",
        "bank = load_puzzles('bank')",
        f"rows = Rows.of_puzzles([{listed}], bank)",
        f"head = parse_component({head.text!r}, model.cfg)",
    ]
    return program_of(setup, work)


@dataclass(frozen=True)
class PointerShift(Question[Shift]):
    """Where the peak of a head's attention goes when one side of it reads another position
    (:func:`pointer_shift`), over some puzzles."""

    puzzles: tuple[Puzzle, ...]
    head: Component
    back: int
    side: Side = "queries"
    moved: str = POSITION

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[None, Shift]:
        rows = _rows(self.puzzles)
        return pointer_shift.steps(model, rows, self.head, self.back, side=self.side, moved=self.moved)

    def program(self, model: str) -> str:
        return _program(
            model,
            self.puzzles,
            self.head,
            [
                f"found = pointer_shift(model, rows, head, {self.back:d}, side={self.side!r},"
                f" moved={self.moved!r})",
                "print(found.summary())",
                "for row in found.rows():",
                "    print(row['shift'], row['displacement'], row['followed'])",
            ],
        )


@dataclass(frozen=True)
class OneSide(Question[Interventions]):
    """What a head loses when its queries or its keys read something of another run (:func:`one_side`), over
    some puzzles.

    Attributes:
        pattern: the loss with its mean attention pattern is measured as well, for which these are taken over
            the bank first.
    """

    puzzles: tuple[Puzzle, ...]
    head: Component
    back: int
    pattern: bool = False

    @property
    def means_over(self) -> tuple[Need, ...]:
        return parse_method("pattern").needs(self.puzzles) if self.pattern else ()

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[None, Interventions]:
        return one_side.steps(
            model, _rows(self.puzzles), self.head, self.back, means if self.pattern else None
        )

    def program(self, model: str) -> str:
        return _program(
            model,
            self.puzzles,
            self.head,
            [
                f"found = one_side(model, rows, head, {self.back:d})",
                "print(found.summary())",
                "for row in found.rows():",
                "    print(row['intervention'], row['side'], row['writer'], row['log_odds'], row['lost'])",
            ],
        )


@dataclass(frozen=True)
class LooksElsewhere(Question[tuple[Elsewhere, ...]]):
    """Where a head looks on puzzles with tokens inserted before the answer, and on random colours that
    repeat."""

    puzzles: tuple[Puzzle, ...]
    head: Component
    back: int
    inserted: tuple[int, ...] = INSERTED
    periods: tuple[int, ...] = PERIODS

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[None, tuple[Elsewhere, ...]]:
        return self._steps(model)

    def _steps(self, model: PuzzleGPT) -> Steps[None, tuple[Elsewhere, ...]]:
        rows, found = _rows(self.puzzles), []
        for amount in self.inserted:
            found.append((yield from with_filler.steps(model, rows, self.head, self.back, amount)))
        for period in self.periods:
            found.append((yield from with_period.steps(model, self.head, self.back, period)))
        return tuple(found)

    def program(self, model: str) -> str:
        names = ("kind", "amount", "key", "offset", "attention", "peak")
        shown = f"        print({', '.join(f'row[{name!r}]' for name in names)})"
        return _program(
            model,
            self.puzzles,
            self.head,
            [
                f"for amount in {self.inserted!r}:",
                f"    for row in with_filler(model, rows, head, {self.back:d}, amount).rows():",
                shown,
                f"for period in {self.periods!r}:",
                f"    for row in with_period(model, head, {self.back:d}, period).rows():",
                shown,
            ],
        )
