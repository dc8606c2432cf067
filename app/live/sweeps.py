"""The sweeps that a visitor's board and charts show: begun when they are first looked at, looked in on while
they fill up, and given up as soon as the visitor looks at something else, stops them, or goes away."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from app.live.watching import watched
from app.state.scene import SAMPLES, Scene
from interp.ablation import COMPONENT_KINDS, NO_ABLATION, Ablation, Method, components_of, fitting_all
from interp.analyses.ablation_sweep import Scope, Sweep, SweepRow, SweepState
from interp.backend import Backend, Watch
from interp.model.hooks import is_planted
from interp.puzzles import Puzzle
from interp.tasks import TASKS

BOARD = "board"
"""The group of the board's sweeps among what a visitor looks in on."""
PINNED = "pinned"
"""That of the sweep added to the pinned ablation."""
OTHER = "other-base"
"""That of the sweep from the whole model where the board's is given what is off, and the other way round."""
FIRST = "first-look"
"""That of the board's first look."""
TASKS_GROUP = "tasks"
"""That of the sweeps over each task."""
GROUPS = (FIRST, BOARD, PINNED, OTHER)
"""All that a board depends on."""


@dataclass(frozen=True, eq=False)
class Measured:
    """How far a group of sweeps is.

    Attributes:
        states: what is known; the same objects as long as the group is the same.
        first_look: of a single puzzle, each component off at some of the answer's positions only: there at
            once, and roughly right.
        progress: 0 to 1 while they are under way, else ``None``.
        stopped: the visitor has stopped them before the end.
        waits: they begin once the visitor has stayed for a while, or asks for them (:func:`measure`).
    """

    states: tuple[SweepState | None, ...]
    first_look: SweepState | None
    progress: float | None
    stopped: bool
    waits: bool = False

    @property
    def under_way(self) -> bool:
        """Whether there will be more to see."""
        return self.progress is not None or self.waits


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
    """On top of what they are ablated: of what is off, or of nothing."""
    return scene.ablation if scene.base == "off" else NO_ABLATION


def board_sweep(scene: Scene, backend: Backend) -> Measured:
    """Every component of the model, over the scene's puzzles. Of a single puzzle there is a first look at
    once, and exact values for those who stay."""
    begins = stays(scene, backend)
    pinned_sweep(scene, backend)  # of one visitor's work the latest comes first: the board's
    key = board_key(scene, backend)
    watches = watched().known(BOARD, key) or []
    if begins and not watches and not watched().stopped(BOARD):
        watches = watched().keep(BOARD, key, [_every_component(scene, backend)])
    first = _first_look(scene, backend)
    return _measured(BOARD, watches, first)


def rows_of(measured: Measured) -> tuple[list[SweepRow], bool]:
    """What is known of every component, the run without any first: exact where that is known, else of the
    first look.

    Returns:
        The rows, none as long as nothing is known; and whether any are of the first look.
    """
    state, look = measured.states[0], measured.first_look
    exact = state.common() if state is not None else []
    if look is None or (state is not None and state.complete):
        return exact, False
    rough = look.common()
    return [row if len(row.right) else first for row, first in zip(exact or rough, rough, strict=True)], True


def stays(scene: Scene, backend: Backend) -> bool:
    """Whether this visitor has looked at the board for a while and is taken to want exact values, or has
    asked for them; or whether they cost nothing, or there is nothing else to look at."""
    if not has_first_look(scene, backend) or watched().wanted(BOARD):
        return True
    key = board_key(scene, backend)
    if watched().known(BOARD, key) or backend.keeps(scene.model, _question(scene, backend)):
        return True
    seen = all(watch.finished for watch in _first_look(scene, backend))
    return seen and not watched().waits(BOARD, key)


def measure(scene: Scene, backend: Backend) -> None:
    """Begin with exact values now, anew if they were stopped."""
    for group in (FIRST, BOARD):
        watched().forget(group)
    watched().want(BOARD)
    board_sweep(scene, backend)


def stop(scene: Scene, backend: Backend) -> None:
    """Measure no more of the board."""
    watched().waits(BOARD, board_key(scene, backend))  # it may not be begun: then it is not to begin
    for group in (FIRST, BOARD, OTHER):
        watched().stop(group)


def has_first_look(scene: Scene, backend: Backend) -> bool:
    """Whether there is one: of a single puzzle, by a method that can be confined to some positions, in a
    model of which that can be had."""
    fits = scene.sample == 1 and sweep_method(scene).partial_scopes
    return fits and not is_planted(backend.model(scene.model))


def _first_look(scene: Scene, backend: Backend) -> list[Watch[SweepState]]:
    if not has_first_look(scene, backend):
        return []
    key = board_key(scene, backend)
    watches = watched().known(FIRST, key)
    return watches or watched().keep(FIRST, key, [_every_component(scene, backend, "stretch")])


def pinned_sweep(scene: Scene, backend: Backend) -> Measured | None:
    """The same added to the pinned ablation, where the board's is added to the present one; else it would be
    the same, and there is none. It begins with the board's exact values."""
    if scene.pin is None or scene.base != "off":
        watched().forget(PINNED)
        return None
    pinned = replace(scene, ablation=scene.pin)
    key = board_key(pinned, backend)
    watches = watched().known(PINNED, key) or []
    if not watches and stays(scene, backend):
        watches = watched().keep(PINNED, key, [_every_component(pinned, backend)])
    return _measured(PINNED, watches, [])


def pinned_rows(scene: Scene, backend: Backend) -> list[SweepRow]:
    """What is known of it, the run with the pinned ablation first."""
    measured = pinned_sweep(scene, backend)
    state = None if measured is None else measured.states[0]
    return [] if state is None else state.common()


def is_given(scene: Scene) -> bool:
    """Whether what the board and the charts measure is given something that is off."""
    return bool(sweep_base(scene))


def other_sweep(scene: Scene, backend: Backend) -> Measured | None:
    """The other of a component's two effects, where something is off: from the whole model if the board shows
    them given what is off, and the other way round. It begins when the board is complete and the visitor has
    stayed with what is off for a while, or at once where it is kept; ``None`` where there is none."""
    if not scene.ablation or watched().stopped(BOARD):
        watched().forget(OTHER)
        return None
    other = other_base(scene)
    key = board_key(other, backend)
    watches = watched().known(OTHER, key) or []
    if not watches and not watched().stopped(OTHER) and _other_begins(scene, backend):
        watches = watched().keep(OTHER, key, [_every_component(other, backend)])
    return _measured(OTHER, watches, [])


def other_base(scene: Scene) -> Scene:
    """The scene that shows the other of the two effects."""
    return replace(scene, base="clean" if scene.base == "off" else "off")


def _other_begins(scene: Scene, backend: Backend) -> bool:
    other = other_base(scene)
    if backend.keeps(scene.model, _question(other, backend)):
        return True
    board = watched().known(BOARD, board_key(scene, backend)) or []
    complete = bool(board) and all(watch.finished for watch in board)
    return complete and not watched().waits(OTHER, board_key(other, backend))


def other_rows(scene: Scene, backend: Backend) -> list[SweepRow]:
    """What is known of it, the run that its others are compared with first."""
    measured = other_sweep(scene, backend)
    state = None if measured is None else measured.states[0]
    return [] if state is None else state.common()


def filling(scene: Scene, backend: Backend) -> bool:
    """Whether any of it is under way, or will be."""
    found = board_sweep(scene, backend), pinned_sweep(scene, backend), other_sweep(scene, backend)
    return any(one is not None and one.under_way for one in found)


def _every_component(scene: Scene, backend: Backend, scope: Scope = "everywhere") -> Watch[SweepState]:
    return backend.watch(scene.model, _question(scene, backend, scope))


def _question(scene: Scene, backend: Backend, scope: Scope = "everywhere") -> Sweep:
    parts = components_of(backend.model(scene.model).cfg, COMPONENT_KINDS)
    return Sweep(
        tuple(puzzles_of(scene, backend)), tuple(parts), sweep_base(scene), sweep_method(scene), scope
    )


def board_key(scene: Scene, backend: Backend) -> Hashable:
    """What the board's sweeps depend on."""
    return scene.model, tuple(puzzles_of(scene, backend)), sweep_base(scene), sweep_method(scene)


def task_sweeps(scene: Scene) -> dict[str, SweepState | None] | None:
    """Each attention layer over puzzles of each task, if somebody has asked for it (:func:`begin_tasks`)."""
    watches = watched().known(TASKS_GROUP, _tasks_key(scene))
    return None if watches is None else dict(zip(TASKS, (watch.state for watch in watches), strict=True))


def begin_tasks(scene: Scene, backend: Backend) -> None:
    """Ask for it, anew if it was stopped. Takes a while."""
    watched().forget(TASKS_GROUP)
    parts = tuple(components_of(backend.model(scene.model).cfg, ["attn"]))
    base, method = sweep_base(scene), sweep_method(scene)

    def begin(task: str) -> Watch[SweepState]:
        puzzles = tuple(puzzles_of_task(scene, backend, task))
        return backend.watch(scene.model, Sweep(puzzles, parts, base, method))

    # Of one visitor's work the latest comes first, so the first task is asked for last.
    begun = {task: begin(task) for task in reversed(TASKS)}
    watched().keep(TASKS_GROUP, _tasks_key(scene), [begun[task] for task in TASKS])


def tasks_measured(scene: Scene) -> Measured:
    """How far they are."""
    return _measured(TASKS_GROUP, watched().known(TASKS_GROUP, _tasks_key(scene)) or [], [])


def _tasks_key(scene: Scene) -> Hashable:
    return scene.model, per_task(scene), sweep_base(scene), sweep_method(scene)


def _measured(
    group: str, watches: Sequence[Watch[SweepState]], first: Sequence[Watch[SweepState]]
) -> Measured:
    stopped = watched().stopped(group)
    # Every one is asked: each may have an error to tell.
    finished = not [watch for watch in [*watches, *first] if not watch.finished]
    states = tuple(watch.state for watch in watches) or (None,)
    done = [0.0 if state is None else state.fraction for state in states]
    progress = None if finished or stopped else sum(done) / len(done)
    look = first[0].state if first else None
    complete = finished and bool(watches)
    return Measured(states, look, progress, stopped and not complete, not watches and not stopped)
