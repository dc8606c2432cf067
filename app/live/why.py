"""Why a head looks where it looks, as a visitor looks at it: a score taken apart, the phases of the weights,
interventions on one side, and the verdict with its shares over many puzzles. All are begun when the view is
opened; the quickest comes first."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache
from typing import Any

from app.live.watching import Seen, look_in_or_refuse, refusals, watched
from interp.ablation import Component
from interp.analyses.question import Question
from interp.backend import Backend
from interp.errors import PuzzlescopeError
from interp.model.hooks import check_not_planted
from interp.puzzles import Puzzle, load_puzzles
from interp.tokens import ANSWER_START
from interp.why.interventions.questions import OneSide, PointerShift
from interp.why.interventions.results import Side
from interp.why.questions import CellSplitOf, PhaseOf, ReasonOf
from interp.why.usual import few_of, held_out

VERDICT, SPLIT, PHASE, SHIFT, SIDES = (
    "why-verdict",
    "why-split",
    "why-phase",
    "why-shift",
    "why-sides",
)
"""Of what a visitor looks in on."""
GROUPS = (VERDICT, SIDES, SHIFT, SPLIT, PHASE)
"""The same, the quickest last: of one visitor's work the latest comes first."""
MANY = 64
"""Puzzles of the verdict and of the shares, which are among what it rests on."""
FEW = 8
"""Puzzles of the shift experiment and of the interventions."""


@dataclass(frozen=True)
class Asked:
    """Of what it is asked.

    Attributes:
        model: its name.
        puzzle: on screen.
        head: whose attention it is.
        query, key: the position that predicts the cell, and that which the head looks at from there.
        side: of the shift experiment: whose position is moved.
        moved: what of it: ``mean``, all that tells the position, or ``position``, its embedding alone.
    """

    model: str
    puzzle: Puzzle
    head: Component
    query: int
    key: int
    side: Side = "queries"
    moved: str = "mean"

    @property
    def back(self) -> int:
        """How many positions before the query the key lies."""
        return self.query - self.key

    @property
    def farther_than_puzzles_begin(self) -> bool:
        """Whether the key lies so far back that the first of the answer's cells have none there, or is the
        start token itself: then nothing can be asked of many cells."""
        return self.key == 0 or self.back > ANSWER_START


@cache
def puzzles() -> tuple[Puzzle, ...]:
    """Those of the bank that the verdict is over, of all tasks; no mean is taken over any."""
    bank = load_puzzles("bank")
    return tuple(held_out(bank, bank).limit(MANY))


def question(group: str, asked: Asked) -> Question[Any]:
    """What is asked of a group."""
    many = puzzles()
    few = few_of(many, FEW)
    head, back = asked.head, asked.back
    questions: dict[str, Question[Any]] = {
        VERDICT: ReasonOf(many, head, back),
        SPLIT: CellSplitOf(asked.puzzle, head, asked.query, asked.key),
        PHASE: PhaseOf(head),
        SHIFT: PointerShift(few, head, back, asked.side, asked.moved),
        SIDES: OneSide(few, head, back),
    }
    return questions[group]


def cannot(model: str, backend: Backend) -> str:
    """Why nothing of this can be asked of a model; empty if it can."""
    try:
        check_not_planted(backend.model(model), "scores taken apart")
    except PuzzlescopeError as error:
        return str(error)
    return ""


def groups_of(asked: Asked) -> tuple[str, ...]:
    """What can be asked."""
    return (SPLIT, PHASE) if asked.farther_than_puzzles_begin else GROUPS


def begin(asked: Asked, backend: Backend) -> None:
    """Begin what is not begun yet."""
    for group in groups_of(asked):
        look(group, asked, backend)


def look(group: str, asked: Asked, backend: Backend) -> Seen[Any]:
    """Look in on one of them. Of what cannot be answered there is no result: :func:`problem` says why."""
    own = question(group, asked)
    key: Hashable = (asked.model, own)
    return look_in_or_refuse(group, key, lambda: backend.watch(asked.model, own))


def all_of_it(asked: Asked, backend: Backend) -> Seen[None]:
    """How far all of it is together."""
    parts = [look(group, asked, backend) for group in groups_of(asked)]
    left = [one.progress for one in parts if one.progress is not None]
    progress = 1 - (len(left) - sum(left)) / len(parts) if left else None
    return Seen(None, progress, not left and any(one.stopped for one in parts))


def stop() -> None:
    """No more of any of it; for callbacks."""
    watched().stop(*GROUPS)


def go_on() -> None:
    """Begin anew with what is not there; for callbacks."""
    watched().forget(*GROUPS)


def problem(group: str) -> str:
    """Why there is nothing to see; empty if there is."""
    return next(iter(refusals(group)), "")
