"""Direct logit attribution: every component's contribution to the right colour over the runner-up."""

from collections.abc import Callable

import streamlit as st

from app.widgets import terms
from app.widgets.charts import clickable_chart
from app.widgets.controls import choice
from app.widgets.text import escape_markdown
from interp.analyses.direct_attribution import Attribution
from interp.figures.attribution import attribution_bars, attribution_map, part_map
from interp.figures.draft import Draft
from interp.grids import CELLS
from interp.tokens import D_VOCAB, token_name

SHORT = "What every component writes straight to the answer at one cell."
ABOUT = (
    "What the model answers at a cell is decided by the largest of 15 *logits*. Each logit is read off the"
    " residual stream by one sum, and the stream is itself a sum: of the embeddings and of what every head"
    " and every MLP wrote. So the lead of one colour over another splits, exactly, into a push of every"
    " component. A bar up pushes toward the first colour, a bar down toward the second. This counts only"
    " what a component writes straight to the answer (*direct*): a head that matters because a later"
    " component reads it may have no bar at all."
)
LEGEND = (
    "Plain bars are heads, hatched ones MLPs, dotted ones the embeddings and the bias. Teal pushes toward"
    " the first colour, purple toward the second."
)

Tokens = tuple[int | None, int | None]
"""The two tokens compared; ``None`` for the right one, and for the runner-up."""

_USUAL = -1


def show(
    found: Attribution,
    *,
    key: str,
    cell: int,
    part: str | None = None,
    tokens: Tokens = (None, None),
    on_part: Callable[[str], None],
    on_cell: Callable[[int], None],
    on_tokens: Callable[[Tokens], None],
) -> None:
    """Draw the bars and the map of one cell, and one component's push at all cells.

    Args:
        key: begins the keys of all its widgets.
        cell: of the answer, 0..99.
        part: the one whose map is shown; left out, or where the run has no such part, the one that pushes
            most.
        tokens: which are compared.
        on_part, on_cell, on_tokens: are given what is clicked or chosen.
    """
    terms.how_to_read(SHORT, ABOUT)
    _choose_tokens(key, tokens, on_tokens)
    toward, over = tokens
    if toward is not None and toward == over:
        st.caption("A colour has no lead over itself: choose two different ones.")
        return
    pushes = found.push(toward, over)[:, cell]
    shown = part if part in found.parts else found.parts[int(abs(pushes).argmax())]
    clicked = clickable_chart.clicking({name: name for name in found.parts}, on_part)
    bars = attribution_bars.draft(found, cell, toward, over, shown)
    clickable_chart.show(bars, key=f"{key}-bars", name="bars", on_click=clicked)
    summary = found.summary(cell, toward, over).replace(" -", " −")
    st.caption(f"{escape_markdown(summary)} {LEGEND}")
    layers, cells = st.columns([5, 4], gap="medium")
    with layers:
        tiles = attribution_map.draft(found, cell, toward, over, shown)
        clickable_chart.show(tiles, key=f"{key}-map", name="map", on_click=clicked)
    with cells:
        show_cells(
            part_map.draft(found, shown, toward, over, cell),
            name="cells",
            key=f"{key}-cells",
            on_cell=on_cell,
        )


def show_cells(figure: Draft, *, name: str, key: str, on_cell: Callable[[int], None]) -> None:
    """Draw a map of the answer's cells; a click chooses one."""
    clicked = clickable_chart.clicking({str(cell): cell for cell in range(CELLS)}, on_cell)
    clickable_chart.show(figure, key=key, name=name, on_click=clicked)


def _choose_tokens(key: str, tokens: Tokens, on_tokens: Callable[[Tokens], None]) -> None:
    """Draw the choice of the two tokens."""
    toward, over = tokens
    # An empty choice would read "Choose an option": what is usual is a choice like any other.
    names = {token: token_name(token) for token in range(D_VOCAB)}
    with st.container(horizontal=True, gap="small"):
        choice.select(
            "Push toward",
            {_USUAL: "the right colour", **names},
            _USUAL if toward is None else toward,
            key=f"{key}-toward",
            on_change=lambda token: on_tokens((None if token == _USUAL else token, over)),
            width=180,
        )
        choice.select(
            "over",
            {_USUAL: "the runner-up", **names},
            _USUAL if over is None else over,
            key=f"{key}-over",
            on_change=lambda token: on_tokens((toward, None if token == _USUAL else token)),
            width=180,
        )
