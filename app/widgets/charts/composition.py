"""Composition scores: a board of receivers, a ranking, and every head with every head."""

from collections.abc import Callable, Collection

import streamlit as st

from app.widgets import terms
from app.widgets.charts import clickable_chart
from app.widgets.controls import choice
from app.widgets.text import escape_markdown
from interp.ablation import COMPONENT_KINDS, Component, components_of
from interp.analyses.composition import Composition
from interp.analyses.readers import HEAD_INPUTS, INPUT_NAMES, HeadInput, Reader
from interp.figures.composition import head_matrix, weights_board, weights_ranking
from interp.model import Config

SHORT = "Which later components could read it, by their weights."
ABOUT = (
    "Every component adds a vector to the residual stream, which later components read through matrices of"
    " their own. Multiply the matrix a component writes through by the one a receiver reads through: the"
    " larger the product, the higher the **composition score**. Two such matrices turned at random give"
    " **chance**, and only what is beyond it means something. It needs no puzzle: it says what could be read,"
    " not what is. A head's queries and keys decide where it attends, its values what it moves from there."
)
LEGEND = "Teal: above chance; purple: below; a full colour is the largest difference here."


def show_source(source: Component, cfg: Config, *, key: str, on_change: Callable[[Component], None]) -> None:
    """Draw the choice of whose output is followed."""
    parts = {part.text: part for part in components_of(cfg, COMPONENT_KINDS)}
    choice.select(
        "Sender",
        list(parts),
        source.text,
        key=key,
        on_change=lambda name: on_change(parts[name]),
        width=150,
        help="An attention layer as a whole, one of its heads, or an MLP.",
    )


def show(
    composition: Composition,
    source: Component,
    head_input: HeadInput,
    cfg: Config,
    off: Collection[Component] = (),
    *,
    key: str,
    on_reader: Callable[[Reader], None],
    on_input: Callable[[HeadInput], None],
) -> None:
    """Draw the view.

    Args:
        head_input: which input of the heads the matrix of heads shows.
        off: parts that are off already: hatched. Their weights are what they are.
        key: begins the keys of all its widgets.
        on_reader: called with the reader that was clicked.
        on_input: called with the input that was chosen.
    """
    readings = composition.readings(source)
    st.header("By weights", anchor=False)
    terms.how_to_read(SHORT, ABOUT)
    shown = {reading.reader.text: reading.reader for reading in readings}
    click = clickable_chart.clicking(shown, on_reader)
    board = weights_board.draft(readings, source, cfg, off)
    clickable_chart.show(board, key=f"{key}-board", name="weights", on_click=click)
    st.caption(escape_markdown(f"{LEGEND} {composition.summary(source)}"))
    ranking = weights_ranking.draft(readings, source)
    clickable_chart.show(ranking, key=f"{key}-ranking", name="weights-ranking", on_click=click)
    with st.expander("Every head with every head", key=f"{key}-matrix"):
        _input(head_input, f"{key}-input", on_input)
        matrix = head_matrix.draft(composition, head_input, cfg, source)
        clickable_chart.show(matrix, key=f"{key}-heads", name="matrix", on_click=lambda _: None)


def _input(head_input: HeadInput, key: str, on_input: Callable[[HeadInput], None]) -> None:
    names = {one: INPUT_NAMES[one] for one in HEAD_INPUTS}
    choice.segmented("Read by their", names, head_input, key=key, on_change=on_input, label_shown=True)
