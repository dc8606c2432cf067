"""What every component of a study does, by task."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from interp.engine.measures import Measure
from interp.figures.draft import Draft, drawn
from interp.figures.scale import colour, in_words, position, quantity
from interp.figures.style import QUIET, base_figure, empty
from interp.numbers import short
from interp.studies.questions.tables import Effect, Mean

STEPS = 20
"""Of the colour scale, from one end to the other."""
ALL = "all tasks"
MOST_NAMED = 40
"""Components whose names stand on the axis; of more, their layers'."""


@drawn
def study_map(effects: Sequence[Effect], measure: Measure = "final", chosen: str = "") -> Draft:
    """Tasks x components, each place coloured by the mean effect over the puzzles of the task on the scale of
    the measure (:func:`interp.figures.scale.position`); pointed at, it says the mean's interval.

    Args:
        effects: of :meth:`interp.studies.questions.study.Study.effects` by this measure.
        chosen: a component whose column is marked.

    The ``customdata`` of a place begins with the component and the task.
    """
    parts = list(dict.fromkeys(effect.component for effect in effects))
    tasks = list(dict.fromkeys(effect.task for effect in effects))
    n = max((effect.change.n for effect in effects), default=0)
    title = f"Every component by task, {n:,} puzzles: {quantity(measure)}"
    figure = base_figure(title, height=108 + 28 * max(len(tasks), 3))
    if not effects:
        return empty(figure, "No puzzle of this study is computed yet.")
    known = {(effect.task, effect.component): effect for effect in effects}
    names = [task or ALL for task in tasks]
    values = [[_place(known.get((task, part)), measure) for part in parts] for task in tasks]
    figure.add_heatmap(
        z=values,
        x=parts,
        y=names,
        zmin=-1,
        zmax=1,
        xgap=1,
        ygap=2,
        colorscale=[(k / STEPS, colour(2 * k / STEPS - 1)) for k in range(STEPS + 1)],
        showscale=False,
        customdata=[
            [[part, task, _told(known.get((task, part)), measure)] for part in parts] for task in tasks
        ],
        hovertemplate="<b>%{x}</b>, %{y}<br>%{customdata[2]}<extra></extra>",
        hoverongaps=False,
    )
    _name(figure, parts, chosen)
    figure.update_yaxes(tickvals=names, ticktext=names, autorange="reversed", showgrid=False)
    return figure


def _place(effect: Effect | None, measure: Measure) -> float | None:
    if effect is None or not np.isfinite(effect.change.mean):
        return None
    return round(position(effect.change.mean, measure), 4)


def _told(effect: Effect | None, measure: Measure) -> str:
    if effect is None:
        return ""
    change = effect.change
    flips = f"{effect.lost:,} puzzles lost, {effect.won:,} won, of {change.n:,}"
    half = f"median {short(effect.median)} nats" if measure == "final" else ""
    return "<br>".join(
        filter(None, (in_words(change.mean, measure, change.n), interval(change), half, flips))
    )


def interval(change: Mean) -> str:
    """The 95 % interval of a mean in words; nothing where it is not known."""
    if not (np.isfinite(change.low) and np.isfinite(change.high)):
        return ""
    return f"95 %: {short(change.low)} to {short(change.high)}"


def _name(figure: Draft, parts: Sequence[str], chosen: str) -> None:
    """The names on the axis, and lines between layers."""
    runs = [(layer, len(list(own))) for layer, own in groupby(part.partition(".")[0] for part in parts)]
    ends = np.cumsum([0, *(length for _, length in runs)]) - 0.5
    few = len(parts) <= MOST_NAMED
    for end in ends[1:-1].tolist():
        figure.add_vline(x=end, line_color=QUIET, line_width=0.6)
    if chosen in parts:
        at = parts.index(chosen)
        figure.add_shape(
            type="rect", xref="x", x0=at - 0.5, x1=at + 0.5, yref="y domain", y0=0, y1=1,
            line_color=QUIET, line_width=1.6,
        )  # fmt: skip
    figure.update_layout(margin_t=84 if few else 64)
    figure.update_xaxes(
        tickvals=list(range(len(parts))) if few else ((ends[:-1] + ends[1:]) / 2).tolist(),
        ticktext=list(parts) if few else [layer for layer, _ in runs],
        range=[-0.5, len(parts) - 0.5],
        side="top",
        showgrid=False,
        tickangle=-90 if few and len(parts) > 12 else None,
        tickfont_size=10 if few else 12,
    )
