"""What each patch does: a map of all of them at the cells that are measured, and beside it a map of cells."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from app.widgets.charts import clickable_chart
from app.widgets.charts.attribution import show_cells
from app.widgets.controls.choice import select
from app.widgets.controls.progress import show_progress
from app.widgets.patching.choices import Patching
from app.widgets.text import escape_markdown
from interp.analyses.activation_patching import EVERYWHERE, Cells, PatchState
from interp.figures.draft import Draft
from interp.figures.patching import (
    effect_cells,
    gap_cells,
    head_patch_map,
    metric_name,
    patch_map,
)
from interp.tokens import cell_name

LEGEND = (
    "Teal: toward the source's answer, full colour at 1; purple: away from it. In brackets, a grid's marker."
)


@dataclass(frozen=True, eq=False)
class _Shown:
    """What is on screen, and who is told what is clicked in it.

    Attributes:
        cell: where it is measured.
        marked: site and block of the patch that is looked at, if there is such a patch.
        key: begins the keys of all its widgets.
    """

    state: PatchState
    choice: Patching
    cell: Cells
    marked: tuple[str, str] | None
    key: str
    on_cell: Callable[[int], None]
    on_change: Callable[[Patching], None]


def show(
    state: PatchState | None,
    choice: Patching,
    *,
    progress: float | None,
    stopped: bool,
    key: str,
    cell: Cells,
    on_cell: Callable[[int], None],
    on_change: Callable[[Patching], None],
    on_stop: Callable[[], None],
    on_again: Callable[[], None],
    source: Callable[[], None] = lambda: None,
) -> None:
    """Draw the effects, however many are known, on one cell or on the mean of several; and beside it, of one
    patch on all cells.

    Args:
        source: draws the second puzzle, beside the effects.
        state: ``None`` before anything is.
        progress: 0 to 1 while it is computed, else ``None``.
        stopped: whether a visitor has stopped it before the end.
        key: begins the keys of all its widgets.
        cell: of the answer, 0..99, or several.
        on_cell: is given the cell that is clicked on a map of cells.
        on_change: is given the new choice when a patch is clicked, or another block of the heads' map is
            chosen.
        on_stop, on_again: end the computation, and begin it anew.
    """
    effects, cells = st.columns([7, 4], gap="medium")
    # Below them: it comes and goes, and they stay where they are.
    show_progress(
        progress,
        stopped,
        "Patching",
        key=key,
        on_stop=on_stop,
        on_again=on_again,
        rest="Compute the rest",
    )
    with cells:
        source()
    if state is None:
        return
    marked = choice.marked if _known(state, choice.marked) else None
    shown = _Shown(state, choice, cell, marked, key, on_cell, on_change)
    with effects:
        _show_effects(shown)
    with cells:
        _show_cells(shown)


def _show_effects(shown: _Shown) -> None:
    """Draw the map of all patches, and say what stands out."""
    state, choice = shown.state, shown.choice

    def clicked(data: list[str]) -> None:
        if len(data) == 2 and _known(state, (data[0], data[1])):
            shown.on_change(replace(choice, marked=(data[0], data[1])))

    clickable_chart.show(_map(shown), key=f"{shown.key}-map", name="patches", on_click=clicked)
    told = f"{_measured(state, shown.cell)} {state.summary(shown.cell)} {LEGEND}"
    st.caption(escape_markdown(told.replace(" -", " −")))


def _show_cells(shown: _Shown) -> None:
    """Draw where the two runs differ, or, of the patch that is looked at, what it does to every cell."""
    state, key = shown.state, shown.key
    if shown.marked is not None:
        drawn = effect_cells.draft(state, *shown.marked, shown.cell)
        show_cells(drawn, name="cells", key=f"{key}-effects", on_cell=shown.on_cell)
        st.button(
            "Where the runs differ",
            key=f"{key}-back",
            on_click=lambda: shown.on_change(replace(shown.choice, marked=None)),
        )
        return
    show_cells(gap_cells.draft(state, shown.cell), name="gaps", key=f"{key}-gaps", on_cell=shown.on_cell)
    if state.comparable.any() and not state.measured(shown.cell).comparable:
        st.button(
            "Go to where they differ most",
            key=f"{key}-most",
            on_click=lambda: shown.on_cell(state.most_different),
        )
    st.caption(
        f"The two runs differ at {int(state.comparable.sum())} of 100 cells. Click one to see what"
        " carries it; click a patch to see what else it carries."
    )


def _known(state: PatchState, marked: tuple[str, str] | None) -> bool:
    """Whether there is such a patch."""
    names = [block.name for block in state.blocks]
    return marked is not None and marked[0] in state.sites and marked[1] in names


def _map(shown: _Shown) -> Draft:
    """The map of effects; of heads, at one block, which is chosen here."""
    state, choice, cell, marked = shown.state, shown.choice, shown.cell, shown.marked
    if state.kind != "z":
        return patch_map.draft(state, cell, marked)
    names: Mapping[str, str] = {
        block.name: "all positions" if block == EVERYWHERE else block.name for block in state.blocks
    }
    block = choice.block if choice.block in names else EVERYWHERE.name
    select(
        "Patched at",
        names,
        block,
        key=f"{shown.key}-block",
        on_change=lambda name: shown.on_change(replace(choice, block=name, marked=None)),
        width=170,
    )
    return head_patch_map.draft(state, cell, block, marked)


def _measured(state: PatchState, cell: Cells) -> str:
    """What is measured at the cell, or over several, in the two runs."""
    found = state.measured(cell)
    if not (np.isfinite(found.target) and np.isfinite(found.source)):
        return ""
    told = f"{found.target:.2f} unpatched, {found.source:.2f} in the source's run."
    if not isinstance(cell, int):
        where = "The contrast cell" if len(cell) == 1 else f"{len(cell)} contrast cells"
        return f"{where}, {metric_name(state, cell)}: {told}"
    agree = (found.target > 0) == (found.source > 0)
    return f"{cell_name(cell).capitalize()}, {metric_name(state, cell)}: {told}" + (
        " The two answers agree here: choose a cell where they differ." if agree else ""
    )
