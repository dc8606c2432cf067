"""What was changed on one side of a head, and what became of its attention."""

from collections.abc import Sequence

import streamlit as st

from app.widgets import plain_table, terms
from app.widgets.text import escape_markdown

TITLE = "What happens if one side reads something else?"
SHORT = "One side of this head alone is changed: log-odds of the key that is looked at, before and after."
ABOUT = """
Each line is an experiment on one side of this head only, its queries or its keys; everything else runs on as
it was. **Log-odds**: how much more the head looks at this key than at all others together, as a logarithm: 0
is half of its attention, +4.6 is 99 %. It is used because near 100 % the share itself hardly moves.

*Kept* is what remains of the log-odds beyond chance, from 100 % (it made no difference) to 0 % and below (the
head no longer finds its key).
"""
NUMBER = "\N{NO-BREAK SPACE}"
HEAD = ("What is changed", "On its", f"Log-odds before{NUMBER}", f"After{NUMBER}", f"Kept{NUMBER}")
MOST = 720
"""Pixels of the table, at most."""

Row = tuple[str, str, float, float, float]
"""What was changed, on which side, log-odds before and after, and the share that is kept."""


def heading() -> None:
    """Draw what is asked, and how the answer reads."""
    st.header(TITLE, anchor=False)
    terms.how_to_read(SHORT, ABOUT)


def show(rows: Sequence[Row], told: str) -> None:
    """Draw the table.

    Args:
        told: what comes out, in words.
    """
    texts = [
        (what, side, _number(before, "+.2f"), _number(after, "+.2f"), _number(kept, ".0%"))
        for what, side, before, after, kept in rows
    ]
    plain_table.show("Interventions", HEAD, texts, MOST, "", titled=False, first="46%", wraps=True)
    st.caption(escape_markdown(told.replace(" -", " −")))


def _number(value: float, form: str) -> str:
    """As it stands in the table; a dash where there is none."""
    return format(value, form).replace("-", "−") if value == value else "—"
