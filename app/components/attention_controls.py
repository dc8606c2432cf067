"""Choosing whose attention CircuitsVis shows, and on which tokens."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from app.components.attention_view import Way, What, Window, length, longest
from interp.puzzles import Puzzle

WAYS: dict[Way, str] = {
    "rows": "rows of each grid",
    "grid": "a grid and the answer",
    "positions": "positions",
}
HELP = (
    "**Rows of each grid**: the start token, the markers, and the same rows of all four grids."
    " **A grid and the answer**: some rows of one grid, and the positions that predict the same rows of the answer (each"
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
    window = window.fitted(what)
    report = partial(_report, key, head, window, on_change)
    state = st.session_state
    state[f"{key}-head"] = "all" if head is None else str(head)
    state[f"{key}-way"] = window.way
    heads = [*map(str, range(n_heads)), "all"]
    st.segmented_control("Head", heads, key=f"{key}-head", required=True, on_change=report)
    st.segmented_control(
        "Tokens", list(WAYS), key=f"{key}-way", format_func=WAYS.__getitem__, required=True, help=HELP, on_change=report
    )  # fmt: skip
    if window.way == "grid":
        state[f"{key}-place"] = window.place
        titles = puzzle.structure.name.split(" ")
        st.segmented_control(
            "Grid", range(3), key=f"{key}-place", format_func=lambda place: titles[place], required=True, on_change=report
        )  # fmt: skip
    _ends(window, what, key, report)


def _ends(window: Window, what: What, key: str, report: Callable[[], None]) -> None:
    name, shift = ("position", 0) if window.way == "positions" else ("row", 1)
    with st.container(horizontal=True):
        for end, value in (("first", window.first), ("last", window.last)):
            st.session_state[f"{key}-{end}"] = value + shift
            st.number_input(
                f"{end.capitalize()} {name}",
                min_value=shift,
                max_value=length(window.way) - 1 + shift,
                key=f"{key}-{end}",
                help=f"At most {longest(window.way, what)} {name}s are shown at once.",
                on_change=report,
                width=150,
            )


def _report(
    key: str, head: int | None, before: Window, on_change: Callable[[int | None, Window], None]
) -> None:
    state = st.session_state
    chosen = state[f"{key}-head"]
    new_head = None if chosen == "all" else int(chosen)
    way: Way = state[f"{key}-way"]
    what: What = "heads" if new_head is None else "pattern"
    if way != before.way:
        window = _first_look(way, before)
    else:
        shift = 0 if way == "positions" else 1
        first, last = (state[f"{key}-{end}"] - shift for end in ("first", "last"))
        window = _pulled(before, first, last, longest(way, what))
    if way == "grid" and f"{key}-place" in state:
        window = replace(window, place=state[f"{key}-place"])
    on_change(new_head, window.fitted(what))


def _pulled(before: Window, first: int, last: int, most: int) -> Window:
    """The window with these ends; where they are too far apart or crossed, the one that was not moved follows."""
    if last != before.last:
        return replace(before, first=max(min(first, last), last - most + 1), last=last)
    return replace(before, first=first, last=min(max(last, first), first + most - 1))


def _first_look(way: Way, before: Window) -> Window:
    """Where to begin when another way is chosen: about the rows that were shown before."""
    most = longest(way, "pattern")
    rows_before = before.first if before.way != "positions" else Window.first
    first = 0 if way == "positions" else min(rows_before, length(way) - most)
    return replace(before, way=way, first=first, last=first + most - 1)
