"""The effects of ablation as charts: of layers as dots on stems, of heads and of tasks as maps."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from interp.ablation import Component
from interp.analyses.ablation_sweep import (
    SweepRow,
    SweepState,
    cells_in_words,
    compared_with,
    cost,
    count_diverged,
    same_puzzles,
    value,
)
from interp.analyses.by_method.draws import NO_SPREAD, Spread
from interp.analyses.conditional import GIVEN
from interp.engine.measures import MEASURES, Measure, metric_of
from interp.figures.draft import Draft, drawn
from interp.figures.scale import Mark, colour, in_words, marks, note, position, position_of
from interp.figures.style import MEASURING, NOT_FINITE, QUIET, base_figure, empty
from interp.figures.tiles import Tile, draw_tiles
from interp.numbers import compared

Kind = Literal["attn", "mlp"]
PINNED = "added to the pinned ablation"
"""What a second sweep is, unless it is said otherwise."""
_PARTS: dict[Kind, str] = {"attn": "attention layer", "mlp": "MLP"}


@drawn
def layer_chart(
    rows: Sequence[SweepRow],
    clean: SweepRow | None,
    measure: Measure = "final",
    kind: Kind = "attn",
    off: Collection[Component] = (),
    beneath: Sequence[SweepRow] = (),
    *,
    given: bool = False,
    second: str = PINNED,
    spread: Mapping[Component, Spread] = NO_SPREAD,
) -> Draft:
    """A dot a layer, at what ablating its attention or its MLP costs, on a stem from the line of the clean
    run.

    The axis is the scale of the colours (:func:`interp.figures.scale.position`): a dot is as high as its
    colour is full. Components already ``off`` are crossed out. Rows of other kinds are passed over, and those
    whose loss is not finite. Rows may know only some puzzles yet, each over those is compared with the clean
    run over the same; what nothing is known of is left out. The ``customdata`` of all that is drawn for a
    component begins with its text.

    Args:
        beneath: a second sweep, its run without any component first: a short line at the height of each.
        given: whether something is off already in the run that all is compared with.
        second: what the second sweep is, in words.
        spread: what components cost over several draws of what is put in their place: an upright bar around
            the mean, as long as its standard error on each side.
    """
    shown = [row for row in rows if row.component is not None and row.component.kind == kind]
    known = [row for row in shown if clean is not None and not np.isnan(cost(row, clean, measure))]
    figure = base_figure(titled(measure, _PARTS[kind], given), height=280)
    figure.update_xaxes(
        categoryorder="array",
        categoryarray=[_layer_name(row) for row in shown],
        range=[-0.6, max(len(shown), 1) - 0.4],
        showgrid=False,
    )
    if not known or clean is None:
        return nothing(figure, shown if clean is not None else [])
    heights = [position(cost(row, clean, measure), measure) for row in known]
    said = [_hover(row, clean, measure, off, given) for row in known]
    others = _costs_of(beneath, [row.component for row in known], measure)
    errors = [(row, spread[part]) for row in known if (part := row.component) is not None and part in spread]
    ends = [position(mean + s * error, measure) for mean, error in _bars(errors) for s in (-1, 1)]
    low, high = reach([*heights, *ends, *(position(one, measure) for _, one in others)])
    _dots_on_stems(figure, known, heights, [_label(row, clean, measure) for row in known], said, off)
    if others:
        _second_marks(figure, others, measure, second)
    for row, one in errors:
        _error_bar(figure, row, one, measure)
    # To point anywhere at a layer's column, or to click there, is meant for the layer.
    figure.update_layout(hovermode="x", hoverdistance=-1, margin_r=76 if given else 56)
    _scale_axis(figure, measure, low, high, len(clean.solved))
    _clean_line(figure, "what is off" if given else "clean")
    return figure


def _dots_on_stems(
    figure: Draft,
    rows: Sequence[SweepRow],
    heights: Sequence[float],
    labels: Sequence[str],
    said: Sequence[str],
    off: Collection[Component],
) -> None:
    """A dot a layer, so high, with its label; what is off is crossed out."""
    names, data = [_layer_name(row) for row in rows], [[_text(row)] for row in rows]
    paints = [colour(one) for one in heights]
    figure.add_bar(
        x=names,
        y=heights,
        width=0.05,
        marker={"color": paints, "line": {"width": 0}},
        customdata=data,
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=names,
        y=heights,
        mode="markers+text",
        marker={
            "size": 15,
            "opacity": 1,
            "color": paints,
            "symbol": ["circle-x" if row.component in off else "circle" for row in rows],
            "line": {"color": QUIET, "width": 1},  # a dot of a faint colour is seen by its edge
        },
        text=labels,
        textposition=["top center" if height >= 0 else "bottom center" for height in heights],
        textfont={"size": 11},
        cliponaxis=False,
        customdata=data,
        hovertext=said,
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _costs_of(
    sweep: Sequence[SweepRow], parts: Collection[Component | None], measure: Measure
) -> list[tuple[SweepRow, float]]:
    """What ablating each of these costs in a sweep, its run without any component first, where it is
    known."""
    found = [(row, cost(row, sweep[0], measure)) for row in sweep[1:] if row.component in parts]
    return [(row, one) for row, one in found if not np.isnan(one)]


def _bars(errors: Sequence[tuple[SweepRow, Spread]]) -> list[tuple[float, float]]:
    return [(one.mean, one.error) for _, one in errors]


def _error_bar(figure: Draft, row: SweepRow, spread: Spread, measure: Measure) -> None:
    """An upright bar around the mean over draws, as long as its standard error on each side."""
    ends = [position(spread.mean + sign * spread.error, measure) for sign in (-1, 1)]
    words = f"{_text(row)}, {spread.n} draws: {in_words(spread.mean, measure, len(row.solved))} on average"
    figure.add_scatter(
        x=[_layer_name(row)] * 2,
        y=ends,
        mode="lines+markers",
        line={"color": QUIET, "width": 2},
        marker={"symbol": "line-ew", "size": 10, "line": {"width": 2, "color": QUIET}},
        customdata=[[_text(row)]] * 2,
        hovertext=[words] * 2,
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _second_marks(
    figure: Draft, known: Sequence[tuple[SweepRow, float]], measure: Measure, words: str
) -> None:
    """A short line at the cost of each of these rows."""
    figure.add_scatter(
        x=[_layer_name(row) for row, _ in known],
        y=[position(one, measure) for _, one in known],
        mode="markers",
        marker={"symbol": "line-ew", "size": 26, "line": {"width": 2, "color": QUIET}},
        customdata=[[_text(row)] for row, _ in known],
        hovertext=[f"{_text(row)} {_second(row, one, measure, words)}" for row, one in known],
        hovertemplate="%{hovertext}<extra></extra>",
    )


@drawn
def head_map(
    rows: Sequence[SweepRow],
    clean: SweepRow | None,
    measure: Measure = "final",
    off: Collection[Component] = (),
    beneath: Sequence[SweepRow] = (),
    *,
    given: bool = False,
    second: str = PINNED,
) -> Draft:
    """Layers x heads, each tile coloured by the effect of switching the head off
    (:mod:`interp.figures.scale`).

    Rows and ``customdata`` are as for :func:`layer_chart`. Heads already ``off`` are hatched and outlined. A
    number is written where there is an effect: cells broken, nats more of loss, or answers lost. What they
    cost in a second sweep, ``beneath``, is a bar at the foot of their tiles.
    """
    shown = [row for row in rows if row.component is not None and row.component.kind == "head"]
    layers = sorted({row.component.layer for row in shown if row.component is not None})
    heads = sorted({row.component.head for row in shown if row.component and row.component.head is not None})
    figure = base_figure(titled(measure, "head", given), height=88 + 26 * max(len(layers), 3))
    cells = [
        _Cell(row, clean, layers.index(part.layer), heads.index(part.head), measure, off, given)
        for row in shown
        if clean is not None and (part := row.component) is not None and part.head is not None
    ]
    known = [
        cell.tile(f"L{layers[cell.line]}", outlined=cell.row.component in off) for cell in cells if cell.known
    ]
    if not known:
        return nothing(figure, shown if clean is not None else [])
    others = {
        _text(row): (row, one) for row, one in _costs_of(beneath, [row.component for row in shown], measure)
    }
    known = [
        _with_second(tile, *others[tile.data[0]], measure, second) if tile.data[0] in others else tile
        for tile in known
    ]
    draw_tiles(figure, known, [f"L{layer}" for layer in layers], [f"H{head}" for head in heads])
    return figure


def _with_second(tile: Tile, row: SweepRow, found: float, measure: Measure, words: str) -> Tile:
    """The tile with what its head costs in a second sweep."""
    return replace(
        tile,
        beneath=colour(position(found, measure)),
        hover=f"{tile.hover}<br>{_second(row, found, measure, words)}",
    )


def _second(row: SweepRow, found: float, measure: Measure, words: str) -> str:
    return f"{words}: {in_words(found, measure, len(row.right))}"


@drawn
def board_map(
    rows: Sequence[SweepRow],
    clean: SweepRow | None,
    measure: Measure = "final",
    off: Collection[Component] = (),
    *,
    given: bool = False,
) -> Draft:
    """The ablation board: a row a layer, a tile for its attention, each of its heads and its MLP. Otherwise
    as :func:`head_map`."""
    shown = [(row, row.component) for row in rows if row.component is not None]
    layers = sorted({part.layer for _, part in shown})
    heads = sorted({part.head for _, part in shown if part.head is not None})
    columns = ["attn", *(f"H{head}" for head in heads), "mlp"]
    figure = base_figure(titled(measure, "component", given), height=88 + 26 * max(len(layers), 3))
    cells = [
        _Cell(row, clean, layers.index(part.layer), columns.index(name), measure, off, given)
        for row, part in shown
        if clean is not None and (name := part.text.split(".")[1])
    ]
    known = [
        cell.tile(f"L{layers[cell.line]}", outlined=cell.row.component in off) for cell in cells if cell.known
    ]
    if not known:
        return nothing(figure, rows if clean is not None else [])
    draw_tiles(figure, known, [f"L{layer}" for layer in layers], columns)
    return figure


@drawn
def task_map(
    states: Mapping[str, SweepState],
    measure: Measure = "answers",
    off: Collection[Component] = (),
    chosen: tuple[str, Component] | None = None,
    *,
    given: bool = False,
) -> Draft:
    """Tasks x attention layers, each tile coloured by what ablating the layer costs over the task's puzzles
    (:mod:`interp.figures.scale`): answers, or loss.

    Args:
        states: of the sweep over each task's puzzles, however far it is; components other than attention
            layers are passed over.
        measure: what tiles show.
        off: the layers' attention that is off already: hatched.
        chosen: the tile that is outlined.
        given: whether something is off already in the runs that all is compared with.

    A tile's ``customdata`` begins with the task and the component's text.
    """
    tasks = list(states)
    cells = []
    for line, state in enumerate(states.values()):
        clean, *rows = state.common()
        for row in rows:
            if row.component is not None and row.component.kind == "attn":
                cells.append(_Cell(row, clean, line, row.component.layer, measure, off, given))
    figure = base_figure(titled(measure, "attention layer", given), height=88 + 24 * max(len(states), 3))
    known = [
        cell.tile(tasks[cell.line], of_task=True, outlined=chosen == (tasks[cell.line], cell.row.component))
        for cell in cells
        if cell.known
    ]
    if not known:
        return nothing(figure, [cell.row for cell in cells])
    columns = [f"L{layer}" for layer in range(max(cell.column for cell in cells) + 1)]
    draw_tiles(figure, known, tasks, columns)
    return figure


@dataclass(frozen=True, eq=False)
class _Cell:
    """A place of a map: a component switched off, on some puzzles."""

    row: SweepRow
    clean: SweepRow
    line: int
    column: int
    measure: Measure
    off: Collection[Component]
    given: bool

    @property
    def known(self) -> bool:
        return not np.isnan(cost(self.row, self.clean, self.measure))

    def tile(self, line: str, *, of_task: bool = False, outlined: bool = False) -> Tile:
        """How it is drawn: with the effect as a short number, if there is one to speak of."""
        text, hover = _text(self.row), _hover(self.row, self.clean, self.measure, self.off, self.given)
        row, same = same_puzzles(self.row, self.clean)
        return Tile(
            line=self.line,
            column=self.column,
            colour=colour(position_of(self.row, self.clean, self.measure)),
            data=(line, text) if of_task else (text, line),
            hover=f"{line}: {hover}" if of_task else hover,
            note=note(cost(row, same, self.measure), self.measure, len(row.solved)),
            hatched=self.row.component in self.off,
            outlined=outlined,
        )


def nothing(figure: Draft, rows: Sequence[SweepRow]) -> Draft:
    """A chart that says why it shows nothing: no row is measured yet, or there is nothing in them to
    measure."""
    if count_diverged(rows):
        return empty(figure, NOT_FINITE)
    return empty(
        figure, "These puzzles have no such cell." if any(len(row.solved) for row in rows) else MEASURING
    )


# ---- the axis that is the scale ----------------------------------------------------------------------------


def mirrored(measure: Measure, n: int) -> list[Mark]:
    """The marks of a scale on both sides of the clean run."""
    above = marks(measure, n)
    below = [Mark(f"−{mark.text}", -mark.position) for mark in reversed(above) if mark.position > 0]
    return [*below, *above]


def reach(heights: Sequence[float]) -> tuple[float, float]:
    """From where to where the axis goes: over all that is drawn and what is written on it, at least over a
    fifth of the scale."""
    low, high = min([0.0, *heights]), max([0.2, *heights])
    room = 0.2 * (high - low)
    return low - (room if low < 0 else room / 4), high + room


def _scale_axis(figure: Draft, measure: Measure, low: float, high: float, n: int) -> None:
    shown = [mark for mark in mirrored(measure, n) if low <= mark.position <= high]
    titles = {"wrong": "cells broken, of 100", "answers": f"answers lost, of {n}"}
    figure.update_yaxes(
        title=titles.get(measure, "nats more of loss"),
        tickvals=[mark.position for mark in shown],
        ticktext=[mark.text for mark in shown],
        range=[low, high],
        zeroline=False,
    )


def _clean_line(figure: Draft, name: str) -> None:
    """A dotted line where there is no effect, named at its right end."""
    figure.add_hline(y=0, line_color=QUIET, line_width=2, line_dash="dot")
    figure.add_annotation(
        text=name, font={"size": 11}, showarrow=False, xref="paper", x=1, xanchor="left", y=0
    )


# ---- in words ----------------------------------------------------------------------------------------------


def titled(measure: Measure, part: str, given: bool) -> str:
    """The title of a chart of what ablating each of some parts costs."""
    return f"{measured(measure)} with one {part} ablated{f', {GIVEN}' if given else ''}"


def measured(measure: Measure) -> str:
    """What a chart shows, as its title begins."""
    if measure == "wrong":
        return "Cells broken"
    if measure == "answers":
        return "Answers lost"
    return f"Change of the loss on {MEASURES[measure].place}"


def _label(row: SweepRow, clean: SweepRow, measure: Measure) -> str:
    """What is written at a dot: the value, and below it the cells broken."""
    row, same = same_puzzles(row, clean)
    n = len(row.solved)
    cells = note(cost(row, same, "wrong"), "wrong") or "0"
    if measure == "wrong":
        return cells
    told = note(cost(row, same, measure), measure, n) or "0"
    return f"lost: {told}" if measure == "answers" else f"{told}<br>{cells} cells"


def _layer_name(row: SweepRow) -> str:
    assert row.component is not None
    return f"L{row.component.layer}"


def _text(row: SweepRow) -> str:
    assert row.component is not None
    return row.component.text


def _hover(row: SweepRow, clean: SweepRow, measure: Measure, off: Collection[Component], given: bool) -> str:
    """What a component's dot or tile says when pointed at."""
    row, same = same_puzzles(row, clean)
    metric = metric_of(measure)
    against = compared(value(row, metric), value(same, metric), compared_with(given))
    lines = [
        f"<b>{_text(row)}</b> {'is ablated already' if row.component in off else 'ablated'}",
        *effect_lines(row, same, f"loss on {MEASURES[metric].place} {against}", given=given),
    ]
    if len(row.solved) < len(clean.solved):
        lines.append(f"{len(row.solved)} of {len(clean.solved)} puzzles so far")
    return "<br>".join(lines)


def effect_lines(row: SweepRow, same: SweepRow, loss: str, *, given: bool = False) -> list[str]:
    """What a row is beside the run that it is compared with over the same puzzles: its cells, its loss, its
    answers."""
    broken, fixed = row.flips(same)
    return [
        cells_in_words(row, same),
        loss,
        f"{int(row.solved.sum())} of {len(row.solved)} solved ({int(same.solved.sum())}"
        f" {compared_with(given)}): {len(broken)} broken, {len(fixed)} fixed",
    ]
