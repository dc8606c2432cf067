"""Path ablation as charts: the effects by receiver, and both views of the receivers side by side."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from interp.ablation import Component
from interp.analyses.ablation_sweep import SweepRow, same_puzzles, value
from interp.analyses.composition import Reading
from interp.analyses.path_ablation import PathState
from interp.analyses.readers import INPUT_NAMES, Reader
from interp.engine.measures import MEASURES, Measure, metric_of
from interp.figures.draft import Draft, drawn
from interp.figures.readers import MARKS, SHOWN, is_off, ranking, readers_board
from interp.figures.scale import LEAST, colour, note, position, position_of, quantity
from interp.figures.style import MEASURING, QUIET, base_figure, empty, legend_above
from interp.figures.sweep import effect_lines, measured, mirrored, nothing, reach
from interp.figures.tiles import signed
from interp.model import Config
from interp.numbers import compared, short

NO_EFFECT = "No path to a single receiver changes this measure: choose a loss."
TOO_SMALL = f"No path changes the loss by more than {LEAST:g} nats."
NAMED = 8
"""Points of a scatter that are named at most."""
NAME = (0.09, 0.04)
"""How wide a name is, as a share of the way from 0 to the last point, and how high, on the scale."""


@drawn
def effects_board(
    state: PathState, cfg: Config, measure: Measure = "final", off: Collection[Component] = ()
) -> Draft:
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


@drawn
def effects_ranking(state: PathState, measure: Measure = "final") -> Draft:
    """The readers to whom the source's absence matters most, whichever way the loss goes, as bars of what it
    costs."""
    clean, rows, found = state.row(0), state.by_reader(), state.costs(measure)
    costs = {reader: one for reader, one in found.items() if not np.isnan(one)}
    shown = sorted((one for one in costs if costs[one]), key=lambda reader: -abs(costs[reader]))[:SHOWN]
    figure = ranking(
        [
            (
                one,
                costs[one],
                _by_effect(one, state.source, rows[one], clean, measure, ()),
                note(costs[one], measure, len(rows[one].solved)) or signed(short(costs[one])),
            )
            for one in shown
        ],
        f"Largest effects of ablating a path from {state.source.text}",
    )
    if not costs:
        return nothing(figure, [])
    if not _told(costs.values(), measure):
        figure.data = []
        return empty(figure, _no_effect(measure) if len(costs) == len(found) else MEASURING)
    if measure == "answers":
        figure.update_xaxes(title="share of answers lost (below 0: gained)", tickformat=".0%")
    else:
        figure.update_xaxes(title=quantity(measure), exponentformat="e")
    return figure


@drawn
def views_scatter(readings: Sequence[Reading], state: PathState, measure: Measure = "final") -> Draft:
    """Every reader of a source: to the right, the more of the source is in its weights; above or below 0, the
    more the answer suffers or gains when it goes without, on the scale of the colours. Readers are named that
    no other is beyond in both."""
    excess = {reading.reader: reading.excess for reading in readings}
    points = {
        reader: (excess[reader], found)
        for reader, found in state.costs(measure).items()
        if reader in excess and not np.isnan(found)
    }
    clean, rows = state.row(0), state.by_reader()
    named = _apart({reader: points[reader] for reader in frontier(points)}, measure)[:NAMED]
    n = max((len(row.solved) for row in rows.values()), default=1)
    figure = base_figure(f"Readers of {state.source.text}, by weights and by effect", height=380)
    for name in INPUT_NAMES:
        own = [reader for reader in points if reader.input == name]
        if not own:
            continue
        paint, symbol = MARKS[name]
        figure.add_scatter(
            x=[points[reader][0] for reader in own],
            y=[position(points[reader][1], measure) for reader in own],
            name=INPUT_NAMES[name],
            mode="markers+text",
            text=[reader.text if reader in named else "" for reader in own],
            textposition=[_side(points[reader][1], measure) for reader in own],
            textfont={"size": 11},
            marker={"color": paint, "symbol": symbol, "size": 9, "line": {"width": 0.5, "color": QUIET}},
            customdata=[[reader.text] for reader in own],
            hovertext=[
                f"<b>{reader.text}</b><br>{points[reader][0]:+.3f} beyond chance by weights<br>"
                f"{'<br>'.join(_effects(rows[reader], clean, measure))}"
                for reader in own
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    figure.update_layout(margin_t=56)
    legend_above(figure)
    if points and not _told((effect for _, effect in points.values()), measure):
        figure.data = []
        return empty(figure, _no_effect(measure))
    figure.update_xaxes(title="score beyond chance", zeroline=True, zerolinecolor=QUIET)
    ticks = mirrored(measure, n)
    figure.update_yaxes(
        range=reach([position(effect, measure) for _, effect in points.values()]),
        title=quantity(measure),
        zeroline=True,
        zerolinecolor=QUIET,
        tickvals=[mark.position for mark in ticks],
        ticktext=[mark.text for mark in ticks],
    )
    return figure


def frontier(points: Mapping[Reader, tuple[float, float]]) -> list[Reader]:
    """The readers that no other surpasses both in what it could read, by weights, and in what its path does
    to the answer, whichever way: those with the largest effects first."""
    found: list[Reader] = []
    best = -np.inf
    for reader in sorted(points, key=lambda one: (-abs(points[one][1]), -points[one][0])):
        if points[reader][0] > best:
            found.append(reader)
            best = points[reader][0]
    return found


def _side(effect: float, measure: Measure) -> str:
    """Where a point's name stands: below it only if it is seen below the line, for the axis cuts others."""
    return "bottom center" if position(effect, measure) < 0 else "top center"


def _told(effects: Iterable[float], measure: Measure) -> bool:
    """Whether any can be told from none, on the scale of the colours."""
    return any(position(effect, measure) for effect in effects)


def _no_effect(measure: Measure) -> str:
    return NO_EFFECT if measure in ("wrong", "answers") else TOO_SMALL


def _apart(points: Mapping[Reader, tuple[float, float]], measure: Measure) -> list[Reader]:
    """Those of the readers whose names do not lie over that of an earlier one, in a chart as wide as all of
    them."""
    found: list[tuple[Reader, float, float]] = []
    wide = max((x for x, _ in points.values()), default=0) or 1
    for reader, (x, effect) in points.items():
        y = position(effect, measure)
        if all(abs(x - other) > NAME[0] * wide or abs(y - height) > NAME[1] for _, other, height in found):
            found.append((reader, x, y))
    return [reader for reader, _, _ in found]


def _by_effect(
    reader: Reader,
    source: Component,
    row: SweepRow,
    clean: SweepRow,
    measure: Measure,
    off: Collection[Component],
) -> str:
    lines = [f"<b>{reader.text}</b> without {source.text}", *_effects(row, clean, measure)]
    return "<br>".join([*lines, *(["this receiver is ablated"] if is_off(reader, off) else [])])


def _effects(row: SweepRow, clean: SweepRow, measure: Measure) -> list[str]:
    """What ablating a path does, by its measure and in all the others."""
    row, same = same_puzzles(row, clean)
    metric = metric_of(measure)
    against = compared(value(row, metric), value(same, metric), "with it")
    return effect_lines(row, same, f"loss on {MEASURES[metric].place} {against}")


def _measured(measure: Measure) -> str:
    return f"{measured(measure)} with the path to one receiver ablated"
