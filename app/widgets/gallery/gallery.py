"""A page of puzzles, each with its four grids. Arrow keys lead from one to the next; what is chosen comes
back to Python."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from app.widgets.browser.hearing import said
from app.widgets.browser.scripts import ELEMENT, component, joined
from app.widgets.puzzle_picker.picker import digits
from interp.puzzles import Puzzle

HERE = Path(__file__).parent
AT_ONCE = 24
"""Puzzles on a page."""

_gallery = component(
    "gallery",
    css=(HERE / "gallery.css").read_text(),
    js=joined(ELEMENT, HERE / "gallery.js"),
)

Act = Literal["open", "paint", "pick", "page"]


@dataclass(frozen=True)
class Tile:
    """A puzzle.

    Attributes:
        number: of the puzzle among all of its source, from 0: by it the browser speaks of it.
        title: below its picture.
        note: beside the title, as whether the model solves it.
        bad: whether the note says that something is wrong.
        picked: whether it is picked.
    """

    number: int
    puzzle: Puzzle
    title: str
    note: str = ""
    bad: bool = False
    picked: bool = False


@dataclass(frozen=True)
class Wish:
    """What a visitor wants: to open or paint the puzzle of a number, to pick it or no longer, or to see a
    page."""

    act: Act
    number: int


def show(
    tiles: Sequence[Tile],
    *,
    key: str,
    page: int,
    pages: int,
    total: str,
    colors: Sequence[str],
    on_wish: Callable[[Wish], None],
) -> None:
    """Draw a page of them.

    Args:
        page, pages: which page, from 1, and how many there are.
        total: how many puzzles there are, in words.
        colors: of the eleven cell colours.
    """
    data = {
        "tiles": [_told(tile) for tile in tiles],
        "page": page,
        "pages": pages,
        "total": total,
        "colors": list(colors),
    }
    _gallery(
        key=key,
        data=data,
        on_wish_change=partial(_hear, key, {tile.number for tile in tiles}, pages, on_wish),
    )


def _told(tile: Tile) -> dict[str, Any]:
    return {
        "number": tile.number,
        "cells": digits(tile.puzzle.grids.ravel()),
        "title": tile.title,
        "about": f"{tile.puzzle.task}, {tile.puzzle.structure.name}",
        "note": tile.note,
        "bad": tile.bad,
        "picked": tile.picked,
    }


def read_wish(value: object, numbers: Collection[int], pages: int) -> Wish | None:
    """What a browser says, if it can be a wish on this page of the gallery: it is only a claim."""
    match value:
        case {"act": str(act), "number": int(number)} if type(number) is int:
            allowed = range(1, pages + 1) if act == "page" else numbers
            found = next((one for one in get_args(Act) if one == act), None)
            return Wish(found, number) if found is not None and number in allowed else None
    return None


def _hear(key: str, numbers: Collection[int], pages: int, on_wish: Callable[[Wish], None]) -> None:
    wish = read_wish(said(key, "wish"), numbers, pages)
    if wish is not None:
        on_wish(wish)
