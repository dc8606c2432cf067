"""The shift experiment: the query is told that it stands elsewhere."""

import numpy as np
import streamlit as st
from jaxtyping import Float, Integer

from app.widgets import terms
from app.widgets.charts import clickable_chart
from app.widgets.text import escape_markdown
from interp.figures.why import shift_map

TITLE = "If the query stood elsewhere, where would it look?"
SHORT = "Only the position in what the query reads is moved, by up to 20. A pointer goes along, step by step."
ABOUT = """
The puzzle stays as it is, and so do all keys. Only in what this head's **query** reads, the position is
replaced by another, *s* positions further along or back. A column is one such *s*; darker is more attention;
0 is the key that is looked at as usual.

On the dotted line the attention moves by *s*: the head counts positions (**slope 1**: a pointer). Level
through 0: it finds its key by something else than its own position.
"""


def heading() -> None:
    """Draw what is asked, and how the answer reads."""
    st.header(TITLE, anchor=False)
    terms.how_to_read(SHORT, ABOUT)


def show(
    shifts: Integer[np.ndarray, " shift"],
    places: Integer[np.ndarray, " place"],
    attention: Float[np.ndarray, "shift place"],
    title: str,
    told: str,
    *,
    side: int,
    key: str,
) -> None:
    """Draw the map of attention by shift.

    Args:
        side: the slope of a pointer, 1 or -1.
    """
    figure = shift_map.draft(shifts, places, attention, title, side=side)
    clickable_chart.show(figure, key=key, name="shift", on_click=lambda _: None)
    st.caption(escape_markdown(told.replace(" -", " −")))
