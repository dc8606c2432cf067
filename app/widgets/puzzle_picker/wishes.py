"""What a visitor asks of the puzzle picker, as values."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Which = Literal["all", "solved", "failed"]
"""Of the puzzles that fit: all, those that the clean model solves, those that it fails."""


@dataclass(frozen=True)
class SetTask:
    """Go to another task."""

    task: str


@dataclass(frozen=True)
class SetOrder:
    """Offer only puzzles of this prompt order; empty: of any."""

    order: str


@dataclass(frozen=True)
class SetWhich:
    """Offer all puzzles, those that are solved, or those that are failed."""

    which: Which


@dataclass(frozen=True)
class OpenPuzzle:
    """Show the puzzle of this id."""

    puzzle: str


@dataclass(frozen=True)
class ShowFailures:
    """Go to the puzzles of another task that the model fails."""

    task: str


@dataclass(frozen=True)
class Look:
    """Count which puzzles are solved; with ``pictures``, send the pictures of the task's puzzles too."""

    pictures: bool


PickerWish = SetTask | SetOrder | SetWhich | OpenPuzzle | ShowFailures | Look

LONGEST = 40
"""Letters of a puzzle's id, more than any has."""


def read_wish(value: object, tasks: Collection[str], orders: Sequence[str]) -> PickerWish | None:
    """The wish that a browser sent, or ``None`` if it is no such thing: it is only a claim. Whether there is
    a puzzle of an id is left to who looks it up."""
    if (
        not isinstance(value, dict)
        or value.keys() != {"kind", "value"}
        or not isinstance(value["value"], str)
    ):
        return None
    kind, text = value["kind"], value["value"]
    if kind in ("task", "failures") and text in tasks:
        return SetTask(text) if kind == "task" else ShowFailures(text)
    if kind == "order" and text in ("", *orders):
        return SetOrder(text)
    for which in get_args(Which):
        if (kind, text) == ("which", which):
            return SetWhich(which)
    if kind == "open" and 0 < len(text) <= LONGEST:
        return OpenPuzzle(text)
    if kind == "look" and text in ("counts", "pictures"):
        return Look(text == "pictures")
    return None
