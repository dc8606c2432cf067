"""The second puzzle: the counterfactual, another puzzle, or an edit of this one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import streamlit as st

from app.widgets.controls.choice import select
from app.widgets.pair import show_marked
from app.widgets.patching.choices import PAIR, Patching
from app.widgets.puzzle_strip import PLAIN, Look
from interp.analyses.activation_patching import Edit, recoloured
from interp.errors import PuzzlescopeError
from interp.grids import COLORS, SIZE
from interp.puzzles import Puzzle


def source_of(puzzle: Puzzle, candidates: Sequence[Puzzle], choice: Patching) -> Puzzle | None:
    """The second puzzle that is chosen; ``None`` where there is none, or an edit changes nothing.

    Args:
        candidates: puzzles whose grids stand in the same order as this one's.
    """
    if isinstance(choice.source, Edit):
        edit = choice.source
        try:
            return recoloured(puzzle, edit.place, edit.row, edit.column, edit.color)
        except PuzzlescopeError:
            return None
    found = [one for one in candidates if one.id == choice.source]
    return next(iter(found or candidates), None)


def show_source(
    puzzle: Puzzle,
    source: Puzzle,
    choice: Patching,
    *,
    key: str,
    look: Look = PLAIN,
    on_change: Callable[[Patching], None],
) -> None:
    """Draw the second puzzle, the cells marked that differ where few do, and what there is to choose of an
    edit."""
    differs = puzzle.grids != source.grids
    few = choice.source == PAIR or isinstance(choice.source, Edit)
    show_marked(source, differs if few else np.zeros_like(differs), look=look)
    show_edit_of(puzzle, choice, key=key, on_change=on_change)


def show_edit_of(
    puzzle: Puzzle, choice: Patching, *, key: str, on_change: Callable[[Patching], None]
) -> None:
    """Draw what there is to choose of an edit, if the source is one."""
    if isinstance(choice.source, Edit):
        _show_edit(
            puzzle, choice.source, key, lambda edit: on_change(replace(choice, source=edit, marked=None))
        )


def _show_edit(puzzle: Puzzle, edit: Edit, key: str, on_edit: Callable[[Edit], None]) -> None:
    """Draw the edit: which grid, row and column, and the cell's new colour."""
    places = dict(enumerate(puzzle.structure.name.split(" ")[:3]))
    lines = {k: str(k + 1) for k in range(SIZE)}
    colors = {k: color.name for k, color in enumerate(COLORS)}

    def edited(name: str, k: int) -> None:
        on_edit(replace(edit, **{name: k}))

    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        for label, name, offered, width in (
            ("Grid", "place", places, 90),
            ("Row", "row", lines, 80),
            ("Column", "column", lines, 80),
            ("Becomes", "color", colors, 140),
        ):
            select(
                label,
                offered,
                getattr(edit, name),
                key=f"{key}-{name}",
                on_change=partial(edited, name),
                width=width,
            )
        was = int(puzzle.grids[edit.place, edit.row, edit.column])
        same = " already: choose another colour" if was == edit.color else ""
        st.caption(f"That cell is {COLORS[was].name}{same}.", width="content")
