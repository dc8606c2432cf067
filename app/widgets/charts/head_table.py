"""All heads with all detectors, to sort by any; a click on a row chooses the head."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app.widgets.charts.head_scatter import COST
from app.widgets.controls import echoes
from interp.analyses.head_study import DETECTORS, DISTANCES
from interp.figures.scale import colour, shade

FULL = 0.2
"""A column's grey is full at its largest share, but never at less than this: what is hardly there must not
look like much."""

HEIGHT = 486
WIDTH = 44
"""Pixels of a column of numbers, which have two digits behind the point."""
WIDER = {"markers": 64, "start": 48, COST: 54}

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
        key: keeps how the table is sorted.
        on_choice: called with the name of the head whose row was clicked.
    """
    names = list(roles)
    frame = pd.DataFrame(measures).loc[names]
    frame.insert(0, "head", [f"{name} ✕" if off[name] else name for name in names])
    frame.insert(1, "role", list(roles.values()))
    echoes.show(key, {"selection": {"rows": [names.index(chosen)], "columns": [], "cells": []}})
    styled = frame.style.apply(_heat, subset=list(DETECTORS))
    styled = styled.apply(_costs, positions=[positions[name] for name in names], subset=[COST])
    st.dataframe(
        styled.format(_share, subset=list(DETECTORS)).format(_cost, na_rep="", subset=[COST]),
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


def title(name: str) -> str:
    """How a measure is called at the head of a column: by its distance, if it has one."""
    return str(DISTANCES.get(name, name))


def _columns() -> dict[str, Any]:
    help_of = {**DETECTORS, COST: COST_HELP}
    numbers = {
        name: st.column_config.NumberColumn(title(name), help=told, width=WIDER.get(name, WIDTH))
        for name, told in help_of.items()
    }
    return {
        "head": st.column_config.TextColumn("head", width=70, pinned=True),
        "role": st.column_config.TextColumn("role", help=ROLE_HELP, width=122, pinned=True),
        **numbers,
    }


def _share(share: float) -> str:
    """Two digits; a dot for what would be 0.00: most of the table, which is calmer so."""
    return "" if np.isnan(share) else f"{share:.2f}" if share >= 0.005 else "·"


def _cost(cost: float) -> str:
    """In two digits: cells, nats, or a share of answers; a dot for what is next to nothing."""
    return f"{cost:.2g}".replace("-", "−") if abs(cost) >= 0.0005 else "·"


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
