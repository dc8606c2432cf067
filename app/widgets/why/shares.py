"""What kinds of terms make a head look there, over many puzzles."""

from collections.abc import Mapping

import streamlit as st

from app.widgets import terms
from app.widgets.charts import clickable_chart
from app.widgets.text import escape_markdown
from interp.figures.why import share_bars
from interp.why.split import Share

TITLE = "Is it so in other puzzles?"
SHORT = "The same sum by kinds of terms, over many puzzles: by position alone, by content, by way of a head."
ABOUT = """
**Direct position**: the position's own sinusoids, on both sides. **Re-coded position**: positions too, but
written anew by a head or an MLP below (its mean at each position). **Content**: the tokens.
**K-composition**:
what a lower head found out about *this* puzzle, on the side of the keys: the first of the two ways to an
induction head. **Q-composition**: the same on the side of the query: the second.

Shares sum to 1; a share below 0 speaks against the key that is looked at. The line at a bar's end is its 95 %
interval, by drawing the puzzles again (bootstrap).
"""


def heading() -> None:
    """Draw what is asked, and how the answer reads."""
    st.header(TITLE, anchor=False)
    terms.how_to_read(SHORT, ABOUT)


def show(shares: Mapping[str, Share], title: str, told: str, *, key: str) -> None:
    """Draw them."""
    clickable_chart.show(share_bars.draft(shares, title), key=key, name="shares", on_click=lambda _: None)
    st.caption(escape_markdown(told.replace(" -", " −")))
