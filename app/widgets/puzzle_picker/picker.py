"""The puzzle picker, one line of controls of a height that never changes.

Lists open, number and steps are worked out in the browser; only a choice comes back to Python.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Integer

from app.widgets.browser.hearing import said
from app.widgets.browser.scripts import ELEMENT, component, joined
from app.widgets.puzzle_picker.wishes import PickerWish, Which, read_wish

HERE = Path(__file__).parent
SCRIPT = joined(ELEMENT, HERE / "picker.js", HERE / "menu.js", HERE / "pictures.js")

_picker = component("puzzle_picker", css=(HERE / "picker.css").read_text(), js=SCRIPT)


@dataclass(frozen=True, eq=False)
class TaskEntry:
    """A task in the list.

    Attributes:
        name, rule: what it is called and what is to be done.
        example: the first two grids of one of its puzzles, row by row.
        solved, failed: how many of its puzzles the model does, ``None`` where that is not known.
    """

    name: str
    rule: str
    example: Integer[np.ndarray, " 200"]
    solved: int | None = None
    failed: int | None = None


@dataclass(frozen=True, eq=False)
class PuzzleEntry:
    """A puzzle of the chosen task.

    Attributes:
        id: of the puzzle.
        order: which of the prompt orders it has.
        solved: whether the model solves it, ``None`` if that is not known.
    """

    id: str
    order: int
    solved: bool | None


@dataclass(frozen=True, eq=False)
class Offer:
    """What there is to choose from, and what is chosen.

    Attributes:
        tasks, task: all, and the name of the one that is chosen.
        orders, order: all prompt orders, and the one that is chosen; empty for any.
        which: whether only puzzles that are solved or failed are offered.
        puzzles, puzzle: all of the task, and the id of the one on screen.
        own: the one on screen is none of these: it came in a link, or was painted.
        elsewhere: a task of which the model fails puzzles, if it fails none of this one's.
        pictures: the first two grids of every puzzle, if the browser has asked for them.
        colors: of the eleven cell colours.
    """

    tasks: Sequence[TaskEntry]
    task: str
    orders: Sequence[str]
    order: str
    which: Which
    puzzles: Sequence[PuzzleEntry]
    puzzle: str
    own: bool = False
    elsewhere: str = ""
    pictures: Integer[np.ndarray, "puzzle 200"] | None = None
    colors: Sequence[str] = ()

    def data(self) -> dict[str, Any]:
        """The offer as the browser gets it. Cells are a hexadecimal digit each."""
        return {
            "tasks": [
                {
                    "name": task.name,
                    "rule": task.rule,
                    "example": digits(task.example),
                    "solved": task.solved,
                    "failed": task.failed,
                }
                for task in self.tasks
            ],
            "task": self.task,
            "orders": list(self.orders),
            "order": self.order,
            "which": self.which,
            "ids": [puzzle.id for puzzle in self.puzzles],
            "order_of": [puzzle.order for puzzle in self.puzzles],
            "solved": "".join("?" if one.solved is None else str(int(one.solved)) for one in self.puzzles),
            "puzzle": self.puzzle,
            "own": self.own,
            "elsewhere": self.elsewhere,
            "pictures": [] if self.pictures is None else [digits(cells) for cells in self.pictures],
            "colors": list(self.colors),
        }


def digits(cells: Integer[np.ndarray, " cells"]) -> str:
    """Colours 0 to 10 as a hexadecimal digit each.

    >>> digits(np.array([0, 9, 10]))
    '09a'
    """
    return "".join(f"{cell:x}" for cell in cells.tolist())


def show(offer: Offer, *, key: str, on_wish: Callable[[PickerWish], None]) -> None:
    """Draw the line.

    Args:
        on_wish: is given what a visitor asks for.
    """
    tasks, orders = [task.name for task in offer.tasks], list(offer.orders)
    _picker(key=key, data=offer.data(), on_wish_change=partial(_report, key, tasks, orders, on_wish))


def _report(key: str, tasks: list[str], orders: list[str], on_wish: Callable[[PickerWish], None]) -> None:
    wish = read_wish(said(key, "wish"), tasks, orders)
    if wish is not None:
        on_wish(wish)
