"""The role of every head: what it attends to where the answer's cells are predicted, in a word.

A role is read off the detectors of :mod:`interp.analyses.head_study`, over the 100 positions that predict the
answer's cells. It is a description of where a head looks, not of what it does with it: whether an answer
depends on a head is told by ablating it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from interp.ablation import NO_ABLATION, Ablation, Component, Need, ReferenceMeans
from interp.analyses.head_roles.role import AT_LEAST, ROLES, HeadRole, RoleKey
from interp.analyses.head_study import DISTANCES, MARKED, HeadStudy, study_heads
from interp.analyses.question import Question, means_over, tokens_of
from interp.export.programs import Sample, given, off_lines, program_of
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle
from interp.resumable import Steps, resumable
from interp.tokens import TokensLike

_OF_DISTANCE: dict[int, RoleKey] = {
    1: "previous",
    9: "above",
    10: "above",
    100: "copy",
    101: "current",
    201: "earlier",
    202: "earlier",
    302: "earlier",
    303: "earlier",
}
assert set(_OF_DISTANCE) == set(DISTANCES.values())
_COUNTED: tuple[RoleKey, ...] = ("start", "content", "off", "unknown")
"""Roles of heads that a summary counts and does not name."""
_PLACES: tuple[RoleKey, ...] = ("markers", "start")
"""Detectors of places instead of offsets, which have the names of their roles."""


@dataclass(frozen=True, eq=False)
class Roles:
    """The roles of all heads.

    Attributes:
        heads: one entry a head, layer by layer; empty as long as nothing is measured.
        n: over how many puzzles.
        copying: the attention of every head 100 back, by (layer, head), whatever its role.
    """

    heads: tuple[HeadRole, ...]
    n: int
    copying: Mapping[tuple[int, int], float]

    @classmethod
    def of(cls, study: HeadStudy) -> "Roles":
        """The roles that a study shows, so far."""
        if study.known == 0:
            return cls((), 0, {})
        spectrum, detectors = study.spectrum_over("answer"), study.detectors("answer")
        found = []
        for layer, head in np.ndindex(study.off.shape):
            if study.off[layer, head]:
                found.append(HeadRole(layer, head, ROLES["off"], float("nan")))
            else:
                on = {place: float(detectors[place][layer, head]) for place in _PLACES}
                found.append(_judged(layer, head, spectrum[layer, head], on))
        copying = {place: float(spectrum[place][100]) for place in np.ndindex(study.off.shape)}
        return cls(tuple(found), study.known, copying)

    def __bool__(self) -> bool:
        return bool(self.heads)

    @property
    def by_component(self) -> dict[Component, HeadRole]:
        return {head.component: head for head in self.heads}

    def having(self, *keys: RoleKey) -> list[HeadRole]:
        """The heads that have one of these roles, those with the largest share first."""
        return sorted((head for head in self.heads if head.role.key in keys), key=lambda head: -head.share)

    @property
    def copy_heads(self) -> list[Component]:
        """The heads that copy, the one that looks 100 back most first; where none does, the one that comes
        nearest to it."""
        found = [head.component for head in self.having("copy")]
        if found or not self.copying:
            return found
        layer, head = max(self.copying, key=lambda place: np.nan_to_num(self.copying[place], nan=-1))
        return [Component(layer, "head", head)]

    def summary(self) -> str:
        """Which heads have a role, and how many have none, in a sentence.

        The three strongest of a role are named.
        """
        if not self:
            return "Nothing is measured yet."
        told = []
        for key in ROLES:
            having = self.having(key)
            if having and key in _COUNTED:
                told.append(f"{ROLES[key].name} {len(having)}")
            elif having:
                names = ", ".join(head.component.text for head in having[:3])
                told.append(f"{ROLES[key].name} {names}{' ...' if len(having) > 3 else ''}")
        return f"Of {len(self.heads)} heads: {'; '.join(told)}."

    def rows(self) -> tuple[dict[str, Any], ...]:
        """A row a head, for :class:`interp.export.tables.Table`: its role, the share of its attention that
        the role is read off (nan where there is none), and the offset."""
        return tuple(
            {
                "layer": head.layer,
                "head": head.head,
                "n": self.n,
                "role": head.role.key,
                "share": head.share,
                "back": head.distance,
            }
            for head in self.heads
        )

    def beside(self, rows: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
        """Rows of heads, as of :meth:`HeadStudy.rows`, with the role after the head's number."""
        keys = {(head.layer, head.head): head.role.key for head in self.heads}
        found = []
        for row in rows:
            first = {"layer": row["layer"], "head": row["head"]}
            found.append({**first, "role": keys.get((row["layer"], row["head"])), **row})
        return tuple(found)


def _judged(layer: int, head: int, spectrum: np.ndarray, on: Mapping[RoleKey, float]) -> HeadRole:
    """The role of one head.

    Args:
        spectrum: its attention at each distance back, over the answer's queries; nan for the last.
        on: its attention on the markers and on the start token.
    """
    if not np.isfinite([spectrum[1], *on.values()]).all():
        return HeadRole(layer, head, ROLES["unknown"], float("nan"))
    near = np.nan_to_num(spectrum)  # nan where no query has so many positions before it
    shares: dict[RoleKey, float] = dict.fromkeys(_OF_DISTANCE.values(), 0.0)
    for distance, key in _OF_DISTANCE.items():
        shares[key] += float(near[distance])
    best = max(shares, key=lambda key: shares[key])
    if shares[best] >= AT_LEAST:
        own = [distance for distance, key in _OF_DISTANCE.items() if key == best]
        return HeadRole(layer, head, ROLES[best], shares[best], max(own, key=lambda back: near[back]))
    for place, share in on.items():
        if share >= AT_LEAST:
            return HeadRole(layer, head, ROLES[place], share)
    # Up to the farthest that all of the answer's queries have before them: beyond, few are measured, and the
    # start token lies there.
    distance = int(near[: max(MARKED) + 1].argmax())
    role = ROLES["fixed" if near[distance] >= AT_LEAST else "content"]
    return HeadRole(layer, head, role, float(near[distance]), distance)


@resumable
def head_roles(
    model: PuzzleGPT,
    tokens: TokensLike,
    ablation: Ablation = NO_ABLATION,
    means: ReferenceMeans | None = None,
) -> Steps[None, Roles]:
    """The roles of all heads over these puzzles, in the run under the ablation.

    Raises:
        PuzzlescopeError: if there is no puzzle.
    """
    study = yield from _silent(study_heads.steps(model, tokens, ablation, means))
    return Roles.of(study)


def _silent(steps: Steps[HeadStudy, HeadStudy]) -> Steps[None, HeadStudy]:
    """The same steps; what fills up meanwhile is not shown, for a role may still change."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            found: HeadStudy = stop.value
            return found
        yield None


@dataclass(frozen=True)
class HeadRoles(Question[Roles]):
    """The roles of all heads over some puzzles, under an ablation."""

    puzzles: tuple[Puzzle, ...]
    ablation: Ablation = NO_ABLATION

    @property
    def means_over(self) -> tuple[Need, ...]:
        return means_over(self.puzzles, self.ablation)

    def steps(self, model: PuzzleGPT, means: ReferenceMeans | None) -> Steps[None, Roles]:
        return head_roles.steps(model, tokens_of(self.puzzles), self.ablation, means)

    def program(self, model: str, *, sample: Sample | None = None) -> str:
        """The role of every head.

        Args:
            sample: the same puzzles in other words than one by one.
        """
        sample = sample or Sample.of(self.puzzles)
        return program_of(
            [f"model = load_model({model!r})", *sample.lines, *off_lines(self.ablation)],
            [
                f"roles = head_roles(model, tokens{given(self.ablation)})",
                "print(roles.summary())",
                "for head in roles.heads:",
                "    print(head.component.text, head.words)",
            ],
        )
