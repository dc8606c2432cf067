"""By what the charts judge parts, and over which puzzles: two small switches that fit a heading's line."""

from collections.abc import Callable, Sequence

import streamlit as st

from app.widgets.controls import echoes
from interp.engine.measures import MEASURES, Measure


def show_measure(
    measure: Measure,
    *,
    key: str,
    on_change: Callable[[Measure], None],
    measures: Sequence[Measure] = tuple(MEASURES),
) -> None:
    """Draw the choice of the measure: a cut of the loss, or exact answers."""
    echoes.show(key, measure)
    st.segmented_control(
        "Parts are judged by",
        list(measures),
        format_func=lambda one: MEASURES[one].name,
        key=key,
        required=True,
        on_change=echoes.hears(key, lambda: on_change(st.session_state[key])),
        help="\n\n".join(f"**{MEASURES[one].name}**: {MEASURES[one].help}" for one in measures),
        label_visibility="collapsed",
    )


def show_sample(sample: int, samples: Sequence[int], *, key: str, on_change: Callable[[int], None]) -> None:
    """Draw the choice of how many puzzles: this one (1), or so many of its task."""
    echoes.show(key, sample)
    st.segmented_control(
        "Over which puzzles",
        list(samples),
        format_func=lambda n: "this puzzle" if n == 1 else f"{n} of this task",
        key=key,
        required=True,
        on_change=echoes.hears(key, lambda: on_change(st.session_state[key])),
        label_visibility="collapsed",
    )
