"""Activation patching: which activation of a second puzzle's run carries its answer over."""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from html import escape

import numpy as np
import streamlit as st

from app.widgets import terms
from app.widgets.charts import clickable_chart
from app.widgets.charts.attribution import show_cells
from app.widgets.controls.choice import segmented, select
from app.widgets.controls.progress import show_progress
from app.widgets.palette import PALETTES
from app.widgets.puzzle_strip import PLAIN, Look
from app.widgets.text import escape_markdown
from interp.analyses.activation_patching import (
    EVERYWHERE,
    Detail,
    Edit,
    Kind,
    PatchState,
    first_edit,
    recoloured,
)
from interp.errors import PuzzlescopeError
from interp.figures.draft import Draft
from interp.figures.grids import grid_svg
from interp.figures.patching import (
    effect_cells,
    gap_cells,
    head_patch_map,
    metric_name,
    patch_map,
)
from interp.grids import COLORS, SIZE
from interp.puzzles import Puzzle
from interp.tokens import cell_name

SHORT = "Which activation carries the source's answer over: 0 for none of it, 1 for all."
ABOUT = (
    "Removing a component tells what breaks without it; *patching* tells what it carries. The model sees"
    " two puzzles: this one, and a source. One activation is copied from the source's run into this one's,"
    " which goes on from there: if the answer turns into the source's, what makes the two differ was in it."
    " Effect 0: the answer is this puzzle's. Effect 1: it is the source's. The answer's grid holds this"
    " puzzle's colours in both runs. Read the map from the top down: what the source's grids say moves from"
    " the positions where it stands to the position that predicts the cell."
)
LEGEND = (
    "Teal: toward the source's answer, full colour at 1; purple: away from it. In brackets, a grid's marker."
)

KINDS: dict[Kind, str] = {
    "resid_pre": "residual stream",
    "attn_out": "attention layers",
    "mlp_out": "MLPs",
    "z": "heads",
}
DETAILS: dict[Detail, str] = {"grids": "whole grids", "rows": "rows of ten"}
EDITED = "an edited copy of this puzzle"


@dataclass(frozen=True)
class Patching:
    """What a visitor has chosen.

    Attributes:
        source: id of the second puzzle, an edit of this one, or ``None`` for the first that is offered.
        kind: what is patched.
        detail: at whole grids, or at rows of ten cells.
        block: of the heads' map.
        marked: site and block of the patch whose effect on all cells is shown.
    """

    source: str | Edit | None = None
    kind: Kind = "resid_pre"
    detail: Detail = "grids"
    block: str = EVERYWHERE.name
    marked: tuple[str, str] | None = None


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


def show_choices(
    puzzle: Puzzle,
    candidates: Sequence[Puzzle],
    choice: Patching,
    *,
    key: str,
    why: str = "",
    on_change: Callable[[Patching], None],
) -> None:
    """Draw what there is to choose: the second puzzle, what is patched, and where.

    Args:
        candidates: puzzles offered besides an edited copy, their grids in the same order as this one's.
        why: why this source, in a sentence.
        on_change: is given the new choice.
    """
    terms.how_to_read(SHORT, ABOUT)
    by_id = {one.id: f"{one.task} {one.id}" for one in candidates}
    first = choice.source if choice.source in by_id else next(iter(by_id), EDITED)
    current = EDITED if isinstance(choice.source, Edit) else str(first)

    def to_source(name: str) -> None:
        source = first_edit(puzzle) if name == EDITED else name
        on_change(replace(choice, source=source, marked=None))

    def to_kind(kind: Kind) -> None:
        on_change(replace(choice, kind=kind, marked=None))

    def to_detail(detail: Detail) -> None:
        on_change(replace(choice, detail=detail, block=EVERYWHERE.name, marked=None))

    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        offered = {**by_id, EDITED: EDITED}
        select("Source", offered, current, key=f"{key}-source", on_change=to_source, width=260)
        segmented(
            "What is patched", KINDS, choice.kind, key=f"{key}-kind", on_change=to_kind, label_shown=True
        )
        segmented("Where", DETAILS, choice.detail, key=f"{key}-detail", on_change=to_detail, label_shown=True)
    if why:
        st.caption(why)


def show_source(
    puzzle: Puzzle,
    source: Puzzle,
    choice: Patching,
    *,
    key: str,
    look: Look = PLAIN,
    on_change: Callable[[Patching], None],
) -> None:
    """Draw the second puzzle, and what there is to choose of an edit."""
    _show_grids(source, puzzle if isinstance(choice.source, Edit) else None, look)
    show_edit_of(puzzle, choice, key=key, on_change=on_change)


def show_edit_of(
    puzzle: Puzzle, choice: Patching, *, key: str, on_change: Callable[[Patching], None]
) -> None:
    """Draw what there is to choose of an edit, if the source is one."""
    if isinstance(choice.source, Edit):
        _show_edit(
            puzzle, choice.source, key, lambda edit: on_change(replace(choice, source=edit, marked=None))
        )


def _show_grids(source: Puzzle, original: Puzzle | None, look: Look) -> None:
    """Draw the source's grids; what was edited is outlined."""
    pictures = []
    for place, name in enumerate(source.structure.name.split(" ")):
        cells = source.grids[place]
        edited = None if original is None else cells != original.grids[place]
        svg = grid_svg(cells, edited, palette=PALETTES[look.palette], digits=look.digits)
        # As a picture: Streamlit takes bare SVG out of HTML.
        address = f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
        picture = f'<img src="{address}" alt="{escape(name)} of the source" style="width:100%;display:block">'
        pictures.append(f'<div style="flex:1 1 0;min-width:0">{escape(name)}{picture}</div>')
    st.html(f'<div style="display:flex;gap:10px;font-size:13px">{"".join(pictures)}</div>')


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


def show(
    state: PatchState | None,
    choice: Patching,
    *,
    progress: float | None,
    stopped: bool,
    key: str,
    cell: int,
    on_cell: Callable[[int], None],
    on_change: Callable[[Patching], None],
    on_stop: Callable[[], None],
    on_again: Callable[[], None],
    source: Callable[[], None] = lambda: None,
) -> None:
    """Draw the effects, however many are known, on one cell; and beside it, of one patch on all cells.

    Args:
        source: draws the second puzzle, beside the effects.
        state: ``None`` before anything is.
        progress: 0 to 1 while it is computed, else ``None``.
        stopped: whether a visitor has stopped it before the end.
        key: begins the keys of all its widgets.
        cell: of the answer, 0..99.
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
    with effects:
        figure = _map(state, choice, cell, marked, key, on_change)

        def clicked(data: list[str]) -> None:
            if len(data) == 2 and _known(state, (data[0], data[1])):
                on_change(replace(choice, marked=(data[0], data[1])))

        clickable_chart.show(figure, key=f"{key}-map", name="patches", on_click=clicked)
        told = f"{_measured(state, cell)} {state.summary(cell)} {LEGEND}"
        st.caption(escape_markdown(told.replace(" -", " −")))
    with cells:
        if marked is None:
            show_cells(gap_cells.draft(state, cell), name="gaps", key=f"{key}-gaps", on_cell=on_cell)
            if state.comparable.any() and not state.comparable[cell]:
                st.button(
                    "Go to where they differ most",
                    key=f"{key}-most",
                    on_click=lambda: on_cell(state.most_different),
                )
            st.caption(
                f"The two runs differ at {int(state.comparable.sum())} of 100 cells. Click one to see what"
                " carries it; click a patch to see what else it carries."
            )
        else:
            show_cells(
                effect_cells.draft(state, *marked, cell), name="cells", key=f"{key}-effects", on_cell=on_cell
            )
            st.button(
                "Where the runs differ",
                key=f"{key}-back",
                on_click=lambda: on_change(replace(choice, marked=None)),
            )


def _known(state: PatchState, marked: tuple[str, str] | None) -> bool:
    """Whether there is such a patch."""
    names = [block.name for block in state.blocks]
    return marked is not None and marked[0] in state.sites and marked[1] in names


def _map(
    state: PatchState,
    choice: Patching,
    cell: int,
    marked: tuple[str, str] | None,
    key: str,
    on_change: Callable[[Patching], None],
) -> Draft:
    """The map of effects; of heads, at one block, which is chosen here."""
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
        key=f"{key}-block",
        on_change=lambda name: on_change(replace(choice, block=name, marked=None)),
        width=170,
    )
    return head_patch_map.draft(state, cell, block, marked)


def _measured(state: PatchState, cell: int) -> str:
    """What is measured at the cell, in the two runs."""
    if not (np.isfinite(state.target[cell]) and np.isfinite(state.source[cell])):
        return ""
    agree = (state.target[cell] > 0) == (state.source[cell] > 0)
    return (
        f"{cell_name(cell).capitalize()}, {metric_name(state, cell)}: {state.target[cell]:.2f} in this"
        f" puzzle's run, {state.source[cell]:.2f} in the source's."
        + (" The two answers agree here: choose a cell where they differ." if agree else "")
    )
