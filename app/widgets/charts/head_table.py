"""All heads with all detectors, to sort by any; a click on a row chooses the head."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
import streamlit as st

from app.widgets.charts.head_scatter import COST
from app.widgets.controls import echoes
from interp.analyses.head_study import DETECTORS
from interp.figures.scale import colour, shade

FULL = 0.2
"""A column's grey is full at its largest share, but never at less than this: what is hardly there must not
look like much."""

HEIGHT = 486

ANYWHERE, SAME, ONE, TWO, THREE = (
    "anywhere",
    "same grid",
    "one grid back",
    "two grids back",
    "three grids back",
)
HEADS: dict[str, tuple[str, str, int]] = {
    "head": ("", "head", 62),
    "role": ("", "role", 114),
    COST: ("", "cost", 52),
    "previous_token": (SAME, "previous", 68),
    "above_next": (SAME, "above", 52),
    "above_current": (SAME, "above cur.", 84),
    "next_one_grid_back": (ONE, "same cell", 74),
    "current_one_grid_back": (ONE, "current", 62),
    "start": (ANYWHERE, "start", 48),
    "markers": (ANYWHERE, "markers", 70),
    "next_two_grids_back": (TWO, "same cell", 74),
    "current_two_grids_back": (TWO, "current", 62),
    "next_three_grids_back": (THREE, "same cell", 74),
    "current_three_grids_back": (THREE, "current", 62),
}
"""Of each column, in their order: the group that it stands in, its head, and its width in pixels. The cell
that is about to be predicted is the "same cell" of another grid, that of the token that looks the "current"
one."""
assert set(HEADS) == {"head", "role", COST, *DETECTORS}

ROLE_HELP = "What has at least half of the head's attention where the answer's cells are predicted"
COST_HELP = "The head's ablation effect, by the measure above"


def show(
    measures: Mapping[str, Mapping[str, float]],
    off: Mapping[str, bool],
    chosen: str,
    *,
    roles: Mapping[str, str],
    positions: Mapping[str, float],
    key: str,
    on_choice: Callable[[str], None],
) -> None:
    """Draw the table, its rows in the order of ``roles``.

    Args:
        measures: the detectors and the cost by their names, each of every head by its name.
        off: heads that write nothing, by name.
        chosen: name of the head whose row is selected.
        roles: what the heads that are listed are called besides, by name.
        positions: of the costs on the colour scale, of every head by its name.
        key: keeps how the table is sorted, as long as its rows are the same.
        on_choice: called with the name of the head whose row was clicked.
    """
    names = list(roles)
    # A browser sends the number of a row, maybe of a row as they stood before: so each order is a table of
    # its own, and what comes from another is passed over.
    key = f"{key}-{crc32(','.join(names).encode()):x}"
    frame = pd.DataFrame(measures).loc[names]
    frame["head"] = [f"{name} ✕" if off[name] else name for name in names]
    frame["role"] = list(roles.values())
    frame = frame[list(HEADS)]
    frame.columns = pd.MultiIndex.from_tuples([headed(name) for name in HEADS])
    echoes.show(key, {"selection": {"rows": [names.index(chosen)], "columns": [], "cells": []}})
    shares, costs = [headed(name) for name in DETECTORS], [headed(COST)]
    styled = frame.style.apply(_heat, subset=shares)
    styled = styled.apply(_costs, positions=[positions[name] for name in names], subset=costs)
    st.dataframe(
        styled.format(_share, subset=shares).format(_cost, subset=costs),
        key=key,
        height=HEIGHT,
        row_height=27,
        hide_index=True,
        selection_mode=["single-row-required", "single-cell"],
        on_select=echoes.hears(key, lambda: _selected(key, names, on_choice)),
        column_config=_columns(),
        placeholder="",
        alt="Every head with how much it looks at what each detector looks for",
    )


def headed(name: str) -> tuple[str, str]:
    """Where a measure stands: the group of its column, and what the column is called."""
    group, title, _ = HEADS[name]
    return group, title


def _columns() -> Any:
    """The columns' settings, by their places: 0 is the index, which is hidden."""
    help_of = {"head": None, "role": ROLE_HELP, COST: COST_HELP, **DETECTORS}
    return {place: _column(name, help_of[name]) for place, name in enumerate(HEADS, start=1)}


def _column(name: str, told: str | None) -> Any:
    _, title, width = HEADS[name]
    if name in ("head", "role"):
        return st.column_config.TextColumn(title, help=told, width=width, pinned=True)
    return st.column_config.NumberColumn(title, help=told, width=width)


def _share(share: float) -> str:
    """Two digits; a dot for what would be 0.00: most of the table, which is calmer so."""
    return "" if np.isnan(share) else f"{share:.2f}" if share >= 0.005 else "·"


def _cost(cost: float) -> str:
    """In two digits: cells, nats, or a share of answers; a dot for what is next to nothing."""
    return "" if np.isnan(cost) else f"{cost:.2g}".replace("-", "−") if abs(cost) >= 0.0005 else "·"


def _heat(column: "pd.Series[float]") -> list[str]:
    """Backgrounds of a column's cells: the theme shines through, so that they are right in light and dark."""
    full = max(FULL, float(column.fillna(0).max()))
    return [_background(share / full if share >= 0.01 else np.nan) for share in column]


def _costs(column: "pd.Series[float]", positions: Sequence[float]) -> list[str]:
    """No colour where there is no effect: the neutral one would look like attention."""
    return ["" if np.isnan(one) or one == 0 else f"background-color: {colour(one)}" for one in positions]


def _background(share: float) -> str:
    return "" if np.isnan(share) else f"background-color: {shade(share)}"


def _selected(key: str, names: list[str], on_choice: Callable[[str], None]) -> None:
    name = selected_name(st.session_state.get(key), names)
    if name is not None:
        on_choice(name)


def selected_name(state: Any, names: list[str]) -> str | None:
    """The head that a selection is of: that of the cell, if one was clicked, else that of the row."""
    selection = state["selection"] if state else {}
    rows = [cell[0] for cell in selection.get("cells", [])] or list(selection.get("rows", []))
    return names[rows[0]] if rows and 0 <= rows[0] < len(names) else None
