"""Choosing whose attention CircuitsVis shows, and on which tokens."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from app.widgets.controls import echoes
from app.widgets.token_attention.view import Way, What, Window, length, longest
from interp.puzzles import Puzzle

WAYS: dict[Way, str] = {
    "rows": "rows of each grid",
    "grid": "a grid and the answer",
    "positions": "positions",
}
HELP = (
    "**Rows of each grid**: the start token, the markers, and the same rows of all four grids."
    " **A grid and the answer**: some rows of one grid, and the positions that predict the same rows of the"
    " answer (each"
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

    def report(name: str) -> Callable[[], None]:
        return echoes.hears(f"{key}-{name}", lambda: _report(key, name, head, window, on_change))

    echoes.show(f"{key}-head", "all" if head is None else str(head))
    echoes.show(f"{key}-way", window.way)
    heads = [*map(str, range(n_heads)), "all"]
    st.segmented_control("Head", heads, key=f"{key}-head", required=True, on_change=report("head"))
    st.segmented_control(
        "Tokens",
        list(WAYS),
        key=f"{key}-way",
        format_func=WAYS.__getitem__,
        required=True,
        help=HELP,
        on_change=report("way"),
    )
    if window.way == "grid":
        echoes.show(f"{key}-place", window.place)
        titles = puzzle.structure.name.split(" ")
        st.segmented_control(
            "Grid",
            range(3),
            key=f"{key}-place",
            format_func=lambda place: titles[place],
            required=True,
            on_change=report("place"),
        )
    _ends(window, what, key, report)


def _ends(window: Window, what: What, key: str, report: Callable[[str], Callable[[], None]]) -> None:
    name, shift = ("position", 0) if window.way == "positions" else ("row", 1)
    with st.container(horizontal=True):
        for end, value in (("first", window.first), ("last", window.last)):
            echoes.show(f"{key}-{end}", value + shift)
            st.number_input(
                f"{end.capitalize()} {name}",
                min_value=shift,
                max_value=length(window.way) - 1 + shift,
                key=f"{key}-{end}",
                help=f"At most {longest(window.way, what)} {name}s are shown at once.",
                on_change=report(end),
                width=150,
            )


def _report(
    key: str,
    name: str,
    head: int | None,
    before: Window,
    on_change: Callable[[int | None, Window], None],
) -> None:
    """Pass on what one control was set to, the others being as they were drawn."""
    chosen, window = st.session_state[f"{key}-{name}"], before
    shift = 0 if before.way == "positions" else 1
    match name:
        case "head":
            head = None if chosen == "all" else int(chosen)
        case "way":
            window = _first_look(chosen, before)
        case "place":
            window = replace(before, place=chosen)
    what: What = "heads" if head is None else "pattern"
    most = longest(before.way, what)
    match name:
        case "first":
            window = _pulled(before, chosen - shift, before.last, most)
        case "last":
            window = _pulled(before, before.first, chosen - shift, most)
    on_change(head, window.fitted(what))


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
