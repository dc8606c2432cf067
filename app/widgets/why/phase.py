"""The phase test: how many positions back the weights alone point."""

import numpy as np
import streamlit as st
from jaxtyping import Float, Num

from app.widgets import terms
from app.widgets.charts import clickable_chart
from app.widgets.text import escape_markdown
from interp.figures.why import concordance_curve, phase_points

TITLE = "Do the weights alone point there?"
SHORT = (
    "Read off the weights, no puzzle is run. A head that points n back turns the wave of each frequency ω by"
    " n × ω: its points lie on the line."
)
ABOUT = """
A position reaches the model as waves: the sine and cosine of 128 frequencies, from a wave every six positions
to one longer than all puzzles. To look *n* positions back whatever stands there, a head only has to turn each
wave by the angle that it makes in *n* positions.

**Left**: a point is a wave, across its length, up the angle θ by which this head's weights turn it; large
where the head uses it much. If the large points lie on the line, the head points *n* back.

**Right**: how well all points together fit each *n* (**phase concordance**, 1 is perfect). The grey band
holds what weights turned at random reach. A high narrow peak: a pointer. The lower peaks beside it come of
the few waves that the head uses much, which are in step again after some positions. No peak above the band:
the position does not decide where this head looks, or not directly.

This is about the position as it is embedded. A head may point by what the layers below have made of it
(**re-coded position**, above) and have its waves turned all the same: weights tell the distance, not by which
of the two the head reads it. The shift experiment does: move *the position embedding alone*.
"""


def heading() -> None:
    """Draw what is asked, and how the answer reads."""
    st.header(TITLE, anchor=False)
    terms.how_to_read(SHORT, ABOUT)


def show(
    waves: tuple[Float[np.ndarray, " wave"], Float[np.ndarray, " wave"], Float[np.ndarray, " wave"]],
    fits: tuple[Num[np.ndarray, " offset"], Float[np.ndarray, " offset"], float],
    offset: int,
    name: str,
    told: str,
    *,
    key: str,
) -> None:
    """Draw both.

    Args:
        waves: frequencies, angles and weights, as :func:`interp.figures.why.phase_points` takes them.
        fits: offsets, concordance and the null's height, as :func:`interp.figures.why.concordance_curve`.
        offset: whose line is drawn.
        name: of the head.
        told: what comes out, in words.
    """
    left, right = st.columns(2, gap="medium")
    with left:
        figure = phase_points.draft(
            *waves, offset, f"{name}: each wave's turn, and the line of {offset} back"
        )
        clickable_chart.show(figure, key=f"{key}-points", name="phase", on_click=lambda _: None)
    with right:
        figure = concordance_curve.draft(*fits, f"{name}: how well each offset fits")
        clickable_chart.show(figure, key=f"{key}-curve", name="concordance", on_click=lambda _: None)
    st.caption(escape_markdown(told.replace(" -", " −")))
