"""The sweeps that a visitor's board and charts show: begun when they are first looked at, looked in on while
they fill up, and given up as soon as the visitor looks at something else, stops them, or goes away."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from app.live.watching import watched
from app.state.scene import SAMPLES, Scene
from interp.ablation import COMPONENT_KINDS, NO_ABLATION, Ablation, Method, components_of, fitting_all
from interp.analyses.ablation_sweep import Scope, Sweep, SweepRow, SweepState
from interp.backend import Backend, Watch
from interp.puzzles import Puzzle
from interp.tasks import TASKS

BOARD = "board"
"""The group of the board's sweeps among what a visitor looks in on."""
PINNED = "pinned"
"""That of the sweep added to the pinned ablation."""


@dataclass(frozen=True, eq=False)
class Measured:
    """How far a group of sweeps is.

    Attributes:
        states: what is known; the same objects as long as the group is the same.
        first_look: of a single puzzle, each component off at some of the answer's positions only: there at
            once, and roughly right.
        progress: 0 to 1 while they are under way, else ``None``.
        stopped: the visitor has stopped them before the end.
    """

    states: tuple[SweepState | None, ...]
    first_look: SweepState | None
    progress: float | None
    stopped: bool


def puzzles_of(scene: Scene, backend: Backend) -> list[Puzzle]:
    """Those that the board and the charts are over: the one on screen, or the first of its task and order."""
    if scene.sample == 1:
        return [scene.puzzle]
    return list(backend.bank().filter(task=scene.puzzle.task, structure=scene.structure).limit(scene.sample))


def per_task(scene: Scene) -> int:
    """Over how many puzzles of each task the map of the tasks is."""
    return scene.sample if scene.sample > 1 else SAMPLES[1]


def puzzles_of_task(scene: Scene, backend: Backend, task: str) -> list[Puzzle]:
    return list(backend.bank().filter(task=task).limit(per_task(scene)))


def sweep_method(scene: Scene) -> Method:
    """How the components that are measured are ablated: by the scene's method where it fits them all."""
    return fitting_all(scene.method)


def sweep_base(scene: Scene) -> Ablation:
    """On top of what they are switched off."""
    return scene.ablation if scene.base == "off" else NO_ABLATION


def board_sweep(scene: Scene, backend: Backend) -> Measured:
    """Every component of the model, over the scene's puzzles."""
    pinned_sweep(scene, backend)  # of one visitor's work the latest comes first: the board's
    # Of that, too: the first look.
    scopes: Sequence[Scope] = ("everywhere", "stretch") if scene.sample == 1 else ("everywhere",)
    return _every_component(BOARD, scene, backend, scopes)


def pinned_sweep(scene: Scene, backend: Backend) -> Measured | None:
    """The same added to the pinned ablation, where the board's is added to the present one; else it would be
    the same, and there is none."""
    if scene.pin is None or scene.base != "off":
        watched().forget(PINNED)
        return None
    return _every_component(PINNED, replace(scene, ablation=scene.pin), backend, ("everywhere",))


def pinned_rows(scene: Scene, backend: Backend) -> list[SweepRow]:
    """What is known of it, the run with the pinned ablation first."""
    measured = pinned_sweep(scene, backend)
    state = None if measured is None else measured.states[0]
    return [] if state is None else state.common()


def filling(scene: Scene, backend: Backend) -> bool:
    """Whether either is under way."""
    found = board_sweep(scene, backend), pinned_sweep(scene, backend)
    return any(one is not None and one.progress is not None for one in found)


def _every_component(group: str, scene: Scene, backend: Backend, scopes: Sequence[Scope]) -> Measured:
    puzzles, base, method = puzzles_of(scene, backend), sweep_base(scene), sweep_method(scene)
    key = board_key(scene, backend)

    def begin(scope: Scope) -> Watch[SweepState]:
        parts = components_of(backend.model(scene.model).cfg, COMPONENT_KINDS)
        return backend.watch(scene.model, Sweep(tuple(puzzles), tuple(parts), base, method, scope))

    watches = watched().known(group, key)
    if watches is None:
        watches = watched().keep(group, key, [begin(scope) for scope in scopes])
    return _measured(group, watches[:1], watches[1:])


def board_key(scene: Scene, backend: Backend) -> Hashable:
    """What the board's sweeps depend on."""
    return scene.model, tuple(puzzles_of(scene, backend)), sweep_base(scene), sweep_method(scene)


def task_sweeps(scene: Scene) -> dict[str, SweepState | None] | None:
    """Each attention layer over puzzles of each task, if somebody has asked for it (:func:`begin_tasks`)."""
    watches = watched().known("tasks", _tasks_key(scene))
    return None if watches is None else dict(zip(TASKS, (watch.state for watch in watches), strict=True))


def begin_tasks(scene: Scene, backend: Backend) -> None:
    """Ask for it. Takes a while."""
    parts = tuple(components_of(backend.model(scene.model).cfg, ["attn"]))
    base, method = sweep_base(scene), sweep_method(scene)

    def begin(task: str) -> Watch[SweepState]:
        puzzles = tuple(puzzles_of_task(scene, backend, task))
        return backend.watch(scene.model, Sweep(puzzles, parts, base, method))

    # Of one visitor's work the latest comes first, so the first task is asked for last.
    begun = {task: begin(task) for task in reversed(TASKS)}
    watched().keep("tasks", _tasks_key(scene), [begun[task] for task in TASKS])


def tasks_measured(scene: Scene) -> Measured:
    """How far they are."""
    return _measured("tasks", watched().known("tasks", _tasks_key(scene)) or [], [])


def _tasks_key(scene: Scene) -> Hashable:
    return scene.model, per_task(scene), sweep_base(scene), sweep_method(scene)


def _measured(
    group: str, watches: Sequence[Watch[SweepState]], first: Sequence[Watch[SweepState]]
) -> Measured:
    stopped = watched().stopped(group)
    # Every one is asked: each may have an error to tell.
    finished = not [watch for watch in [*watches, *first] if not watch.finished]
    states = tuple(watch.state for watch in watches)
    done = [0.0 if state is None else state.fraction for state in states]
    progress = None if finished or stopped else sum(done) / max(len(done), 1)
    look = first[0].state if first else None
    return Measured(states, look, progress, stopped and not finished)
