"""Choosing whose attention CircuitsVis shows, and on which tokens."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from app.widgets.controls import choice
from app.widgets.token_attention.window import Way, What, Window, length, longest
from interp.puzzles import Puzzle

WAYS: dict[Way, str] = {
    "rows": "rows of each grid",
    "grid": "a grid and the answer",
    "positions": "positions",
}
ALL = "all"
HELP = (
    "**Rows of each grid**: the start token, the markers, and the same rows of all four grids. **A grid and"
    " the answer**: some rows of one grid, and the positions that predict the same rows of the answer (each"
    " is one before its cell). **Positions**: any stretch of the 405."
)


def show(
    head: int | None,
    window: Window,
    puzzle: Puzzle,
    *,
    key: str,
    n_heads: int,
    on_change: Callable[[int | None, Window], None],
) -> None:
    """Draw the controls.

    Args:
        head: whose attention is shown, or ``None`` for all heads of the layer.
        on_change: is given the head and the window that a visitor chooses.
    """
    what: What = "heads" if head is None else "pattern"
    shown = window.fitted(what)

    def report(head: int | None, window: Window) -> None:
        on_change(head, window.fitted("heads" if head is None else "pattern"))

    choice.segmented(
        "Head",
        [*map(str, range(n_heads)), ALL],
        ALL if head is None else str(head),
        key=f"{key}-head",
        on_change=lambda name: report(None if name == ALL else int(name), shown),
        label_shown=True,
    )
    choice.segmented(
        "Tokens",
        WAYS,
        shown.way,
        key=f"{key}-way",
        on_change=lambda way: report(head, _first_look(way, shown)),
        label_shown=True,
        help=HELP,
    )
    if shown.way == "grid":
        choice.segmented(
            "Grid",
            dict(enumerate(puzzle.structure.name.split(" ")[:3])),
            shown.place,
            key=f"{key}-place",
            on_change=lambda place: report(head, replace(shown, place=place)),
            label_shown=True,
        )
    _ends(shown, what, key, lambda window: report(head, window))


def _ends(window: Window, what: What, key: str, on_change: Callable[[Window], None]) -> None:
    """Draw the first and the last row or position; rows are counted from 1 here."""
    name, shift = ("position", 0) if window.way == "positions" else ("row", 1)
    most = longest(window.way, what)

    def pull(end: str, shown: int) -> None:
        ends = {"first": window.first, "last": window.last} | {end: shown - shift}
        on_change(_pulled(window, ends["first"], ends["last"], most))

    with st.container(horizontal=True):
        for end in ("first", "last"):
            choice.number(
                f"{end.capitalize()} {name}",
                getattr(window, end) + shift,
                key=f"{key}-{end}",
                on_change=partial(pull, end),
                min_value=shift,
                max_value=length(window.way) - 1 + shift,
                help=f"At most {most} {name}s are shown at once.",
                width=150,
            )


def _pulled(before: Window, first: int, last: int, most: int) -> Window:
    """The window with these ends; where they are too far apart or crossed, the one that was not moved
    follows."""
    if last != before.last:
        return replace(before, first=max(min(first, last), last - most + 1), last=last)
    return replace(before, first=first, last=min(max(last, first), first + most - 1))


def _first_look(way: Way, before: Window) -> Window:
    """Where to begin when another way is chosen: about the rows that were shown before."""
    most = longest(way, "pattern")
    rows_before = before.first if before.way != "positions" else Window.first
    first = 0 if way == "positions" else min(rows_before, length(way) - most)
    return replace(before, way=way, first=first, last=first + most - 1)
