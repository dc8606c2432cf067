"""Path ablation as charts: the effects by receiver, and both views of the receivers side by side."""

from collections.abc import Collection, Sequence

import numpy as np
import plotly.graph_objects as go

from interp.ablation import Component
from interp.analyses.ablation_sweep import SweepRow, same_puzzles, value
from interp.analyses.composition import Reading
from interp.analyses.path_ablation import PathState
from interp.analyses.readers import INPUT_NAMES, Reader
from interp.engine.measures import MEASURES, Measure, metric_of
from interp.figures.readers import MARKS, SHOWN, is_off, ranking, readers_board
from interp.figures.scale import colour, position_of
from interp.figures.style import QUIET, base_figure, legend_above
from interp.figures.sweep import nothing
from interp.model import Config
from interp.numbers import compared, factor

NAMED = 4
"""Points of a scatter that are named, by each of its axes."""


def effects_board(
    state: PathState, cfg: Config, measure: Measure = "final", off: Collection[Component] = ()
) -> go.Figure:
    """Who misses a source, by effect: the same board, coloured by what taking the source from that reader
    alone costs."""
    clean, rows = state.row(0), state.by_reader()
    costs = {reader: found for reader, found in state.costs(measure).items() if not np.isnan(found)}
    tiles = {
        reader: (
            colour(position_of(rows[reader], clean, measure)),
            _by_effect(reader, state.source, rows[reader], clean, measure, off),
        )
        for reader in costs
    }
    return readers_board(tiles, _measured(measure), state.source, cfg, off)


def effects_ranking(state: PathState, measure: Measure = "final") -> go.Figure:
    """The readers to whom the source's absence matters most, whichever way the loss goes, as bars of what it
    costs."""
    clean, rows = state.row(0), state.by_reader()
    costs = {reader: found for reader, found in state.costs(measure).items() if not np.isnan(found)}
    shown = sorted(costs, key=lambda reader: -abs(costs[reader]))[:SHOWN]
    figure = ranking(
        [
            (
                one,
                costs[one],
                _by_effect(one, state.source, rows[one], clean, measure, ()),
                _note(rows[one], clean, measure),
            )
            for one in shown
        ],
        f"Largest effects of ablating a path from {state.source.text}",
    )
    if not shown:
        return nothing(figure, [])
    if measure == "answers":
        figure.update_xaxes(title="share of answers lost (below 0: gained)", tickformat=".0%")
        return figure
    figure.update_xaxes(title="times the loss", **_ratio_ticks([costs[one] for one in shown]))
    return figure


def views_scatter(readings: Sequence[Reading], state: PathState, measure: Measure = "final") -> go.Figure:
    """Every reader of a source: to the right, the more of the source is in its weights; above or below 0, the
    more the answer suffers or gains when it goes without."""
    excess = {reading.reader: reading.excess for reading in readings}
    points = {
        reader: (excess[reader], found)
        for reader, found in state.costs(measure).items()
        if reader in excess and not np.isnan(found)
    }
    clean, rows = state.row(0), state.by_reader()
    by_weights, by_effect = (
        sorted(points, key=lambda reader: -abs(points[reader][axis]))[:NAMED] for axis in (0, 1)
    )
    figure = base_figure(f"Readers of {state.source.text}, by weights and by effect", height=380)
    for name in INPUT_NAMES:
        own = [reader for reader in points if reader.input == name]
        if not own:
            continue
        paint, symbol = MARKS[name]
        figure.add_scatter(
            x=[points[reader][0] for reader in own],
            y=[points[reader][1] for reader in own],
            name=INPUT_NAMES[name],
            mode="markers+text",
            text=[reader.text if reader in by_weights or reader in by_effect else "" for reader in own],
            textposition=["top center" if reader in by_effect else "bottom center" for reader in own],
            textfont={"size": 11},
            marker={"color": paint, "symbol": symbol, "size": 9, "line": {"width": 0.5, "color": QUIET}},
            customdata=[[reader.text] for reader in own],
            hovertext=[
                f"<b>{reader.text}</b><br>{points[reader][0]:+.3f} beyond chance by weights<br>"
                f"{_effect_text(rows[reader], clean, measure)}"
                for reader in own
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            unselected={"marker": {"opacity": 1}},
        )
    figure.update_layout(margin_t=56)
    legend_above(figure)
    figure.update_xaxes(title="score beyond chance", zeroline=True, zerolinecolor=QUIET)
    figure.update_yaxes(
        title="answers lost (below 0: gained)" if measure == "answers" else "times the loss",
        zeroline=True,
        zerolinecolor=QUIET,
    )
    if measure != "answers":
        figure.update_yaxes(**_ratio_ticks([effect for _, effect in points.values()]))
    return figure


def _by_effect(
    reader: Reader,
    source: Component,
    row: SweepRow,
    clean: SweepRow,
    measure: Measure,
    off: Collection[Component],
) -> str:
    same = clean.first(len(row.solved))
    metric = metric_of(measure)
    against = compared(value(row, metric), value(same, metric), "with it")
    broken, mended = row.flips(same)
    lines = [
        f"<b>{reader.text}</b> without {source.text}",
        f"loss on {MEASURES[metric].place} {against}",
        f"{int(row.solved.sum())} of {len(row.solved)} solved: {len(broken)} broken, {len(mended)} fixed",
    ]
    return "<br>".join([*lines, *(["this receiver is ablated"] if is_off(reader, off) else [])])


def _effect_text(row: SweepRow, clean: SweepRow, measure: Measure) -> str:
    row, same = same_puzzles(row, clean)
    now, before = value(row, measure), value(same, measure)
    if measure != "answers":
        return f"loss {compared(now, before, 'with it')}"
    if now == before:
        return "as many answers right as with it"
    return f"{abs(before - now):.0%} of the answers {'lost' if now < before else 'gained'}"


def _note(row: SweepRow, clean: SweepRow, measure: Measure) -> str:
    """What is written at the end of a bar."""
    row, same = same_puzzles(row, clean)
    if measure != "answers":
        return factor(value(row, measure), value(same, measure))
    lost = int(same.solved.sum()) - int(row.solved.sum())
    return f"{abs(lost)} {'lost' if lost > 0 else 'gained'}" if lost else "0"


def _ratio_ticks(costs: Sequence[float]) -> dict[str, list[float] | list[str]]:
    """Marks of an axis of common logarithms of ratios: powers of ten, and 2 and 5 times those where there are
    few."""
    most = max([1, *(int(np.ceil(abs(found))) for found in costs)])
    factors = [step * 10**power for power in range(most) for step in ((1, 2, 5) if most == 1 else (1,))]
    above = [*factors, 10**most]
    return {
        "tickvals": [*(-np.log10(n) for n in reversed(above[1:])), *(np.log10(n) for n in above)],
        "ticktext": [*(f"÷{n:,}" for n in reversed(above[1:])), *(f"×{n:,}" for n in above)],
    }


def _measured(measure: Measure) -> str:
    return (
        "Answers lost, or gained, with the path to one receiver ablated"
        if measure == "answers"
        else "Loss ratio with the path to one receiver ablated"
    )
