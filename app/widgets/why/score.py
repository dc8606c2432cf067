"""The score of the key that a head looks at, split by who wrote what its query and its keys read."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from jaxtyping import Float

from app.widgets import terms
from app.widgets.charts import clickable_chart
from app.widgets.text import escape_markdown
from interp.figures.why import score_bars, score_matrix
from interp.figures.why.parts import Part

TITLE = "What made it look there?"
SHORT = (
    "Each bar: one part of the query × one part of the key; pos is what it holds on average at that position,"
    " cont what is due to this puzzle. Together they are the score of the cell that it looks at, above that"
    " of its other keys."
)
ABOUT = """
A head compares what the **query** reads (here: at the position that predicts the cell) with what each **key**
reads (at every position before), and looks where this gives the highest score. What either side reads is a
sum of what was written into the residual stream below: the token, the position, heads, MLPs, and constants
(*bias*). So the score is a sum over pairs: part of the query × part of the key. Nothing is left over.

Each writer is split in two. **pos**: what it writes at this position on average, over puzzles with the grids
in the same order. It is the same in all of them, so it can only tell *where* something stands. **cont**: the
rest, which depends on *this* puzzle.

The softmax only sees how much higher one key scores than the others, so the score of the others is taken off,
of each as much as it is looked at. The scale of the LayerNorm is held as it is in this run.
"""
HELD = "The LayerNorm's scale is held as it is in this run."


def heading() -> None:
    """Draw what is asked, and how the answer reads."""
    st.header(TITLE, anchor=False)
    terms.how_to_read(SHORT, ABOUT)


def show(
    queries: Sequence[Part],
    keys: Sequence[Part],
    score: Float[np.ndarray, "query key"],
    title: str,
    told: str = "",
    *,
    key: str,
) -> None:
    """Draw the bars, and the same as a matrix.

    Args:
        title: what is split.
        told: more that is said below.
    """
    bars, matrix = st.columns([6, 5], gap="medium")
    with bars:
        figure = score_bars.draft(queries, keys, score, title)
        clickable_chart.show(figure, key=f"{key}-bars", name="score", on_click=lambda _: None)
    with matrix:
        figure = score_matrix.draft(queries, keys, score)
        clickable_chart.show(figure, key=f"{key}-matrix", name="score-matrix", on_click=lambda _: None)
    st.caption(escape_markdown(f"{told} {HELD}".strip()))
