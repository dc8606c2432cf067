"""Pairs of components as a map: how much two together cost beyond what they cost alone."""

from collections.abc import Collection, Sequence
from itertools import combinations, groupby
from typing import Any

import numpy as np

from interp.ablation import Component
from interp.analyses.synergy import SynergyState, amount
from interp.engine.measures import MEASURES, Measure
from interp.figures.draft import Draft, drawn
from interp.figures.scale import colour, in_words, position, tint
from interp.figures.style import MEASURING, QUIET, base_figure, empty
from interp.figures.sweep import mirrored

STEPS = 20
"""Of the colour scale, from one end to the other."""
DIGITS = 4
"""Of a position on it, behind the point: a chart is sent as text."""

LEGEND = (
    "Teal: both together cost more than the sum of each alone, so they replace one another; purple: less, so"
    " they are needed together. Diagonal: each alone, in the colours of the board. The same scale everywhere."
)
"""What the colours of the map mean, in sentences."""


@drawn
def synergy_map(
    state: SynergyState,
    measure: Measure = "final",
    off: Collection[Component] = (),
    *,
    given: str = "",
) -> Draft:
    """Every component with every other, coloured by their synergy on the scale of the measure
    (:func:`interp.figures.scale.position`); on the diagonal what each costs alone, as on the board.

    Both halves show the same. What is not known yet is left out. The ``customdata`` of a pair begins with
    :attr:`interp.analyses.synergy.PairEffect.names`, that of a component on the diagonal with its text.

    Args:
        state: however far it is.
        off: components that are off already: crossed out on the diagonal.
        given: on top of what all is measured, as the title ends.
    """
    names = [part.text for part in state.parts]
    title = f"Synergy of two {_kind(state.parts)}{f', {given}' if given else ''}: {_unit(measure)}"
    figure = base_figure(title, height=560)
    table = state.synergy(measure)
    if not np.isfinite(table).any():
        return empty(figure, "There is nothing to compare by this measure." if state.complete else MEASURING)
    places = np.vectorize(lambda change: position(change, measure), otypes=[float])(table)
    ticks = mirrored(measure, state.known)
    figure.add_heatmap(
        z=places.round(DIGITS),
        x=names,
        y=names,
        zmin=-1,
        zmax=1,
        colorscale=[(k / STEPS, tint(2 * k / STEPS - 1)) for k in range(STEPS + 1)],
        colorbar={
            "thickness": 10,
            "len": 0.7,
            "outlinewidth": 0,
            "tickvals": [tick.position for tick in ticks],
            "ticktext": [tick.text for tick in ticks],
            "tickfont": {"size": 10},
        },
        customdata=_told(state, measure),
        hovertemplate="<b>%{y} and %{x}</b><br>together %{customdata[1]}<br>alone %{customdata[2]} and"
        " %{customdata[3]}<br>synergy %{customdata[4]}<extra></extra>",
        hoverongaps=False,
    )
    _add_diagonal(figure, state, measure, off)
    _name_layers(figure, state.parts)
    return figure


def _kind(parts: Sequence[Component]) -> str:
    return "heads" if all(part.kind == "head" for part in parts) else "components"


def _unit(measure: Measure) -> str:
    if measure == "wrong":
        return "cells broken"
    return "answers lost" if measure == "answers" else f"nats of loss on {MEASURES[measure].place}"


def _told(state: SynergyState, measure: Measure) -> list[list[list[str]]]:
    """Of each place what is said when it is pointed at, after the names of both."""
    names, n = [part.text for part in state.parts], state.known
    alone = [amount(one, measure, n) for one in state.costs(measure)]
    both, more = state.together(measure), state.synergy(measure)
    told: list[list[list[str]]] = [[[] for _ in names] for _ in names]
    for i, j in combinations(range(len(names)), 2):
        pair = f"{names[i]}+{names[j]}"
        words = amount(both[i, j], measure, n), amount(more[i, j], measure, n)
        told[i][j] = [pair, words[0], alone[i], alone[j], words[1]]
        told[j][i] = [pair, words[0], alone[j], alone[i], words[1]]
    return told


def _add_diagonal(figure: Draft, state: SynergyState, measure: Measure, off: Collection[Component]) -> None:
    """A mark for each component alone."""
    costs = state.costs(measure)
    known: list[tuple[Component, float]] = [
        (part, float(one)) for part, one in zip(state.parts, costs, strict=True) if np.isfinite(one)
    ]
    marker: dict[str, Any] = {
        "size": 7,
        "opacity": 1,
        "color": [colour(position(one, measure)) for _, one in known],
        "symbol": ["circle-x" if part in off else "circle" for part, _ in known],
        "line": {"color": QUIET, "width": 1},
    }
    figure.add_scatter(
        x=[part.text for part, _ in known],
        y=[part.text for part, _ in known],
        mode="markers",
        marker=marker,
        customdata=[[part.text] for part, _ in known],
        hovertext=[
            f"<b>{part.text}</b> {'is ablated already' if part in off else 'alone'}"
            f" {in_words(one, measure, state.known)}"
            for part, one in known
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        cliponaxis=False,
    )


def _name_layers(figure: Draft, parts: Sequence[Component]) -> None:
    """A line between layers, and their names on both axes; of few components the names of all."""
    runs = [(layer, len(list(group))) for layer, group in groupby(part.layer for part in parts)]
    edges = np.cumsum([0, *(length for _, length in runs)]) - 0.5
    for edge in edges[1:-1].tolist():
        figure.add_vline(x=edge, line_color=QUIET, line_width=0.6)
        figure.add_hline(y=edge, line_color=QUIET, line_width=0.6)
    few = len(parts) <= STEPS
    places = list(range(len(parts))) if few else ((edges[:-1] + edges[1:]) / 2).tolist()
    names = [part.text for part in parts] if few else [f"L{layer}" for layer, _ in runs]
    # A mark of the diagonal is pointed at only where it is: beside it lie the pairs of neighbours.
    figure.update_layout(margin_t=84, hoverdistance=1)
    end = len(parts) - 0.5
    figure.update_xaxes(tickvals=places, ticktext=names, range=[-0.5, end], side="top", showgrid=False)
    figure.update_yaxes(tickvals=places, ticktext=names, range=[end, -0.5], showgrid=False)
