"""What each component costs by task, and over puzzles."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from app.state.scene import Scene
from app.state.session import choose, chosen
from app.views.studies.choices import PAGE
from app.widgets import terms
from app.widgets.charts import clickable_chart
from app.widgets.controls import choice
from app.widgets.effect_legend.legend import show as show_legend
from interp.engine.measures import MEASURES
from interp.figures.studies import spread_bars, study_map
from interp.figures.studies.maps import ALL, interval
from interp.numbers import short
from interp.studies.questions import Study, tables
from interp.studies.questions.tables import Distribution, Effect, Mean, Measure

COLUMNS: dict[Measure, str] = {"final": "loss", "wrong": "cells", "answers": "flips"}
"""What a study must have measured for each (:data:`interp.studies.schema.MEASURES`)."""
OF = 100
"""Of so many puzzles the legend of lost answers tells, for each task has a number of its own."""


def against(measure: Measure) -> str:
    """How the title of a legend ends: of how many, where that is not said already."""
    return f"of {OF}" if measure == "answers" else ""


def show_map(_scene: Scene, study: Study) -> None:
    """Draw tasks x components."""
    measure = show_measure(study)
    effects = study.effects(measure)
    figure = study_map.draft(effects, measure, part_of(study))
    parts = set(study.plan.components)
    clickable_chart.show(
        figure,
        key="studies-figure",
        name="study",
        on_click=lambda data: (
            choose(PAGE, part=data[0], task=data[1], show="spread") if data[0] in parts else None
        ),
    )
    together = [effect for effect in effects if not effect.task]
    show_legend(
        measure,
        OF,
        {one.component: one.change.mean for one in together},
        against=against(measure),
        key="studies-figure-legend",
    )
    terms.caption(
        "Means over the puzzles of a task. Point at a place for its 95 % interval (the mean and 1.96 standard"
        " errors over puzzles on either side); click it for how the component's effect is spread."
    )
    _show_largest(effects, measure)


def _show_largest(effects: list[Effect], measure: Measure) -> None:
    """The same in words and numbers, for those who do not point."""
    unit = {"final": "nats", "wrong": "cells of 100", "answers": "share of answers"}[measure]
    ranked = sorted(effects, key=lambda one: (bool(one.task), -one.change.mean))
    with st.expander("As a table"):
        _show_table(
            {
                "task": [one.task or ALL for one in ranked],
                "component": [one.component for one in ranked],
                f"mean, {unit}": [one.change.mean for one in ranked],
                "95 % from": [one.change.low for one in ranked],
                "to": [one.change.high for one in ranked],
                "puzzles": [one.change.n for one in ranked],
                "median, nats": [one.median for one in ranked],
                "puzzles lost": [one.lost for one in ranked],
                "puzzles won": [one.won for one in ranked],
            }
        )


def show_spread(_scene: Scene, study: Study) -> None:
    """Draw how the chosen component's effect is spread over puzzles."""
    if "loss" not in study.plan.measures:
        st.info("This study has not measured the loss, so there is no spread of it to show.")
        return
    part, task = show_part(study)
    found = study.distribution(part, task)
    figure = spread_bars.draft(found, part, task or ALL)
    clickable_chart.show(figure, key="studies-figure-spread", name="spread", on_click=lambda _: None)
    own = next(one for one in study.effects() if (one.task, one.component) == (task, part))
    change = own.change
    flips = f" {own.lost:,} of {change.n:,} puzzles are lost, {own.won:,} won."
    terms.caption(
        f"Mean {short(change.mean)} nats over {change.n:,} puzzles ({_interval(change)}). Median"
        f" {short(own.median)}; a tenth of the puzzles below {short(own.low)}, a tenth above"
        f" {short(own.high)}, each to within about 6 %."
        + (flips if "flips" in study.plan.measures else "")
        + (f" Of {found.unknown:,} puzzles the loss is not finite." if found.unknown else "")
    )
    _show_bars(found)


def _interval(change: Mean) -> str:
    """Of which kind the interval of a mean is, and which it is."""
    said = interval(change).removeprefix("95 %: ")
    return f"95 % interval {said}, by 1.96 standard errors" if said else "no interval"


def _show_bars(found: Distribution) -> None:
    """The chart's bars as numbers."""
    n = max(sum(found.counts), 1)
    bars = [bar for bar in zip(found.starts, found.ends, found.counts, strict=True) if bar[2]]
    with st.expander("As a table"):
        _show_table(
            {
                "nats from": [low for low, _, _ in bars],
                "to": [high for _, high, _ in bars],
                "puzzles": [count for _, _, count in bars],
                "share of puzzles": [count / n for _, _, count in bars],
            }
        )


def _show_table(columns: Mapping[str, Sequence[str | int | float]]) -> None:
    """A table whose numbers are read as everywhere, and put in order by what they are: as text 2.2e-4 would
    stand above 0.5."""
    table = pd.DataFrame(columns)
    fractions = table.select_dtypes("float").columns
    st.dataframe(table.style.format(dict.fromkeys(fractions, short)), hide_index=True, height=320)


# ---- choices that views share ------------------------------------------------------------------------------


def show_measure(study: Study) -> Measure:
    """Draw the choice of what is measured, among what the study has; returns it."""
    own = measure_of(study)
    return choose_measure(_measured(study) or [own], key="studies-by")


def measure_of(study: Study) -> Measure:
    """The measure that is chosen, or the first that the study has."""
    own: Measure = chosen(PAGE)["by"]
    return measure_among(_measured(study) or [own])


def _measured(study: Study) -> list[Measure]:
    return [one for one in tables.MEASURES if COLUMNS[one] in study.plan.measures]


def choose_measure(offered: list[Measure], *, key: str) -> Measure:
    """Draw the choice among some measures; returns the one that holds."""
    own = measure_among(offered)
    choice.segmented(
        "Measure",
        {one: MEASURES[one].name for one in offered},
        own,
        key=key,
        on_change=lambda one: choose(PAGE, by=one),
    )
    return own


def measure_among(offered: list[Measure]) -> Measure:
    """The measure that is chosen, if it is among these, or the first of them."""
    own: Measure = chosen(PAGE)["by"]
    return own if own in offered else offered[0]


def part_of(study: Study) -> str:
    """The component that is chosen, or that which costs most."""
    own = str(chosen(PAGE)["part"])
    if own in study.plan.components:
        return own
    together = [one for one in study.effects(measure_of(study)) if not one.task and one.change.n]
    costly = max(together, key=lambda one: one.change.mean, default=None)
    return costly.component if costly else study.plan.components[0]


def task_of(study: Study) -> str:
    """The task that is chosen, or none for all."""
    own = str(chosen(PAGE)["task"])
    return own if own in tasks_of(study) else ""


def tasks_of(study: Study) -> list[str]:
    """Those of its puzzles, after '' for all."""
    return list(dict.fromkeys(one.task for one in study.effects()))


def show_part(study: Study) -> tuple[str, str]:
    """Draw the choice of a component and a task; returns both."""
    part, task = part_of(study), task_of(study)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        choice.select(
            "Component",
            study.plan.components,
            part,
            key="studies-part",
            on_change=lambda one: choose(PAGE, part=one),
            width=160,
        )
        choice.select(
            "Puzzles of",
            {one: one or ALL for one in tasks_of(study)},
            task,
            key="studies-task",
            on_change=lambda one: choose(PAGE, task=one),
            width=180,
        )
    return part, task
