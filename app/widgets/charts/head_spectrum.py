"""One head's attention by how far back it looks."""

import numpy as np
import streamlit as st

from app.widgets.charts import clickable_chart
from app.widgets.text import escape_markdown
from interp.analyses.head_study import MARKED, HeadStudy, Over
from interp.figures.heads import spectrum_figure

LEAST = 0.01
"""A share of attention worth a word."""
FARTHEST = max(MARKED)


def show(study: HeadStudy, layer: int, head: int, over: Over, *, key: str) -> None:
    """Draw the spectrum of a head, and say in words where it is highest."""
    spectrum, name = study.spectrum_over(over)[layer, head], f"L{layer}.H{head}"
    if study.known and np.isnan(spectrum).all():
        st.caption(f"The attention of {name} is not finite: there is nothing to show.")
        return
    figure = spectrum_figure(spectrum, name, over)
    clickable_chart.show(figure, key=key, name=f"puzzlescope-spectrum-{name}", on_click=lambda _: None)
    st.caption(escape_markdown(told(spectrum, float(study.detectors(over)["start"][layer, head]))))


def told(spectrum: np.ndarray, start: float) -> str:
    """The highest marks of a spectrum in a sentence, for those who do not see it.

    Args:
        start: the head's attention on the start token: that is a rise at the far end, where few positions are
            measured.
    """
    if np.isnan(start):
        return "Nothing is measured yet."
    near = spectrum[: FARTHEST + 1]
    highest = [int(back) for back in np.argsort(-near)[:3] if near[back] >= LEAST]
    resting = f"On the start token {start:.2f}: the rise at the far end. " if start >= LEAST else ""
    if not highest:
        return f"{resting}No distance up to {FARTHEST} has as much as {LEAST} of its attention."
    return (
        f"{resting}Highest: {'; '.join(f'{back} back {near[back]:.2f}{_meaning(back)}' for back in highest)}."
    )


def _meaning(back: int) -> str:
    return f" ({MARKED[back]})" if back in MARKED else ""
