"""The effects of ablation as charts: of layers as bars, of heads and of tasks as maps."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from interp.ablation import Component
from interp.analyses.ablation_sweep import (
    SMALLEST_LOSS,
    SweepRow,
    SweepState,
    cost,
    count_diverged,
    same_puzzles,
    value,
)
from interp.engine.measures import MEASURES, Measure, metric_of
from interp.figures.scale import colour, position_of
from interp.figures.style import LINE, MEASURING, NOT_FINITE, QUIET, base_figure, empty, hatching
from interp.figures.tiles import Tile, draw_tiles, signed
from interp.numbers import compared, factor

Kind = Literal["attn", "mlp"]
_PARTS: dict[Kind, str] = {"attn": "attention layer", "mlp": "MLP"}


def layer_chart(
    rows: Sequence[SweepRow],
    clean: SweepRow | None,
    measure: Measure = "final",
    kind: Kind = "attn",
    off: Collection[Component] = (),
) -> go.Figure:
    """A bar a layer, of the loss with its attention or its MLP off, on a log axis; or of the answers still
    drawn right.

    A dotted line says what it is in the clean run. Bars are coloured by :mod:`interp.figures.scale`, parts
    already ``off`` are hatched. Rows of other kinds are passed over, and those whose loss is not finite. Rows
    may know only some puzzles yet, each over those is compared with the clean run over the same; what nothing
    is known of is left out. A bar's ``customdata`` begins with its component's text.
    """
    shown = [row for row in rows if row.component is not None and row.component.kind == kind]
    known = [row for row in shown if clean is not None and not np.isnan(cost(row, clean, measure))]
    if clean is not None and not np.isfinite(_level(clean, measure)):
        known = []
    figure = base_figure(_layer_title(measure, kind), height=280)
    figure.update_xaxes(
        categoryorder="array",
        categoryarray=[_layer_name(row) for row in shown],
        range=[-0.6, max(len(shown), 1) - 0.4],
    )
    if not known or clean is None:
        return nothing(figure, shown if clean is not None else [])
    levels = [_level(row, measure) for row in known]
    baseline = _level(clean, measure)
    # A bar begins a little below all that is shown, so that every bar can be seen and clicked.
    low = -0.03 * len(clean.solved) if measure == "answers" else min([baseline, *levels]) / 2
    figure.add_bar(
        x=[_layer_name(row) for row in known],
        y=[level - low for level in levels],
        base=low,
        marker={
            "color": [colour(position_of(row, clean, measure)) for row in known],
            "line": {"color": QUIET, "width": 1},  # a bar of a faint colour is seen by its edge
            "pattern": hatching([row.component in off for row in known]),
        },
        customdata=[[_text(row)] for row in known],
        hovertext=[_hover(row, clean, measure, off) for row in known],
        hovertemplate="%{hovertext}<extra></extra>",
        unselected={"marker": {"opacity": 1}},
    )
    _loss_axis(figure, measure, low, max([baseline, *levels]), n=len(clean.solved))
    _baseline(figure, baseline, measure)
    return figure


def head_map(
    rows: Sequence[SweepRow],
    clean: SweepRow | None,
    measure: Measure = "final",
    off: Collection[Component] = (),
) -> go.Figure:
    """Layers x heads, each tile coloured by the effect of switching the head off
    (:mod:`interp.figures.scale`).

    Rows and ``customdata`` are as for :func:`layer_chart`. Heads already ``off`` are hatched and outlined. A
    number is written where the effect is large enough to be seen: how many times the clean loss, or how many
    answers more or fewer are right.
    """
    shown = [row for row in rows if row.component is not None and row.component.kind == "head"]
    layers = sorted({row.component.layer for row in shown if row.component is not None})
    heads = sorted({row.component.head for row in shown if row.component and row.component.head is not None})
    figure = base_figure(f"{_measured(measure)} with one head ablated", height=88 + 26 * max(len(layers), 3))
    cells = [
        _Cell(row, clean, layers.index(row.component.layer), heads.index(row.component.head), measure, off)
        for row in shown
        if clean is not None and row.component is not None and row.component.head is not None
    ]
    known = [
        cell.tile(f"L{layers[cell.line]}", outlined=cell.row.component in off) for cell in cells if cell.known
    ]
    if not known:
        return nothing(figure, shown if clean is not None else [])
    draw_tiles(figure, known, [f"L{layer}" for layer in layers], [f"H{head}" for head in heads])
    return figure


def board_map(
    rows: Sequence[SweepRow],
    clean: SweepRow | None,
    measure: Measure = "final",
    off: Collection[Component] = (),
) -> go.Figure:
    """The ablation board: a row a layer, a tile for its attention, each of its heads and its MLP. Otherwise
    as :func:`head_map`."""
    shown = [(row, row.component) for row in rows if row.component is not None]
    layers = sorted({part.layer for _, part in shown})
    heads = sorted({part.head for _, part in shown if part.head is not None})
    columns = ["attn", *(f"H{head}" for head in heads), "mlp"]
    figure = base_figure(
        f"{_measured(measure)} with one component ablated", height=88 + 26 * max(len(layers), 3)
    )
    cells = [
        _Cell(row, clean, layers.index(part.layer), columns.index(part.text.split(".")[1]), measure, off)
        for row, part in shown
        if clean is not None
    ]
    known = [
        cell.tile(f"L{layers[cell.line]}", outlined=cell.row.component in off) for cell in cells if cell.known
    ]
    if not known:
        return nothing(figure, rows if clean is not None else [])
    draw_tiles(figure, known, [f"L{layer}" for layer in layers], columns)
    return figure


def task_map(
    states: Mapping[str, SweepState],
    measure: Measure = "answers",
    off: Collection[Component] = (),
    chosen: tuple[str, Component] | None = None,
) -> go.Figure:
    """Tasks x attention layers, each tile coloured by how many answers more or fewer are right, or by how the
    loss changes, over the task's puzzles (:mod:`interp.figures.scale`).

    Args:
        states: of the sweep over each task's puzzles, however far it is; components other than attention
            layers are passed over.
        measure: what tiles show.
        off: the layers' attention that is off already: hatched.
        chosen: the tile that is outlined.

    A tile's ``customdata`` begins with the task and the component's text.
    """
    tasks = list(states)
    cells = []
    for line, state in enumerate(states.values()):
        clean, *rows = state.common()
        for row in rows:
            if row.component is not None and row.component.kind == "attn":
                cells.append(_Cell(row, clean, line, row.component.layer, measure, off))
    figure = base_figure(
        f"{_measured(measure)} with one attention layer ablated", height=88 + 24 * max(len(states), 3)
    )
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

    @property
    def known(self) -> bool:
        return not np.isnan(cost(self.row, self.clean, self.measure))

    def tile(self, line: str, *, of_task: bool = False, outlined: bool = False) -> Tile:
        """How it is drawn: with the effect as a short number, if there is one to speak of."""
        text, hover = _text(self.row), _hover(self.row, self.clean, self.measure, self.off)
        return Tile(
            line=self.line,
            column=self.column,
            colour=colour(position_of(self.row, self.clean, self.measure)),
            data=(line, text) if of_task else (text, line),
            hover=f"{line}: {hover}" if of_task else hover,
            note=self._note(),
            hatched=self.row.component in self.off,
            outlined=outlined,
        )

    def _note(self) -> str:
        row, same = same_puzzles(self.row, self.clean)
        if self.measure != "answers":
            return factor(value(row, self.measure), value(same, self.measure))
        gained = int(row.solved.sum()) - int(same.solved.sum())
        return signed(f"{gained:+d}") if gained else ""


def nothing(figure: go.Figure, rows: Sequence[SweepRow]) -> go.Figure:
    """A chart that says why it shows nothing: no row is measured yet, or there is nothing in them to
    measure."""
    if count_diverged(rows):
        return empty(figure, NOT_FINITE)
    return empty(
        figure, "These puzzles have no such cell." if any(len(row.solved) for row in rows) else MEASURING
    )


def _loss_axis(figure: go.Figure, measure: Measure, low: float, high: float, n: int) -> None:
    if measure == "answers":
        figure.update_yaxes(title=f"answers right, of {n}", range=[low, 1.08 * n], zeroline=False)
        return
    figure.update_yaxes(
        type="log",
        title="loss (nats)",
        exponentformat="power",
        dtick=1,
        range=[np.log10(low), np.log10(high * 2)],
    )


def _baseline(figure: go.Figure, level: float, measure: Measure) -> None:
    """A dotted line, named at its right end. On a log axis a label's place is given as the logarithm, a
    line's is not."""
    figure.add_hline(y=level, line_color=LINE, line_width=2, line_dash="dot")
    figure.add_annotation(
        text="clean",
        font={"color": LINE, "size": 11},
        showarrow=False,
        xref="paper",
        x=1,
        xanchor="left",
        y=level if measure == "answers" else np.log10(level),
    )
    figure.update_layout(margin_r=66)


def _level(row: SweepRow, measure: Measure) -> float:
    """How high a row's bar ends: a loss, or a number of answers."""
    found = value(row, measure)
    return found * len(row.solved) if measure == "answers" else max(found, SMALLEST_LOSS)


def _measured(measure: Measure) -> str:
    if measure == "answers":
        return "Answers right, more (+) or fewer (−),"
    return f"Loss on {MEASURES[measure].place}"


def _layer_title(measure: Measure, kind: Kind) -> str:
    measured = "Answers still right" if measure == "answers" else _measured(measure)
    return f"{measured} with one {_PARTS[kind]} ablated"


def _layer_name(row: SweepRow) -> str:
    assert row.component is not None
    return f"L{row.component.layer}"


def _text(row: SweepRow) -> str:
    assert row.component is not None
    return row.component.text


def _hover(row: SweepRow, clean: SweepRow, measure: Measure, off: Collection[Component]) -> str:
    """What a component's bar or tile says when pointed at."""
    row, same = same_puzzles(row, clean)
    broken, mended = row.flips(same)
    metric = metric_of(measure)
    against = compared(value(row, metric), value(same, metric), "in the clean run")
    lines = [
        f"<b>{_text(row)}</b> {'is ablated already' if row.component in off else 'ablated'}",
        f"loss on {MEASURES[metric].place} {against}",
        f"{int(row.solved.sum())} of {len(row.solved)} solved ({int(same.solved.sum())} in the clean run):"
        f" {len(broken)} broken, {len(mended)} fixed",
    ]
    if len(row.solved) < len(clean.solved):
        lines.append(f"{len(row.solved)} of {len(clean.solved)} puzzles so far")
    return "<br>".join(lines)
