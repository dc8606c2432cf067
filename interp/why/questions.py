"""Why a head looks there, as questions of the backend."""

from collections.abc import Iterable
from dataclasses import dataclass

from interp.ablation import Component, Need, ReferenceMeans
from interp.ablation.needs import MeansOver, structures_of
from interp.analyses.question import Question
from interp.export.programs import program_of, puzzle_of
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle, puzzle_name
from interp.resumable import Steps
from interp.why.phase import DRAWS, Phase, head_phase
from interp.why.split import CellSplit, HeadSplit
from interp.why.splitting import cell_split, split_heads
from interp.why.verdict import HeadReason, head_reason


@dataclass(frozen=True)
class PhaseOf(Question[Phase]):
    """The phases of a head's weights, with the chance of their peak."""

    head: Component

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[None, Phase]:
        yield from ()  # it is done in one step
        return head_phase(model, self.head, draws=DRAWS)

    def program(self, model: str) -> str:
        """Where the weights point.

        >>> print(PhaseOf(Component(1, "head", 5)).program("default"))
        from interp import head_phase, load_model, parse_component
        <BLANKLINE>
        model = load_model('default')
        head = parse_component('L1.H5', model.cfg)
        <BLANKLINE>
        print(head_phase(model, head, draws=200).summary())
        """
        setup = [f"model = load_model({model!r})", _head_line(self.head)]
        return program_of(setup, [f"print(head_phase(model, head, draws={DRAWS}).summary())"])


@dataclass(frozen=True)
class SplitsOf(Question[tuple[HeadSplit, ...]]):
    """The scores of every head taken apart, over some puzzles, each at the offset where it looks most."""

    puzzles: tuple[Puzzle, ...]

    @property
    def means_over(self) -> tuple[Need, ...]:
        return _means_over(self.puzzles)

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[None, tuple[HeadSplit, ...]]:
        return _in_order(split_heads.steps(model, self.puzzles, means))

    def program(self, model: str) -> str:
        return program_of(
            _setup(model, self.puzzles),
            ["for split in split_heads(model, puzzles).values():", "    print(split.summary())"],
        )


@dataclass(frozen=True)
class SplitOf(Question[HeadSplit]):
    """The scores of one head taken apart, over some puzzles.

    Attributes:
        back: how many positions before the query the key asked about lies; ``None`` for where it looks most.
    """

    puzzles: tuple[Puzzle, ...]
    head: Component
    back: int | None = None

    @property
    def means_over(self) -> tuple[Need, ...]:
        return _means_over(self.puzzles)

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[None, HeadSplit]:
        return _only(split_heads.steps(model, self.puzzles, means, [self.head], self.back), self.head)

    def program(self, model: str) -> str:
        return program_of(
            [*_setup(model, self.puzzles), _head_line(self.head)],
            [
                f"split = split_heads(model, puzzles, heads=[head], back={self.back!r})[head]",
                "print(split.summary())",
                "for term in split.strongest(20):",
                "    print(f'{term.text:50} {term.nats:+.3f}')",
            ],
        )


@dataclass(frozen=True)
class CellSplitOf(Question[CellSplit]):
    """One score of a head in one puzzle taken apart.

    Attributes:
        query, key: positions, start token included.
    """

    puzzle: Puzzle
    head: Component
    query: int
    key: int

    @property
    def means_over(self) -> tuple[Need, ...]:
        return _means_over([self.puzzle])

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[None, CellSplit]:
        return cell_split.steps(model, self.puzzle, self.head, self.query, self.key, means)

    def program(self, model: str) -> str:
        return program_of(
            [*_setup(model, [self.puzzle]), _head_line(self.head)],
            [
                f"split = cell_split(model, puzzles[0], head, {self.query:d}, {self.key:d})",
                "print(split.summary())",
                "for term in split.strongest(20):",
                "    print(f'{term.text:50} {term.nats:+.3f}')",
            ],
        )


@dataclass(frozen=True)
class ReasonOf(Question[HeadReason]):
    """Why a head looks where it looks: the verdict, with all that it rests on.

    Attributes:
        back: as in :class:`SplitOf`.
    """

    puzzles: tuple[Puzzle, ...]
    head: Component
    back: int | None = None

    @property
    def means_over(self) -> tuple[Need, ...]:
        return _means_over(self.puzzles)

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[None, HeadReason]:
        return head_reason.steps(model, self.head, self.puzzles, means, self.back)

    def program(self, model: str) -> str:
        return program_of(
            [*_setup(model, self.puzzles), _head_line(self.head)],
            [
                f"reason = head_reason(model, head, puzzles, back={self.back!r})",
                "print(reason.summary())",
                "for check in reason.checks:",
                "    print(check.way, check.passed, check.text)",
            ],
        )


def _means_over(puzzles: Iterable[Puzzle]) -> tuple[Need, ...]:
    return tuple(MeansOver(structure) for structure in structures_of(puzzles))


def _in_order(steps: Steps[None, dict[Component, HeadSplit]]) -> Steps[None, tuple[HeadSplit, ...]]:
    return tuple((yield from steps).values())


def _only(steps: Steps[None, dict[Component, HeadSplit]], head: Component) -> Steps[None, HeadSplit]:
    return (yield from steps)[head]


def _head_line(head: Component) -> str:
    return f"head = parse_component({head.text!r}, model.cfg)"


def _setup(model: str, puzzles: Iterable[Puzzle]) -> list[str]:
    listed = ", ".join(puzzle_of(puzzle_name(puzzle)) for puzzle in puzzles)
    return [f"model = load_model({model!r})", "bank = load_puzzles('bank')", f"puzzles = [{listed}]"]
