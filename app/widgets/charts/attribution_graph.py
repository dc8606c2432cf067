"""The attribution graph of one cell: what leads to the lead of one colour over another, and how far that
tells what an ablation would do."""

from collections.abc import Callable, Mapping

import streamlit as st

from app.widgets import terms
from app.widgets.charts import clickable_chart
from app.widgets.controls import choice
from app.widgets.controls.progress import show_progress
from app.widgets.text import escape_markdown
from interp.circuits.cells import CellEffects, CellGraph
from interp.figures.answer_cell import cell_flows, cell_predictions

SHORT = "What leads to the answer at one cell, step by step, from the tokens up."
ABOUT = (
    "Attention patterns, the scales of the LayerNorms and the gates of the ReLUs are held as they are in this"
    " run. The model is then a sum: what every head, MLP and neuron writes goes on to those above it by"
    " fixed weights, and nothing is left over. A box is one of them at the positions of one role: *here* is"
    " where the cell is predicted, *same cell* its place in the third grid, 100 positions before, *around*"
    " its neighbours, *changed* the cells in which the example's two grids differ. A line is what one box"
    " adds to the lead by way of another, teal and whole toward the first colour, purple and dotted away"
    " from it. What flows into a box flows out of it, and what flows into the target is the target."
)
HELD_SHORT = "Does the graph tell what ablating a component would do?"
HELD = (
    "The graph says what each component adds as long as patterns, scales and gates are held. Ablate it, and"
    " they move. A point is a head (round) or an MLP (square): to the right what the graph predicts that"
    " ablating it costs the lead, up what it costs in a run. On the line the two agree; above it, others that"
    " depend on it fail too; below, others make up for it."
)
LEGEND = "Click a box for its flows alone, once more for all."


def show(
    graph: CellGraph,
    *,
    key: str,
    marked: str | None,
    over: str,
    choices: Mapping[str, str],
    on_box: Callable[[str], None],
    on_over: Callable[[str], None],
) -> None:
    """Draw the graph.

    Args:
        key: begins the keys of all its widgets.
        marked: the box whose flows alone are drawn, by its text.
        over: with what the predicted colour is compared, one of ``choices``, which have their names.
        on_box, on_over: are given what is clicked or chosen; an empty text where the marked box is.
    """
    terms.how_to_read(SHORT, ABOUT)
    choice.segmented("Lead over", choices, over, key=f"{key}-over", on_change=on_over, label_shown=True)
    boxes = {node.text: "" if node.text == marked else node.text for node in graph.nodes}
    figure = cell_flows.draft(graph, marked=marked)
    click = clickable_chart.clicking(boxes, on_box)
    with st.container(key=f"{key}-room"):  # on a phone it is wider than the page, and is moved sideways
        clickable_chart.show(figure, key=f"{key}-flows", name="flows", on_click=click)
    share = graph.completeness(graph.strongest())
    told = (
        f"{graph.summary()} {LEGEND} The strongest boxes are shown: of what flows into them {share:.0%} comes"
    )
    st.caption(escape_markdown(f"{told} from among them.".replace(" -", " −")))


def show_predictions(
    found: CellEffects | None,
    *,
    key: str,
    marked: str | None,
    progress: float | None,
    stopped: bool,
    on_component: Callable[[str], None],
    on_stop: Callable[[], None],
    on_again: Callable[[], None],
) -> None:
    """Draw predicted against true effects, as far as they are known.

    Args:
        found: ``None`` before anything is.
        marked: the component that stands out.
        progress, stopped, on_stop, on_again: as :func:`app.widgets.controls.progress.show_progress`.
        on_component: called with the name of the component that was clicked.
    """
    st.header("Would ablating do what the graph says?", anchor=False)
    terms.how_to_read(HELD_SHORT, HELD)
    if found is not None:
        names = {component.text: component.text for component in found.components}
        figure = cell_predictions.draft(found, marked)
        click = clickable_chart.clicking(names, on_component)
        clickable_chart.show(figure, key=f"{key}-predictions", name="predictions", on_click=click)
    show_progress(
        progress, stopped, "Ablating one after the other", key=key, on_stop=on_stop, on_again=on_again
    )
    if found is not None:
        st.caption(escape_markdown(found.summary().replace(" -", " −")))
