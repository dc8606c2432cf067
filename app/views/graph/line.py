"""What a click did, in a line at the lower edge of a phone, where the answers themselves stand far below the
picture; on a larger screen it is there for who hears the page."""

from base64 import b64encode
from html import escape

import streamlit as st

from app.views.graph.answers import Answers
from app.widgets.palette import PALETTES
from app.widgets.puzzle_strip import Look, Panel
from interp.figures.grids import grid_svg
from interp.figures.outcomes import BOTH, BROKEN, FIXED, counted, outcomes


def show(answers: Answers, look: Look) -> None:
    """Draw it: nothing where nothing is cut or ablated."""
    pictures = "".join(_picture(panel, look) for panel in answers.changed)
    sentences = [_told(panel) for panel in answers.changed]
    if answers.changed and answers.said:
        sentences.append(escape(answers.said))
    with st.container(key="graph-line", gap=None):
        st.html(f'{pictures}<p role="status">{" ".join(sentences)}</p>')


def _told(panel: Panel) -> str:
    """What became of an answer, in a sentence."""
    assert panel.cells is not None and panel.truth is not None and panel.compared is not None
    found = outcomes(panel.cells, panel.truth, panel.compared)
    counts = {kind: int((found == kind).sum()) for kind in (BROKEN, FIXED, BOTH)}
    told = ", ".join(counted(kind, n) for kind, n in counts.items() if n)
    same = "the same answer" if (panel.cells == panel.compared).all() else "solved"
    return f"<b>{escape(panel.title)}</b>: {told or same}."


def _picture(panel: Panel, look: Look) -> str:
    """An answer as a small picture, its wrong cells outlined; the sentence tells it."""
    assert panel.cells is not None and panel.truth is not None
    cells, truth = panel.cells.reshape(10, 10), panel.truth.reshape(10, 10)
    svg = grid_svg(cells, cells != truth, palette=PALETTES[look.palette])
    return f'<img alt="" src="data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}">'
