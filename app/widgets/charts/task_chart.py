"""The ablation effect of each attention layer on each task, as a map: click a tile for the puzzles that
flip."""

from collections.abc import Callable, Collection, Mapping

import streamlit as st

from app.widgets.charts import clickable_chart
from app.widgets.controls import choice
from app.widgets.effect_legend import legend as effect_legend
from interp.ablation import Component
from interp.analyses.ablation_sweep import SweepState, cost
from interp.engine.measures import Measure
from interp.figures.sweep import task_map


def shown_measure(measure: Measure) -> Measure:
    """By what the map is coloured: answers lost, unless it is a loss that is looked at."""
    return "answers" if measure == "wrong" else measure


def show(
    states: Mapping[str, SweepState],
    measure: Measure,
    off: Collection[Component],
    chosen: tuple[str, Component] | None,
    *,
    key: str,
    on_click: Callable[[str, Component], None],
    given: bool = False,
) -> None:
    """Draw the map of the sweeps over each task's puzzles, however far they are.

    Args:
        measure: of the page; where it counts cells, the map shows answers lost.
        off: parts that are off already: hatched.
        chosen: the tile whose flips are shown: outlined.
        on_click: called with the task and the attention layer that were clicked.
        given: whether something is off already in the runs that all is compared with.
    """

    def click(data: list[str]) -> None:
        task, layer = data[0], data[-1]
        shown = {part.text: part for part in states[task].components if part} if task in states else {}
        if layer in shown:
            on_click(task, shown[layer])

    by = shown_measure(measure)
    figure = task_map.draft(states, by, off, chosen, given=given)
    clickable_chart.show(figure, key=key, name="tasks", on_click=click)
    effect_legend.show(by, _puzzles(states), _changes(states, by), key=f"{key}-legend")


def _puzzles(states: Mapping[str, SweepState]) -> int:
    """Of each task."""
    return max((state.n for state in states.values()), default=1)


def _changes(states: Mapping[str, SweepState], measure: Measure) -> dict[str, float]:
    """What each layer's attention costs on each task."""
    found = {}
    for task, state in states.items():
        clean, *rows = state.common()
        for row in rows:
            if row.component is not None and len(row.right):
                found[f"{task} {row.component.text}"] = cost(row, clean, measure)
    return found


def show_choice(
    states: Mapping[str, SweepState],
    chosen: tuple[str, Component],
    *,
    on_change: Callable[[str, Component], None],
) -> None:
    """Draw the same choice as two lists, for those who do not point: of the task, and of the attention
    layer."""
    task, part = chosen
    parts = {one.text: one for one in states[task].components if one.kind == "attn"}
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        choice.select(
            "Puzzles of",
            list(states),
            task,
            key="flips-task",
            on_change=lambda name: on_change(name, part),
            width=160,
        )
        choice.select(
            "that flip without",
            list(parts),
            part.text,
            key="flips-part",
            on_change=lambda name: on_change(task, parts.get(name, part)),
            width=140,
        )
