"""The verdict on a head, in a sentence, and what was tested for it."""

from collections.abc import Sequence

import streamlit as st

from app.widgets import plain_table, terms
from app.widgets.text import escape_markdown

HEAD = ("Way", "Passed", "What was measured", "Value and interval", "Expected")
MOST = 640
"""Pixels of the table, at most."""

Row = tuple[str, str, str, str, str]
"""A way, whether it passed (on a telephone the first columns are in sight), what it was tested by, what came
out, and what is expected."""


def show(sentence: str, numbers: str, checks: Sequence[Row]) -> None:
    """Draw the sentence large, its numbers below it, and all that was tested, to be opened.

    Args:
        sentence: the verdict.
        numbers: what it rests on, in a sentence or two.
        checks: of every way, those that were rejected too.
    """
    terms.markdown(f"#### {escape_markdown(sentence)}")
    terms.caption(escape_markdown(numbers))
    if checks:
        with st.expander(f"What was tested, and what was rejected ({len(checks)} checks)"):
            terms.caption(
                "A way is taken if all its checks pass, and no other way's do. Their bounds were fixed before"
                " anything was measured. Intervals hold 95 % of draws of the puzzles. Not among them: where"
                " the head looks on sequences that training has not shown, which *python -m interp why*"
                " prints. It may lose its way there because the heads below do, so this decides nothing."
            )
            plain_table.show("Checks", HEAD, checks, MOST, "", titled=False, wraps=True)
