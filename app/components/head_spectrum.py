"""One head's attention by how far back it looks."""

import numpy as np
import streamlit as st

from app.components import clickable_chart
from app.shared import plain
from interp.head_figures import spectrum_figure
from interp.heads import MARKED, HeadStudy, Over


def show(study: HeadStudy, layer: int, head: int, over: Over, *, key: str) -> None:
    """Draw the spectrum of a head, and say in words where it is highest."""
    spectrum, name = study.spectrum_over(over)[layer, head], f"L{layer}.H{head}"
    figure = spectrum_figure(spectrum, name, over)
    clickable_chart.show(figure, key=key, name=f"puzzlescope-spectrum-{name}", on_click=lambda _: None)
    st.caption(plain(told(spectrum)))


def told(spectrum: np.ndarray) -> str:
    """The highest marks of a spectrum in a sentence, for those who do not see it."""
    if np.isnan(spectrum).all():
        return "Nothing is measured yet."
    highest = np.argsort(-np.nan_to_num(spectrum))[:3]
    parts = [f"{back} back {spectrum[back]:.2f}{_meaning(int(back))}" for back in highest]
    return f"Highest: {'; '.join(parts)}."


def _meaning(back: int) -> str:
    return f" ({MARKED[back]})" if back in MARKED else ""
