"""Path ablation: one receiver after the other, and how it compares with composition."""

from collections.abc import Callable, Collection

import streamlit as st

from app.widgets import terms
from app.widgets.charts import clickable_chart
from app.widgets.controls.progress import show_progress
from app.widgets.effect_legend import legend as effect_legend
from app.widgets.text import escape_markdown
from interp.ablation import Component
from interp.analyses.composition import Composition
from interp.analyses.path_ablation import PathState, agreement_summary
from interp.analyses.readers import Reader
from interp.engine.measures import Measure
from interp.figures.paths import effects_board, effects_ranking, views_scatter
from interp.model import Config

SHORT = "Which later components do read it, by ablating one path at a time."
ABOUT = (
    "Ablating a component removes its output for everything that comes after. Here it is removed for **one**"
    " receiver alone: a head's queries, keys or values, an MLP, or the logits are computed from the residual"
    " stream as if the component had written nothing, and everything else still reads it (*path ablation*)."
    " If the answer suffers, that receiver uses it directly. What other components have made of it in between"
    " stays in the stream; the receiver's LayerNorm is computed anew. Ablate all paths at once and the"
    " component is simply ablated."
)
AGREEMENT_SHORT = (
    "A point is a receiver: the more it could read, the further right; the more it does, the further up."
)
AGREEMENT = (
    "A point is a receiver: to the right, the higher its composition with the sender; away from the middle"
    " line, the larger the effect of ablating the path to it. Far right and near the line: it could read the"
    " sender, and these puzzles do not need it to. Far from the line and left: a small overlap that matters."
)


def show(
    state: PathState | None,
    source: Component,
    cfg: Config,
    measure: Measure,
    off: Collection[Component] = (),
    *,
    progress: float | None,
    stopped: bool,
    key: str,
    on_reader: Callable[[Reader], None],
    on_stop: Callable[[], None],
    on_again: Callable[[], None],
) -> None:
    """Draw the view of what is known so far.

    Args:
        state: ``None`` before anything is.
        source: whose output is followed.
        off: parts that are off already: hatched.
        progress: 0 to 1 while it is measured, else ``None``.
        stopped: whether a visitor has stopped it before the end.
        key: begins the keys of all its widgets.
        on_reader: called with the reader that was clicked.
        on_stop, on_again: called when the visitor stops it, or wants the rest.
    """
    st.header("By effect", anchor=False)
    terms.how_to_read(SHORT, ABOUT)
    shown = PathState(source, (), 1) if state is None else state
    click = clickable_chart.clicking(_readers(shown), on_reader)
    board = effects_board.draft(shown, cfg, measure, off)
    clickable_chart.show(board, key=f"{key}-board", name="effects", on_click=click)
    show_progress(
        progress, stopped, "One reader after the other", key=key, on_stop=on_stop, on_again=on_again
    )
    costs = {reader.text: found for reader, found in shown.costs(measure).items()}
    effect_legend.show(measure, shown.n, costs, key=f"{key}-legend")
    st.caption(escape_markdown(shown.summary(measure)))
    ranking = effects_ranking.draft(shown, measure)
    clickable_chart.show(ranking, key=f"{key}-ranking", name="effects-ranking", on_click=click)


def show_agreement(
    composition: Composition,
    state: PathState,
    measure: Measure,
    *,
    key: str,
    on_reader: Callable[[Reader], None],
) -> None:
    """Draw the readers by both views, and say how alike these rank them."""
    st.header("Do the two views agree?", anchor=False)
    st.markdown(escape_markdown(agreement_summary(composition, state, measure)))
    figure = views_scatter.draft(composition.readings(state.source), state, measure)
    clickable_chart.show(
        figure,
        key=key,
        name="agreement",
        on_click=clickable_chart.clicking(_readers(state), on_reader),
    )
    terms.how_to_read(AGREEMENT_SHORT, AGREEMENT)


def _readers(state: PathState) -> dict[str, Reader]:
    return {reader.text: reader for reader in state.readers}
