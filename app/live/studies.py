"""The study of the heads that a visitor looks at, and what switching each head off costs beside it."""

import math
from collections.abc import Callable
from dataclasses import replace

from app.live import sweeps
from app.live.watching import Seen, look_in
from app.state.scene import Scene
from interp.analyses.ablation_sweep import SweepRow, SweepState, cost
from interp.analyses.head_study import HeadStudy, HeadStudyOf
from interp.backend import Backend
from interp.figures.scale import position_of

GROUP = "heads"

Heads = dict[tuple[int, int], float]


def head_study(scene: Scene, backend: Backend) -> Seen[HeadStudy]:
    """Where every head looks over the scene's puzzles, in the run with parts off if some are."""
    puzzles = sweeps.puzzles_of(scene, backend)
    question = HeadStudyOf(tuple(puzzles), scene.ablation)
    return look_in(GROUP, (scene.model, question), lambda: backend.watch(scene.model, question))


def head_sweep(scene: Scene, backend: Backend) -> sweeps.Measured:
    """The board's sweep added to current ablation: the same run as the study's."""
    return sweeps.board_sweep(_on_top(scene), backend)


def stop_costs(scene: Scene, backend: Backend) -> None:
    """Measure no more of it."""
    sweeps.stop(_on_top(scene), backend)


def measure_costs(scene: Scene, backend: Backend) -> None:
    """Go on with it, now."""
    sweeps.measure(_on_top(scene), backend)


def _on_top(scene: Scene) -> Scene:
    return replace(scene, base="off")


def costs(scene: Scene, state: SweepState | None) -> Heads:
    """What switching each head off costs by the scene's measure, of those that are measured on the same
    puzzles and whose losses are finite."""
    return _of_heads(state, lambda row, clean: cost(row, clean, scene.measure))


def positions(scene: Scene, state: SweepState | None) -> Heads:
    """The same as positions on the colour scale."""
    return _of_heads(state, lambda row, clean: position_of(row, clean, scene.measure))


def _of_heads(state: SweepState | None, judged: Callable[[SweepRow, SweepRow], float]) -> Heads:
    if state is None:
        return {}
    clean, *rows = state.common()
    found = {
        (row.component.layer, row.component.head): judged(row, clean)
        for row in rows
        if row.component is not None and row.component.head is not None and len(row.solved)
    }
    return {head: one for head, one in found.items() if math.isfinite(one)}
