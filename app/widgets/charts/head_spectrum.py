"""One head's attention by attention offset."""

import numpy as np
import streamlit as st

from app.widgets import terms
from app.widgets.charts import clickable_chart
from app.widgets.text import escape_markdown
from interp.ablation import Component
from interp.analyses.head_study import HeadStudy, Over
from interp.figures.heads import spectrum_figure


def show(study: HeadStudy, layer: int, head: int, over: Over, *, key: str) -> None:
    """Draw the spectrum of a head, and say in words where it is highest."""
    spectrum, name = study.spectrum_over(over)[layer, head], Component(layer, "head", head).text
    if study.known and np.isnan(spectrum).all():
        st.caption(f"The attention of {name} is not finite: there is nothing to show.")
        return
    figure = spectrum_figure.draft(spectrum, name, over)
    clickable_chart.show(figure, key=key, name="spectrum", on_click=lambda _: None)
    terms.caption(escape_markdown(study.summary(layer, head, over)))
