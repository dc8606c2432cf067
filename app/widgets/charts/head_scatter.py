"""All heads by two measures; a click chooses the head."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from app.widgets.charts import clickable_chart
from app.widgets.controls import choice
from app.widgets.effect_legend import legend as effect_legend
from interp.analyses.head_study import DETECTORS
from interp.engine.measures import Measure
from interp.figures.heads import scatter_figure
from interp.figures.scale import quantity
from interp.figures.style import MEASURING

NOTHING = "There is no head of which both are finite numbers."

COST = "cost"
TITLES: dict[str, str] = {
    **{name: description.partition(" (")[0].partition(";")[0] for name, description in DETECTORS.items()},
    COST: "ablation effect",
}
"""What may stand on an axis: the detectors and the cost."""


def show(
    measures: Mapping[str, Mapping[str, float]],
    axes: tuple[str, str],
    chosen: str,
    *,
    measure: Measure,
    positions: Mapping[str, float],
    n: int,
    done: bool = False,
    key: str,
    on_axes: Callable[[str, str], None],
    on_click: Callable[[str], None],
) -> None:
    """Draw the choice of the two measures and the points.

    Args:
        measures: by their names (:data:`TITLES`), of every head by its name.
        axes: the measures across and up.
        chosen: name of the head that is ringed.
        measure: of the cost.
        positions: of the costs on the colour scale, of every head by its name.
        n: over how many puzzles.
        done: nothing is under way any more: what is not known will not be.
        on_axes, on_click: called with the two measures, or the head, that a visitor chose.
    """
    _axes(axes, list(measures), on_axes)
    click = clickable_chart.clicking({name: name for name in measures[COST]}, on_click)
    figure = scatter_figure.draft(
        (measures[axes[0]], measures[axes[1]]),
        (_title(axes[0], measure), _title(axes[1], measure)),
        measures[COST],
        positions,
        chosen,
        measure=measure,
        waiting=NOTHING if done else MEASURING,
    )
    clickable_chart.show(figure, key=key, name="scatter", on_click=click)
    effect_legend.show(measure, n, measures[COST], key=f"{key}-legend")
    st.caption("Click a point to choose it.")


def _title(name: str, measure: Measure) -> str:
    """What stands at an axis: of the effect also in what it is measured."""
    return f"{TITLES[name]}: {quantity(measure)}" if name == COST else TITLES[name]


def _axes(axes: tuple[str, str], offered: Sequence[str], on_axes: Callable[[str, str], None]) -> None:
    across, up = axes
    titles = {name: TITLES[name] for name in offered}
    left, right = st.columns(2)
    with left:
        choice.select("x axis", titles, across, key="scatter-x", on_change=lambda name: on_axes(name, up))
    with right:
        choice.select("y axis", titles, up, key="scatter-y", on_change=lambda name: on_axes(across, name))
