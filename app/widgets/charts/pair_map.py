"""What two heads together cost beyond what each costs alone, as a map of all pairs, with the strongest in
words: a click ablates or restores both."""

from collections.abc import Callable, Collection, Sequence

import streamlit as st

from app.widgets import terms
from app.widgets.charts import clickable_chart
from app.widgets.text import escape_markdown
from interp.ablation import Component
from interp.analyses.synergy import PairEffect, SynergyState, amount, pairs_in_words, worth_telling
from interp.engine.measures import Measure
from interp.figures.synergy import LEGEND, synergy_map

ABOUT = (
    "The **synergy** of two heads is what both together cost beyond the sum of what each costs alone. Heads"
    " that replace one another are found by it, and not by ablating one at a time: either does the work while"
    " the other is away."
)


def show(
    state: SynergyState,
    measure: Measure,
    off: Collection[Component],
    *,
    given: str,
    key: str,
    on_click: Callable[[Sequence[Component]], None],
) -> None:
    """Draw the map, however far it is, and below it which two replace one another most.

    Args:
        off: parts that are off already: crossed out.
        given: on top of what all is measured, as the title ends; empty for the whole model.
        on_click: called with the two heads that were clicked, or with one of the diagonal.
    """
    shown: dict[str, tuple[Component, ...]] = {part.text: (part,) for part in state.parts}
    pairs, n = state.pairs(measure), state.known  # while it fills up: all that is said is of one moment
    shown |= {pair.names: (pair.a, pair.b) for pair in pairs}
    click = clickable_chart.clicking(shown, on_click)
    figure = synergy_map.draft(state, measure, off, given=given)
    clickable_chart.show(figure, key=key, name="pairs", on_click=click)
    terms.caption(escape_markdown(f"{LEGEND} {pairs_in_words(pairs, measure, n)}"))
    _strongest(worth_telling(pairs, measure), measure, n, off, key, on_click)


def _strongest(
    found: Sequence[PairEffect],
    measure: Measure,
    n: int,
    off: Collection[Component],
    key: str,
    on_click: Callable[[Sequence[Component]], None],
) -> None:
    """A button for each of the pairs that replace one another most."""
    if not found:
        return
    terms.caption("Pairs that replace one another most, with their synergy: click to ablate both.")
    with st.container(horizontal=True, gap="small"):
        for pair in found:
            both = pair.a in off and pair.b in off
            st.button(
                label(pair, measure, n),
                key=f"{key}-{pair.names}",
                type="primary" if both else "secondary",
                help=escape_markdown(pair.in_words(measure, n).capitalize()),
                on_click=on_click,
                args=((pair.a, pair.b),),
            )


def label(pair: PairEffect, measure: Measure, n: int) -> str:
    """What a pair's button says: both heads, and their synergy."""
    return f"{pair.a.text} + {pair.b.text}: {amount(pair.synergy, measure, n)}"
