"""Which puzzles of a task the clean model solves: counted while a visitor looks, once one has asked."""

from collections.abc import Sequence

import streamlit as st

from app.live.watching import Seen, look_in, watched
from app.state.scene import Scene
from interp.analyses.ablation_sweep import Sweep, SweepState
from interp.backend import Backend
from interp.tasks import TASKS

_ASKED = "asked-which-are-solved"


def ask() -> None:
    """Begin to count with the next look; for use in widget callbacks."""
    st.session_state[_ASKED] = True


def solved(scene: Scene, backend: Backend, task: str) -> list[bool]:
    """Whether each of the task's puzzles is solved, in the bank's order, as far as they are counted."""
    watches = watched().known(_group(task), scene.model)
    return _known(watches[0].state) if watches else []


def counting(scene: Scene, backend: Backend) -> bool:
    """Whether puzzles are being counted. Begins with what is to be counted if that has not begun yet: the
    task on screen, and if the model fails none of it, others until it fails one."""
    if scene.which == "all" and not st.session_state.get(_ASKED):
        return False
    for task in _from(scene.puzzle.task):
        seen = _look(scene, backend, task)
        if seen.progress is not None:
            return True
        if not all(solved(scene, backend, task)):
            return False
    return False


def elsewhere(scene: Scene, backend: Backend) -> str:
    """The nearest other task of which the model is known to fail puzzles; empty if none is known."""
    failed = (task for task in _from(scene.puzzle.task)[1:] if not all(solved(scene, backend, task)))
    return next(failed, "")


def whole(scene: Scene, backend: Backend, task: str) -> bool:
    """Whether all puzzles of a task are counted."""
    return len(solved(scene, backend, task)) == len(backend.bank().filter(task=task))


def _look(scene: Scene, backend: Backend, task: str) -> Seen[SweepState]:
    puzzles = tuple(backend.bank().filter(task=task))
    return look_in(_group(task), scene.model, lambda: backend.watch(scene.model, Sweep(puzzles)))


def _known(state: SweepState | None) -> list[bool]:
    return [] if state is None else [bool(one) for one in state.common()[0].solved]


def _from(task: str) -> Sequence[str]:
    """All tasks, this one first, then those after it."""
    names = list(TASKS)
    start = names.index(task) if task in names else 0
    return [*names[start:], *names[:start]]


def _group(task: str) -> str:
    return f"solved-{task}"


GROUPS = tuple(_group(task) for task in TASKS)
"""Of what a visitor looks in on."""
