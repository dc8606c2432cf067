"""Direct logit attribution: what every part of the model adds to the right colour over the runner-up, at one
cell or at all."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from app.widgets.charts import clickable_chart
from app.widgets.controls import echoes
from app.widgets.text import escape_markdown
from interp.analyses.direct_attribution import Attribution
from interp.figures import attribution as figures
from interp.grids import CELLS
from interp.tokens import D_VOCAB, token_name

ABOUT = (
    "What the model answers at a cell is decided by the largest of 15 *logits*. Each logit is read off the"
    " residual"
    " stream by one sum, and the stream is itself a sum: of the embeddings and of what every head and every"
    " MLP wrote. So"
    " the lead of one colour over another splits, exactly, into a push of every part. A bar up pushes toward"
    " the first"
    " colour, a bar down toward the second. This counts only what a part writes straight to the answer"
    " (*direct*): a head"
    " that matters because a later part reads it may have no bar at all."
)
LEGEND = (
    "Plain bars are heads, hatched ones MLPs, dotted ones the embeddings and the bias. Blue pushes toward"
    " the first"
    " colour, orange toward the second."
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
    """Draw the bars and the map of one cell, and one part's push at all cells.

    Args:
        key: begins the keys of all its widgets. Charts are drawn anew when the run changes if it says which
            run this is.
        cell: of the answer, 0..99.
        part: the one whose map is shown; left out, or where the run has no such part, the one that pushes
            most.
        tokens: which are compared.
        on_part, on_cell, on_tokens: are given what is clicked or chosen.
    """
    st.caption(ABOUT)
    toward, over = _chosen(key, tokens, on_tokens)
    if toward is not None and toward == over:
        st.caption("A colour has no lead over itself: choose two different ones.")
        return
    pushes = found.push(toward, over)[:, cell]
    shown = part if part in found.parts else found.parts[int(abs(pushes).argmax())]
    state = f"{key}-{cell}-{shown}-{toward}-{over}"

    def clicked(data: list[str]) -> None:
        if data[0] in found.parts:
            on_part(data[0])

    bars = figures.attribution_bars(found, cell, toward, over, shown)
    clickable_chart.show(bars, key=f"{state}-bars", name="puzzlescope-attribution", on_click=clicked)
    summary = found.summary(cell, toward, over).replace(" -", " −")
    st.caption(f"{escape_markdown(summary)} {LEGEND}")
    layers, cells = st.columns([5, 4], gap="medium")
    with layers:
        tiles = figures.attribution_map(found, cell, toward, over, shown)
        clickable_chart.show(tiles, key=f"{state}-map", name="puzzlescope-attribution-map", on_click=clicked)
    with cells:
        show_cells(figures.part_map(found, shown, toward, over, cell), key=f"{state}-cells", on_cell=on_cell)


def show_cells(figure, *, key: str, on_cell: Callable[[int], None]) -> None:  # type: ignore[no-untyped-def]
    """Draw a map of the answer's cells; a click chooses one."""

    def clicked(data: list[str]) -> None:
        # It comes from a browser: anything but a cell is passed over.
        if data[0].isascii() and data[0].isdigit() and int(data[0]) < CELLS:
            on_cell(int(data[0]))

    clickable_chart.show(figure, key=key, name="puzzlescope-cells", on_click=clicked)


def _chosen(key: str, tokens: Tokens, on_tokens: Callable[[Tokens], None]) -> Tokens:
    """Draw the choice of the two tokens, and return it."""
    names = (f"{key}-toward", f"{key}-over")
    # An empty choice would read "Choose an option": what is usual is a choice like any other.
    for name, token in zip(names, tokens, strict=True):
        echoes.show(name, _USUAL if token is None else token)

    def changed(k: int) -> None:
        chosen = None if st.session_state[names[k]] == _USUAL else st.session_state[names[k]]
        on_tokens((chosen, tokens[1]) if k == 0 else (tokens[0], chosen))

    first = {_USUAL: "the right colour"} | {token: token_name(token) for token in range(D_VOCAB)}
    second = first | {_USUAL: "the runner-up"}
    with st.container(horizontal=True, gap="small"):
        for k, (label, choices) in enumerate((("Push toward", first), ("over", second))):
            st.selectbox(
                label,
                list(choices),
                key=names[k],
                format_func=choices.__getitem__,
                width=180,
                on_change=echoes.hears(names[k], partial(changed, k)),
            )
    return tokens
