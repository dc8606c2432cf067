"""Who reads whom as pictures: boards of readers, rankings, heads with heads, and the two views against one
another.

Every mark that stands for a reader carries its text as ``customdata``.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from interp.ablation import Component
from interp.analyses.ablation_sweep import Measure, SweepRow, same_puzzles, value
from interp.analyses.composition import Composition, Reading
from interp.analyses.path_ablation import PathState, agreement
from interp.analyses.readers import HEAD_INPUTS, HeadInput, Input, Reader
from interp.engine.predict import METRICS
from interp.figures.sweep import (
    COSTS,
    HELPS,
    LEAST_FULL,
    LEAST_FULL_ANSWERS,
    LINE,
    QUIET,
    STRONG,
    base_figure,
    compared,
    factor,
    hatching,
    nothing,
    tint,
)
from interp.model import Config

SHOWN = 12
"""Readers of a ranking."""
NAMED = 4
"""Points of a scatter that are named, by each of its axes."""

INPUTS: dict[Input, str] = {
    "q": "queries",
    "k": "keys",
    "v": "values",
    "mlp": "MLPs",
    "logits": "logits",
}
MARKS: dict[Input, tuple[str, str]] = {
    "q": ("#0072B2", "circle"),
    "k": ("#D55E00", "diamond"),
    "v": ("#009E73", "square"),
    "mlp": ("#CC79A7", "triangle-up"),
    "logits": (QUIET, "star"),
}
"""Colour (Okabe and Ito's) and shape of each kind of reader."""

LEAST_EXCESS = 0.03
"""A tile by weights is of full colour at the largest score beyond chance, but never below this."""

_GAP = 0.7
"""Between the queries, keys, values and MLPs of a board, in tiles."""


def weights_board(
    readings: Sequence[Reading], source: Component, cfg: Config, off: Collection[Component] = ()
) -> go.Figure:
    """Who reads a source, by weights: a row a layer, a tile for every head's queries, keys and values and for
    the MLP; the logits below. Orange reads more of it than chance would, blue less. Readers that are ``off``
    are hatched."""
    full = max([LEAST_EXCESS, *(abs(reading.excess) for reading in readings)])
    tiles = {reading.reader: (reading.excess / full, _by_weights(reading, off)) for reading in readings}
    return _board(tiles, f"Score beyond chance with what {source.text} writes", source, cfg, off)


def effects_board(
    state: PathState, cfg: Config, measure: Measure = "final", off: Collection[Component] = ()
) -> go.Figure:
    """Who misses a source, by effect: the same board, coloured by what taking the source from that reader
    alone costs."""
    clean, rows = state.row(0), state.by_reader()
    costs = {reader: found for reader, found in state.costs(measure).items() if not np.isnan(found)}
    least = LEAST_FULL_ANSWERS if measure == "answers" else LEAST_FULL
    full = max([least, *map(abs, costs.values())])
    tiles = {
        reader: (found / full, _by_effect(reader, state.source, rows[reader], clean, measure, off))
        for reader, found in costs.items()
    }
    return _board(tiles, f"{_measured(measure)} without {state.source.text}", state.source, cfg, off)


def _board(
    tiles: Mapping[Reader, tuple[float, str]],
    title: str,
    source: Component,
    cfg: Config,
    off: Collection[Component],
) -> go.Figure:
    """Tiles as bars: a click on them is reported. Each has its share of full colour, and what it says when
    pointed at."""
    first = source.layer + (source.kind == "mlp")
    lines = [*(f"L{layer}" for layer in range(first, cfg.n_layers)), "logits"]
    figure = base_figure(title, height=114 + 24 * max(len(lines), 4))
    middles = [column * (cfg.n_heads + _GAP) + (cfg.n_heads - 1) / 2 for column in range(3)]
    last = 3 * (cfg.n_heads + _GAP)
    for middle, text in zip(
        [*middles, last], ["queries<br>of head", "keys<br>of head", "values<br>of head", "mlp"], strict=True
    ):
        figure.add_annotation(
            text=text,
            x=middle,
            y=1,
            yref="paper",
            yanchor="bottom",
            yshift=18,
            showarrow=False,
            font={"size": 12},
        )
    heads = [column * (cfg.n_heads + _GAP) + head for column in range(3) for head in range(cfg.n_heads)]
    figure.update_layout(margin_t=88, bargap=0)
    figure.update_xaxes(
        tickvals=heads,
        ticktext=[str(head) for head in range(cfg.n_heads)] * 3,
        tickangle=0,
        side="top",
        range=[-0.6, last + 0.9],
        showgrid=False,
        zeroline=False,
    )
    figure.update_yaxes(
        categoryorder="array", categoryarray=lines, range=[len(lines) - 0.5, -0.5], showgrid=False
    )
    if not tiles:
        figure.add_annotation(text="Measuring …", xref="paper", yref="paper", x=0.5, y=0.5, showarrow=False)
    shares, hovers = zip(*tiles.values(), strict=True) if tiles else ((), ())
    figure.add_bar(
        orientation="h",
        x=[0.92] * len(tiles),
        base=[_column(reader, cfg) - 0.46 for reader in tiles],
        y=["logits" if reader.layer is None else f"L{reader.layer}" for reader in tiles],
        width=0.88,
        marker={
            "color": [tint(share) for share in shares],
            "pattern": hatching([_is_off(reader, off) for reader in tiles]),
            "line": {"color": QUIET, "width": 0.5},
        },
        customdata=[[reader.text] for reader in tiles],
        hovertext=list(hovers),
        hovertemplate="%{hovertext}<extra></extra>",
        unselected={"marker": {"opacity": 1}},
    )
    return figure


def _column(reader: Reader, cfg: Config) -> float:
    """Where a tile stands: queries, keys and values beside one another, then MLPs and logits."""
    if reader.input == "mlp" or reader.input == "logits":
        return 3 * (cfg.n_heads + _GAP)
    assert reader.head is not None
    return HEAD_INPUTS.index(reader.input) * (cfg.n_heads + _GAP) + reader.head


def _is_off(reader: Reader, off: Collection[Component]) -> bool:
    """Whether the part that reads, or the layer it is a head of, is off."""
    part = reader.component
    return part is not None and (
        part in off or (part.kind == "head" and Component(part.layer, "attn") in off)
    )


# ---- rankings ----------------------------------------------------------------------------------------------


def weights_ranking(readings: Sequence[Reading], source: Component) -> go.Figure:
    """The readers with the highest scores beyond chance, as bars of their scores; a line says what chance
    gives."""
    shown = sorted(readings, key=lambda reading: -reading.excess)[:SHOWN]
    figure = _ranking(
        [(one.reader, one.score, _by_weights(one, ()), f"{one.score:.2f}") for one in shown],
        f"Who reads {source.text} most, by weights",
    )
    figure.update_xaxes(title="composition score")
    if shown:
        chance = float(np.mean([reading.chance for reading in shown]))
        figure.add_vline(x=chance, line_color=LINE, line_width=2, line_dash="dot")
        figure.add_annotation(
            text="chance",
            x=chance,
            y=1,
            yref="paper",
            yanchor="bottom",
            showarrow=False,
            font={"color": LINE, "size": 11},
        )
    return figure


def effects_ranking(state: PathState, measure: Measure = "final") -> go.Figure:
    """The readers to whom the source's absence matters most, whichever way the loss goes, as bars of what it
    costs."""
    clean, rows = state.row(0), state.by_reader()
    costs = {reader: found for reader, found in state.costs(measure).items() if not np.isnan(found)}
    shown = sorted(costs, key=lambda reader: -abs(costs[reader]))[:SHOWN]
    figure = _ranking(
        [
            (
                one,
                costs[one],
                _by_effect(one, state.source, rows[one], clean, measure, ()),
                _note(rows[one], clean, measure),
            )
            for one in shown
        ],
        f"Who misses {state.source.text} most, by effect",
    )
    if not shown:
        return nothing(figure, [])
    if measure == "answers":
        figure.update_xaxes(title="share of answers lost (below 0: gained)", tickformat=".0%")
        return figure
    figure.update_xaxes(title="times the loss", **_ratio_ticks([costs[one] for one in shown]))
    return figure


def _ranking(bars: Sequence[tuple[Reader, float, str, str]], title: str) -> go.Figure:
    """Bars from the top, each of the colour of its kind and named at its end."""
    figure = base_figure(title, height=96 + 21 * SHOWN)
    for name in INPUTS:
        own = [bar for bar in bars if bar[0].input == name]
        if not own:
            continue
        figure.add_bar(
            orientation="h",
            name=INPUTS[name],
            x=[length for _, length, _, _ in own],
            y=[reader.text for reader, _, _, _ in own],
            width=0.72,
            marker={"color": MARKS[name][0]},
            text=[note for _, _, _, note in own],
            textposition="outside",
            textfont={"size": 11},
            cliponaxis=False,
            customdata=[[reader.text] for reader, _, _, _ in own],
            hovertext=[hover for _, _, hover, _ in own],
            hovertemplate="%{hovertext}<extra></extra>",
            unselected={"marker": {"opacity": 1}},
        )
    names, lengths = [bar[0].text for bar in bars], [0.0, *(bar[1] for bar in bars)]
    room = 0.16 * ((max(lengths) - min(lengths)) or 1)  # for what is written at the bars' ends
    # A mark at the very edge may not be drawn, and a title below no mark at all is an error to Plotly: 0 lies
    # well inside.
    low = min(lengths) - room if min(lengths) < 0 else -room / 8
    figure.update_xaxes(range=[low, max(lengths) + room])
    figure.update_layout(margin_t=56, bargap=0.2, barmode="overlay")
    _legend(figure)
    figure.update_yaxes(categoryorder="array", categoryarray=names, range=[SHOWN - 0.5, -0.5], showgrid=False)
    return figure


def _legend(figure: go.Figure) -> None:
    figure.update_layout(
        showlegend=True,
        legend={
            "orientation": "h",
            "x": 1,
            "xanchor": "right",
            "y": 1,
            "yanchor": "bottom",
            "font": {"size": 11},
        },
        legend_itemclick=False,
        legend_itemdoubleclick=False,
    )


# ---- heads with heads, and view against view ---------------------------------------------------------------


def head_matrix(
    composition: Composition, head_input: HeadInput, cfg: Config, source: Component | None = None
) -> go.Figure:
    """Every head (rows) with one input of every head (columns): scores beyond chance. The rows of the source
    are marked."""
    # The last layer's heads write to no head, and the first layer's read from none.
    table = composition.heads(head_input)[: -cfg.n_heads, cfg.n_heads :]
    names = [part.text for part in composition.sources if part.kind == "head"]
    figure = base_figure(f"Scores beyond chance with the {INPUTS[head_input]} of later heads", height=540)
    full = max(LEAST_EXCESS, float(np.nan_to_num(np.abs(table)).max(initial=0)))
    figure.add_heatmap(
        z=table,
        x=names[cfg.n_heads :],
        y=names[: -cfg.n_heads],
        zmin=-full,
        zmax=full,
        colorscale=[(0, _rgb(HELPS)), (0.5, "rgba(138, 148, 163, 0.10)"), (1, _rgb(COSTS))],
        colorbar={"thickness": 10, "len": 0.6, "outlinewidth": 0, "tickformat": "+.2f"},
        hovertemplate=f"%{{x}}.{head_input} reads %{{y}}: %{{z:+.3f}} beyond chance<extra></extra>",
        hoverongaps=False,
    )
    if source is not None and source.kind != "mlp" and source.layer < cfg.n_layers - 1:
        first = source.layer * cfg.n_heads + (source.head or 0)
        count = cfg.n_heads if source.head is None else 1
        figure.add_shape(
            type="rect",
            x0=-0.5,
            x1=table.shape[1] - 0.5,
            y0=first - 0.5,
            y1=first + count - 0.5,
            line={"color": STRONG, "width": 2},
        )
    _layers_on_axes(figure, cfg)
    return figure


def _layers_on_axes(figure: go.Figure, cfg: Config) -> None:
    """A line between layers, and their names: of all but the first along x, of all but the last along y."""
    for edge in (layer * cfg.n_heads - 0.5 for layer in range(1, cfg.n_layers - 1)):
        figure.add_vline(x=edge, line_color=QUIET, line_width=0.6)
        figure.add_hline(y=edge, line_color=QUIET, line_width=0.6)
    middles = [(layer + 0.5) * cfg.n_heads - 0.5 for layer in range(cfg.n_layers - 1)]
    names = [f"L{layer}" for layer in range(cfg.n_layers)]
    figure.update_layout(margin_t=84)
    figure.update_xaxes(
        title="heads that read", tickvals=middles, ticktext=names[1:], side="top", showgrid=False
    )
    figure.update_yaxes(
        title="heads that write", tickvals=middles, ticktext=names[:-1], autorange="reversed", showgrid=False
    )


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
    for name in INPUTS:
        own = [reader for reader in points if reader.input == name]
        if not own:
            continue
        colour, symbol = MARKS[name]
        figure.add_scatter(
            x=[points[reader][0] for reader in own],
            y=[points[reader][1] for reader in own],
            name=INPUTS[name],
            mode="markers+text",
            text=[reader.text if reader in by_weights or reader in by_effect else "" for reader in own],
            textposition=["top center" if reader in by_effect else "bottom center" for reader in own],
            textfont={"size": 11},
            marker={"color": colour, "symbol": symbol, "size": 9, "line": {"width": 0.5, "color": QUIET}},
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
    _legend(figure)
    figure.update_xaxes(title="score beyond chance", zeroline=True, zerolinecolor=QUIET)
    figure.update_yaxes(
        title="answers lost (below 0: gained)" if measure == "answers" else "times the loss",
        zeroline=True,
        zerolinecolor=QUIET,
    )
    if measure != "answers":
        figure.update_yaxes(**_ratio_ticks([effect for _, effect in points.values()]))
    return figure


# ---- in words ----------------------------------------------------------------------------------------------


def told_weights(readings: Sequence[Reading], source: Component) -> str:
    """What the board by weights shows, as a sentence."""
    if not readings:
        return f"Nobody reads {source.text}: it writes nothing."
    best = max(readings, key=lambda reading: reading.excess)
    beyond = sum(reading.deviations > 3 for reading in readings)
    spread = f" ({_times(best.deviations)} its spread)" if np.isfinite(best.deviations) else ""
    chance = f"{best.excess:+.2f} beyond chance{spread}"
    if best.excess <= 0:
        chance = f"{-best.excess:.2f} below chance, as all others are by more"
    return (
        f"{best.reader.text} reads {source.text} most: score {best.score:.2f}, {chance}."
        f" {beyond} of {len(readings)} readers are more than three spreads above chance."
    )


def told_effects(state: PathState | None, measure: Measure = "final") -> str:
    """What the board by effect shows, as a sentence."""
    costs = {} if state is None else {r: c for r, c in state.costs(measure).items() if not np.isnan(c)}
    if state is None or not costs:
        return "Nothing is measured yet."
    dearest = max(costs, key=lambda reader: abs(costs[reader]))
    row = state.by_reader()[dearest]
    clean = state.row(0).first(len(row.solved))
    solved = (
        f"{int(row.solved.sum())} of {len(row.solved)} puzzles solved, {int(clean.solved.sum())} with"
        f" nothing taken away."
    )
    if measure == "answers":
        return f"{dearest.text} changes most without {state.source.text}: {solved}"
    against = compared(value(row, measure), value(clean, measure), "with nothing taken away")
    return f"{dearest.text} changes most without {state.source.text}: loss {against}; {solved}"


Likeness = Literal["much alike", "somewhat alike", "hardly alike", "not alike", "the other way round"]


def told_agreement(composition: Composition, state: PathState, measure: Measure = "final") -> str:
    """How alike the two views rank the readers, in words, over all of them and by kind."""
    found = agreement(composition, state, measure)
    if np.isnan(found.rho):
        return "Too few readers are measured to compare the two views."
    kinds = {name: agreement(composition, state, measure, [name]) for name in INPUTS}
    each = ", ".join(f"{INPUTS[name]} {one.rho:+.2f}" for name, one in kinds.items() if not np.isnan(one.rho))
    return (
        f"The two views rank these {found.n} readers {_likeness(found.rho)}: Spearman's rank correlation is"
        f" {found.rho:+.2f}"
        f" (1: the same order, 0: none in common{'; ' + each if each else ''})."
        " Effects count by their size, whether they cost or help."
    )


def _likeness(rho: float) -> Likeness:
    if rho < -0.2:
        return "the other way round"
    if rho < 0.2:
        return "not alike"
    if rho < 0.4:
        return "hardly alike"
    return "somewhat alike" if rho < 0.7 else "much alike"


def _by_weights(reading: Reading, off: Collection[Component]) -> str:
    lines = [
        f"<b>{reading.reader.text}</b> reads {reading.source.text}",
        f"score {reading.score:.3f}, chance {reading.chance:.3f} ± {reading.spread:.3f}:"
        f" {reading.excess:+.3f}",
    ]
    return "<br>".join([*lines, *(["this reader is off"] if _is_off(reading.reader, off) else [])])


def _by_effect(
    reader: Reader,
    source: Component,
    row: SweepRow,
    clean: SweepRow,
    measure: Measure,
    off: Collection[Component],
) -> str:
    same = clean.first(len(row.solved))
    cut = "final" if measure == "answers" else measure
    broken, mended = row.flips(same)
    lines = [
        f"<b>{reader.text}</b> without {source.text}",
        f"loss on {METRICS[cut].split(':')[0]} {compared(value(row, cut), value(same, cut), 'with it')}",
        f"{int(row.solved.sum())} of {len(row.solved)} solved: {len(broken)} broken, {len(mended)} mended",
    ]
    return "<br>".join([*lines, *(["this reader is off"] if _is_off(reader, off) else [])])


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
    factors = [factor * 10**power for power in range(most) for factor in ((1, 2, 5) if most == 1 else (1,))]
    above = [*factors, 10**most]
    return {
        "tickvals": [*(-np.log10(n) for n in reversed(above[1:])), *(np.log10(n) for n in above)],
        "ticktext": [*(f"÷{n:,}" for n in reversed(above[1:])), *(f"×{n:,}" for n in above)],
    }


def _times(number: float) -> str:
    return "more than 1,000 times" if number > 1000 else f"{number:.0f} times"


def _measured(measure: Measure) -> str:
    return (
        "Answers lost, or gained, when one reader goes"
        if measure == "answers"
        else "What it costs when one reader goes"
    )


def _rgb(colour: tuple[int, int, int]) -> str:
    return f"rgb{colour}"
