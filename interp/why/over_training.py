"""Why heads look where they look, over a training whose moments were kept: does the phase line of a head's
weights come with its attention, or before it, and is the position that it reads the embedded one or the
re-coded one?

Asked about are the heads that look at one offset when the training ends, each at that offset from the first
moment on; what is measured is measured at every moment on the same puzzles. Where a moment's head gives that
offset less than :data:`CLEAR` of its attention, as before its birth, shares and slopes mean nothing and are
nan; the terms in nats are told all along.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from interp.ablation import Component
from interp.checkpoints import load_model
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.numbers import number
from interp.puzzles import Puzzle, load_puzzles
from interp.resumable import Steps, resumable
from interp.training.moments import Moment, moments_of
from interp.why.interventions.results import MEAN, POSITION
from interp.why.interventions.rows import Rows
from interp.why.interventions.shift import pointer_shift
from interp.why.phase import DRAWS, Phase, head_phase
from interp.why.split import CLASSES, HeadSplit
from interp.why.splitting import (
    Gaze,
    gazes_of,
    layers_below,
    profiles_of,
    split_rows,
    usual_of_references,
)
from interp.why.usual import Usual
from interp.why.verdict import CLEAR

SHIFTS = range(-10, 11)
NAN = float("nan")


@dataclass(frozen=True)
class HeadThen:
    """One head at one moment of a training.

    Attributes:
        puzzles: how many the model had seen.
        head: which, as ``L1.H5``.
        back: where it looks most when the training ends, positions before the query.
        attention: what it gives that offset, mean over the queries of the answer, 0 to 1.
        looks: the offset that it gives most now.
        concordance: of its phases with ``back``, -1 to 1.
        chance: 95 % of random rotations of its weights have no concordance above this, at any offset; nan if
            not asked for.
        points: the offset where its concordance is highest.
        relative_share: of what the blocks of its weights hold, how much is relative, 0 to 1.
        contrast: the score of the key at ``back`` less that of the others, nats; nan if not asked for.
        direct: what position embeddings on both sides add to it, nats.
        recoded: what means of lower heads, MLPs and tokens add, nats.
        slope: by how much its peak moves for each position that its queries' are moved by, all that the
            stream holds of it; nan where it gives the offset less than :data:`CLEAR`.
        slope_embedded: the same with the position embedding alone moved.
    """

    puzzles: int
    head: str
    back: int
    attention: float
    looks: int
    concordance: float
    chance: float
    points: int
    relative_share: float
    contrast: float = NAN
    direct: float = NAN
    recoded: float = NAN
    slope: float = NAN
    slope_embedded: float = NAN

    @property
    def clear(self) -> bool:
        """Whether the head looks there."""
        return self.attention >= CLEAR

    @property
    def in_phase(self) -> bool:
        """Whether its phases fit that offset better than chance has any. They may fit another as well."""
        return self.concordance > self.chance

    @property
    def direct_share(self) -> float:
        """Of the contrast, 1 is all; nan where the head does not look there."""
        return self.direct / self.contrast if self.clear and self.contrast > 0 else NAN

    @property
    def recoded_share(self) -> float:
        return self.recoded / self.contrast if self.clear and self.contrast > 0 else NAN


@dataclass(frozen=True)
class Birth:
    """When a head came to look where it looks, in puzzles seen; ``None`` for never.

    Attributes:
        head: which.
        back: where it looks.
        phase: from when on its phases fit that offset better than chance.
        attention: from when on it gives that offset at least :data:`CLEAR` of its attention.
        half_phase: from when on its concordance is at least half of the last moment's.
        half_attention: the same of its attention.
    """

    head: str
    back: int
    phase: int | None
    attention: int | None
    half_phase: int | None
    half_attention: int | None

    @property
    def text(self) -> str:
        """In a sentence."""
        return (
            f"{self.head}, {self.back} back: in phase from {_told(self.phase)} puzzles on (half of the last"
            f" concordance from {_told(self.half_phase)}), looks there from {_told(self.attention)} on (half"
            f" of the last attention from {_told(self.half_attention)})."
        )


@dataclass(frozen=True, eq=False)
class OverTraining:
    """Heads over a training.

    Attributes:
        rows: a head at a moment each; moments in order, in each the heads in order.
        looking: the heads that look at one offset when the training ends.
    """

    rows: tuple[HeadThen, ...]
    looking: tuple[str, ...]

    @cached_property
    def heads(self) -> Mapping[str, tuple[HeadThen, ...]]:
        """Every head's moments, in order."""
        found: dict[str, list[HeadThen]] = {}
        for row in self.rows:
            found.setdefault(row.head, []).append(row)
        return {head: tuple(own) for head, own in found.items()}

    @property
    def births(self) -> tuple[Birth, ...]:
        """Of the heads that look somewhere."""
        return tuple(_birth(self.heads[head]) for head in self.looking)

    def table(self) -> tuple[dict[str, Any], ...]:
        """A row a head and moment, with the shares."""
        names = [one.name for one in fields(HeadThen)]
        return tuple(
            dict(zip(names, astuple(row), strict=True))
            | {"direct_share": row.direct_share, "recoded_share": row.recoded_share}
            for row in self.rows
        )

    def summary(self) -> str:
        """When each head was born."""
        if not self.looking:
            return f"No head gives one offset {number(CLEAR, '.2f')} of its attention at the last moment."
        return "\n".join(birth.text for birth in self.births)


def _birth(own: Sequence[HeadThen]) -> Birth:
    last = own[-1]
    return Birth(
        head=last.head,
        back=last.back,
        phase=_from_when(own, [one.in_phase for one in own]),
        attention=_from_when(own, [one.clear for one in own]),
        half_phase=_from_when(own, [one.concordance >= last.concordance / 2 for one in own]),
        half_attention=_from_when(own, [one.attention >= last.attention / 2 for one in own]),
    )


def _from_when(own: Sequence[HeadThen], holds: Sequence[bool]) -> int | None:
    """The moment from which on it holds to the end."""
    since = len(own)
    while since and holds[since - 1]:
        since -= 1
    return own[since].puzzles if since < len(own) else None


def _told(puzzles: int | None) -> str:
    return "no" if puzzles is None else f"{puzzles:,}"


@resumable
def over_training(
    folder: str | Path,
    puzzles: Sequence[Puzzle],
    *,
    every: int = 1,
    all_heads: bool = False,
) -> Steps[HeadThen, OverTraining]:
    """Heads at the moments that a training kept (:mod:`interp.training.moments`); yields every row.

    Args:
        folder: of the run.
        puzzles: on which it is measured; none of those that the means are over
            (:func:`interp.why.usual.held_out`).
        every: every which moment, counted from the last back.
        all_heads: also those that look nowhere, without null, shares and slope.

    Raises:
        PuzzlescopeError: if there is no puzzle, the run kept no moments, or they are of different sizes.
    """
    if every < 1:
        raise PuzzlescopeError(f"Every which moment is at least 1, got {every}.")
    moments = moments_of(Path(folder))[::-1][::every][::-1]
    rows = Rows.of_puzzles(puzzles, load_puzzles("bank"))
    last = load_model(moments[-1].path)
    gazes = yield from gazes_of.steps(last, rows, most=len(puzzles))
    looking = [head for head, gaze in gazes.items() if gaze.attention >= CLEAR]
    asked = {head: gazes[head].back for head in (gazes if all_heads else looking)}
    found: list[HeadThen] = []
    for moment in moments:
        model = load_model(moment.path)
        if model.cfg != last.cfg:
            raise PuzzlescopeError(f"{moment.path} is of other sizes than {moments[-1].path}: another run's.")
        for row in (yield from _at(moment, model, rows, asked, looking)):
            found.append(row)
            yield row
    return OverTraining(tuple(found), tuple(head.text for head in looking))


def _at(
    moment: Moment,
    model: PuzzleGPT,
    rows: Rows,
    asked: Mapping[Component, int],
    looking: Collection[Component],
) -> Steps[HeadThen, list[HeadThen]]:
    """The rows of one moment."""
    if not asked:
        return []
    profiles = yield from profiles_of.steps(model, rows, tuple(asked), most=len(rows.tokens))
    usual = (yield from usual_of_references(model, rows, layers_below(looking))) if looking else ()
    splits: dict[Component, HeadSplit] = {}
    for back in dict.fromkeys(asked[head] for head in looking):
        same = [head for head in looking if asked[head] == back]
        splits |= yield from split_rows.steps(model, rows, usual, same, back)
    found = []
    for head, back in asked.items():
        phase = head_phase(model, head, draws=DRAWS if head in splits else 0)
        row = _plainly(moment, phase, back, profiles[head])
        if head in splits:
            slopes = (yield from _slopes(model, rows, usual, head, back)) if row.clear else (NAN, NAN)
            row = _thoroughly(row, splits[head], *slopes)
        found.append(row)
        yield None
    return found


def _plainly(moment: Moment, phase: Phase, back: int, profile: np.ndarray) -> HeadThen:
    return HeadThen(
        puzzles=moment.puzzles,
        head=phase.head.text,
        back=back,
        attention=float(profile[back]),
        looks=Gaze.of(profile).back,
        concordance=float(phase.concordance[back]),
        chance=NAN if phase.null is None else phase.null.bound,
        points=phase.offset,
        relative_share=phase.relative_share,
    )


def _thoroughly(row: HeadThen, split: HeadSplit, slope: float, embedded: float) -> HeadThen:
    return replace(
        row,
        contrast=split.contrast,
        direct=_nats(split, "direct"),
        recoded=_nats(split, "recoded"),
        slope=slope,
        slope_embedded=embedded,
    )


def _nats(split: HeadSplit, name: str) -> float:
    return float(split.classes[:, list(CLASSES).index(name)].mean())


def _slopes(
    model: PuzzleGPT, rows: Rows, usual: Sequence[Usual], head: Component, back: int
) -> Steps[None, tuple[float, float]]:
    """With all that tells the position moved, and with the embedding alone."""
    found = []
    for moved, tables in ((MEAN, [one.stream(model, head.layer) for one in usual]), (POSITION, None)):
        shift = yield from pointer_shift.steps(
            model, rows, head, back, moved=moved, shifts=SHIFTS, tables=tables
        )
        found.append(shift.slope.value)
    return found[0], found[1]
