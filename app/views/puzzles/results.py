"""Which puzzles the model solves, and which flip under what is ablated: computed once somebody asks to see
only those, while the visitor looks."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.live.watching import Seen, look_in, watched
from app.state.scene import Scene
from interp.ablation import NO_ABLATION, Ablation
from interp.analyses.ablation_sweep import Sweep, SweepState
from interp.backend import Backend
from interp.puzzles import Puzzle

CLEAN, OFF = "puzzles-clean", "puzzles-off"
GROUPS = (CLEAN, OFF)
MOST = 960
"""Puzzles that are run through the model, the first of those that are looked through."""


@dataclass(frozen=True)
class Results:
    """How far it is.

    Attributes:
        clean: whether the model solves each puzzle, as far as that is known.
        off: the same under what is ablated; empty where nothing is.
        progress: from 0 to 1 while it is under way, else ``None``.
    """

    clean: tuple[bool, ...] = ()
    off: tuple[bool, ...] = ()
    progress: float | None = None

    def fits(self, place: int, wanted: str) -> bool:
        """Whether the puzzle at a place is known to be of these: "solved", "failed" or "flips"."""
        if wanted == "flips":
            known = place < min(len(self.clean), len(self.off))
            return known and self.clean[place] != self.off[place]
        return place < len(self.clean) and self.clean[place] == (wanted == "solved")

    def note(self, place: int) -> tuple[str, bool]:
        """What there is to say of the puzzle at a place, and whether something is wrong with it."""
        if place >= len(self.clean):
            return "", False
        clean = self.clean[place]
        if place >= len(self.off) or self.off[place] == clean:
            return ("solved", False) if clean else ("failed", True)
        return ("breaks", True) if clean else ("mended", False)


def results(scene: Scene, backend: Backend, puzzles: Sequence[Puzzle], wanted: str) -> Results:
    """What is known of these puzzles; begun if it is wanted."""
    own = tuple(puzzles[:MOST])
    if wanted == "all" or not own:
        return Results()
    clean = _look(CLEAN, scene, backend, own, NO_ABLATION)
    if wanted != "flips" or not scene.ablation:
        return Results(_solved(clean), (), clean.progress)
    off = _look(OFF, scene, backend, own, scene.ablation)
    parts = [1.0 if one.progress is None else one.progress for one in (clean, off)]
    under_way = clean.progress is not None or off.progress is not None
    return Results(_solved(clean), _solved(off), sum(parts) / 2 if under_way else None)


def forget() -> None:
    """Nothing of it is looked at any more."""
    for group in GROUPS:
        watched().forget(group)


def _look(
    group: str, scene: Scene, backend: Backend, puzzles: tuple[Puzzle, ...], off: Ablation
) -> Seen[SweepState]:
    key = scene.model, puzzles, off
    return look_in(group, key, lambda: backend.watch(scene.model, Sweep(puzzles, base=off)))


def _solved(seen: Seen[SweepState]) -> tuple[bool, ...]:
    return () if seen.state is None else tuple(bool(one) for one in seen.state.common()[0].solved)
