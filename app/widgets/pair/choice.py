"""Which counterfactual: in what it differs, and which of the many that there are."""

from collections.abc import Callable, Mapping

import streamlit as st

from app.widgets.controls.choice import select
from interp.pairs import Kind

KINDS: Mapping[Kind, str] = {
    "rule": "another rule",
    "task": "another task",
    "input": "another input",
    "noise": "only noise",
}
"""The kinds of pairs whose positions align, by what the counterfactual has."""

SHORT: Mapping[Kind, str] = {
    "rule": "The counterfactual's example shows the same rule with another colour, direction or rectangle;"
    " the third grid is the same.",
    "task": "The counterfactual's example is one of another task; the third grid is the same.",
    "input": "The counterfactual's third grid differs in one thing; the rule is the same.",
    "noise": "The counterfactual differs in noise on the third grid alone, and its answer is the same: a"
    " null, which tells how much noise itself moves.",
}
"""What each of them is, in a sentence."""

ABOUT = (
    "A *counterfactual* is this puzzle with one thing changed: the rule, the task, the input, or only noise."
    " Its answer is worked out by the task's solver, and grids stand in the same order, so each position of"
    " the two can be compared. What the model does differently on the two is due to that one thing. The"
    " cells that differ are marked in both; *contrast cells* are those of the answer."
)


def show_kind(
    kind: Kind,
    *,
    key: str,
    on_kind: Callable[[Kind], None],
    on_another: Callable[[], None],
    label: str = "Pair",
    there: bool = True,
) -> None:
    """Draw the choice of a kind, and a button for another counterfactual of it; for a horizontal
    container.

    Args:
        there: whether the puzzle has one of this kind.
    """
    select(label, KINDS, kind, key=f"{key}-pair", on_change=on_kind, width=150)
    st.button(
        "Another",
        key=f"{key}-another",
        icon=":material/casino:",
        help="Another counterfactual of this kind.",
        disabled=not there,
        on_click=on_another,
    )
