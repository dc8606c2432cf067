"""The choice of a puzzle: by task, by prompt order, by whether the model solves it, by number or picture.

It is a fragment: while puzzles are counted, the rest of the page stays as it is.
"""

from functools import lru_cache, partial

import numpy as np
import streamlit as st
from jaxtyping import Integer

from app.live import fragment, solving
from app.state.scene import Scene
from app.state.session import change, now, open_puzzle
from app.widgets.palette import PALETTES
from app.widgets.puzzle_picker import picker
from app.widgets.puzzle_picker.picker import Offer, PuzzleEntry, TaskEntry
from app.widgets.puzzle_picker.wishes import (
    Look,
    OpenPuzzle,
    PickerWish,
    SetOrder,
    SetTask,
    SetWhich,
    ShowFailures,
    Which,
)
from interp.backend import Backend
from interp.puzzles import Puzzle, PuzzleSet
from interp.tasks import TASKS
from interp.tokens import STRUCTURES, Structure

OWN_RULE = "a puzzle of none of the tasks: what is right is what was painted"

_PICTURES = "picker-pictures"
"""The task whose pictures a browser has asked for: sent until it has them, for a run may be overtaken
by the next."""


def show(scene: Scene, backend: Backend) -> None:
    """Draw the line of controls, for a horizontal container; a choice replaces the scene's puzzle."""

    def draw_picker() -> None:
        picker.show(_offer(scene, backend), key="picker", on_wish=partial(_grant, backend))

    fragment.show(
        draw_picker,
        scene=scene,
        under_way=lambda: solving.counting(scene, backend),
        groups=solving.GROUPS,
        alone=True,
    )


def _offer(scene: Scene, backend: Backend) -> Offer:
    task, bank = scene.puzzle.task, backend.bank()
    puzzles = bank.filter(task=task)
    solved = solving.solved(scene, backend, task)
    known = [*solved, *[None] * (len(puzzles) - len(solved))]
    pictures = None
    if len(puzzles) and st.session_state.get(_PICTURES) == task:
        pictures = np.stack([_picture(puzzle) for puzzle in puzzles])
    return Offer(
        tasks=[*(_entry(scene, backend, name) for name in TASKS), *_own_task(scene)],
        task=task,
        orders=[structure.name for structure in STRUCTURES],
        order=scene.structure.name if scene.structure else "",
        which=scene.which,
        puzzles=[
            PuzzleEntry(puzzle.id, STRUCTURES.index(puzzle.structure), right)
            for puzzle, right in zip(puzzles, known, strict=True)
        ],
        puzzle=scene.puzzle.id,
        own=scene.puzzle not in puzzles,
        elsewhere="" if not all(solved) else solving.elsewhere(scene, backend),
        pictures=pictures,
        colors=PALETTES[scene.palette],
    )


def _own_task(scene: Scene) -> list[TaskEntry]:
    """The entry of a puzzle that is of no task."""
    puzzle = scene.puzzle
    return [] if puzzle.task in TASKS else [TaskEntry(puzzle.task, OWN_RULE, _picture(puzzle))]


def _entry(scene: Scene, backend: Backend, task: str) -> TaskEntry:
    example = _picture(backend.bank().filter(task=task, structure=STRUCTURES[0])[0])
    if not solving.whole(scene, backend, task):
        return TaskEntry(task, TASKS[task].description, example)
    solved = solving.solved(scene, backend, task)
    return TaskEntry(task, TASKS[task].description, example, sum(solved), len(solved) - sum(solved))


@lru_cache(maxsize=4096)
def _picture(puzzle: Puzzle) -> Integer[np.ndarray, " 200"]:
    """Its first two grids, row by row."""
    return puzzle.grids[:2].reshape(-1)


def _grant(backend: Backend, wish: PickerWish) -> None:
    """Do what the picker asks for."""
    st.session_state.pop(_PICTURES, None)
    match wish:
        case SetTask(task):
            _go(task, backend)
        case ShowFailures(task):
            change(which="failed")
            _go(task, backend)
        case SetOrder(name):
            change(structure=next((one for one in STRUCTURES if one.name == name), None))
            _stay_or_go(backend)
        case SetWhich(which):
            change(which=which)
            _stay_or_go(backend)
        case OpenPuzzle(puzzle):
            found = backend.bank().find(puzzle)
            if found is not None:
                open_puzzle(found)
        case Look(pictures):
            solving.ask()
            if pictures:
                st.session_state[_PICTURES] = now().puzzle.task


def _go(task: str, backend: Backend) -> None:
    """To the first puzzle of a task that fits the choices; to one of the chosen order, where it is not known
    which are solved."""
    fitting = _fitting(task, now().structure, backend, now().which)
    open_puzzle((fitting or _fitting(task, now().structure, backend, "all"))[0])


def _stay_or_go(backend: Backend) -> None:
    """To the first puzzle that fits the choices, unless the one on screen does."""
    fitting = _fitting(now().puzzle.task, now().structure, backend, now().which)
    if fitting and now().puzzle not in fitting:
        open_puzzle(fitting[0])


def _fitting(task: str, structure: Structure | None, backend: Backend, which: Which) -> list[Puzzle]:
    puzzles: PuzzleSet = backend.bank().filter(task=task)
    known = solving.solved(now(), backend, task)
    return [
        puzzle
        for place, puzzle in enumerate(puzzles)
        if structure in (None, puzzle.structure)
        and (which == "all" or (place < len(known) and known[place] == (which == "solved")))
    ]
