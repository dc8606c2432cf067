"""The board's sweep by other methods: by every one that is compared, when a visitor asks for it, and by other
draws of a method that draws."""

from collections.abc import Hashable
from dataclasses import dataclass

from app.live import sweeps
from app.live.watching import watched
from app.state.scene import Scene
from interp.ablation import COMPONENT_KINDS, Method, check_known, components_of
from interp.analyses.ablation_sweep import Sweep, SweepRow, SweepState
from interp.analyses.by_method.draws import draws_of
from interp.analyses.by_method.rankings import COMPARED, Rankings, rankings
from interp.backend import Backend, Watch
from interp.errors import PuzzlescopeError

GROUP = "methods"
DRAWS = "draws"
GROUPS = (GROUP, DRAWS)
"""Of what a visitor looks in on."""


def question(scene: Scene, backend: Backend, method: Method) -> Sweep:
    """Every component, over the scene's puzzles, on the base of the board, by this method."""
    parts = tuple(components_of(backend.model(scene.model).cfg, COMPONENT_KINDS))
    return Sweep(tuple(sweeps.puzzles_of(scene, backend)), parts, sweeps.sweep_base(scene), method)


@dataclass(frozen=True, eq=False)
class Compared:
    """How far the comparison is.

    Attributes:
        rankings: as far as they are known.
        progress: 0 to 1 while it is under way, else ``None``.
        stopped: the visitor has stopped it before the end.
        faults: why some method cannot be had for this model or these puzzles, in sentences.
    """

    rankings: Rankings
    progress: float | None
    stopped: bool
    faults: tuple[str, ...] = ()


def offered(scene: Scene, backend: Backend) -> tuple[tuple[Method, ...], tuple[str, ...]]:
    """The methods that can be had for this model and this puzzle, and in sentences why others cannot."""
    model, bank = backend.model(scene.model), backend.bank()
    had, faults = [], []
    for method in COMPARED:
        try:
            check_known(model, bank, [scene.puzzle], method)
            had.append(method)
        except PuzzlescopeError as error:
            faults.append(f"{method.text}: {error}")
    return tuple(had), tuple(faults)


def compared(scene: Scene, backend: Backend) -> Compared | None:
    """How far the rankings by all methods are; ``None`` if nobody has asked for them, and they are not kept
    either."""
    methods, faults = offered(scene, backend)
    watches = watched().known(GROUP, _key(scene, backend, methods))
    if watches is None:
        if not all(backend.keeps(scene.model, question(scene, backend, method)) for method in methods):
            return None
        watches = begin(scene, backend)
    finished = not [watch for watch in watches if not watch.finished]  # each may have an error to tell
    states: list[SweepState | None] = [watch.state for watch in watches]
    done = sum(0.0 if state is None else state.fraction for state in states) / len(states)
    stopped, found = watched().stopped(GROUP), dict(zip(methods, states, strict=True))
    progress = None if finished or stopped else done
    return Compared(rankings(found, scene.measure), progress, stopped and not finished, faults)


def begin(scene: Scene, backend: Backend) -> list[Watch[SweepState]]:
    """Ask for them, anew if they were stopped. Takes as long as the board by each method."""
    watched().forget(GROUP)
    methods, _ = offered(scene, backend)
    # Of one visitor's work the latest comes first, so the first method is asked for last.
    begun = {
        method: backend.watch(scene.model, question(scene, backend, method)) for method in reversed(methods)
    }
    return watched().keep(GROUP, _key(scene, backend, methods), [begun[method] for method in methods])


def whole(scene: Scene, backend: Backend) -> Rankings:
    """The rankings to their end, even if they were stopped before."""
    methods, _ = offered(scene, backend)
    states = {method: backend.ask(scene.model, question(scene, backend, method)) for method in methods}
    return rankings(states, scene.measure)


def draws(scene: Scene, backend: Backend) -> list[list[SweepRow]]:
    """What other draws of the board's method say, each its run without any component first: begun when the
    board is complete; none if the method draws nothing."""
    others = draws_of(sweeps.sweep_method(scene))[1:]
    board = watched().known(sweeps.BOARD, sweeps.board_key(scene, backend)) or []
    if not others or watched().stopped(sweeps.BOARD):
        watched().forget(DRAWS)
        return []
    key = sweeps.board_key(scene, backend)
    watches: list[Watch[SweepState]] = watched().known(DRAWS, key) or []
    if not watches and not watched().stopped(DRAWS) and board and all(watch.finished for watch in board):
        begun = [backend.watch(scene.model, question(scene, backend, method)) for method in reversed(others)]
        watches = watched().keep(DRAWS, key, begun[::-1])
    return [watch.state.common() for watch in watches if watch.state is not None]


def under_way(scene: Scene, backend: Backend) -> bool:
    """Whether draws are being measured."""
    draws(scene, backend)
    watches = watched().known(DRAWS, sweeps.board_key(scene, backend)) or []
    return any(not watch.finished for watch in watches)


def _key(scene: Scene, backend: Backend, methods: tuple[Method, ...]) -> Hashable:
    return scene.model, question(scene, backend, COMPARED[0]), methods
