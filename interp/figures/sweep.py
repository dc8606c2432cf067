"""Results as pictures: plotly charts, and grids as SVG."""

import re
from collections.abc import Collection, Mapping, Sequence
from html import escape
from typing import Literal

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Bool, Integer

from interp.ablation import Component
from interp.analyses.ablation_sweep import (
    SMALLEST_LOSS,
    Measure,
    SweepRow,
    SweepState,
    cost,
    same_puzzles,
    value,
)
from interp.engine.predict import METRICS
from interp.errors import PuzzlescopeError
from interp.grids import COLORS, N_COLORS, SIZE
from interp.outputs import NO_RATIO, has_ratio, number
from interp.tokens import TOKEN_NAMES

QUIET, STRONG, LINE = "#8a94a3", "#d6481e", "#4a90d9"
"""Bars, the bar that costs most, and the line of the clean run: legible on light and on dark."""

COSTS, HELPS, NEITHER = (214, 72, 30), (47, 115, 200), (138, 148, 163)
"""Red, green and blue of tiles: what costs, what helps, and what does neither. They differ in more than
redness, and are drawn the fainter the smaller the effect, over whatever lies behind: white or black."""

LEAST_FULL = 1.0
"""A tile is of full colour at the largest effect shown, but never at less than ten times the loss (or one in
ten ...)."""
LEAST_FULL_ANSWERS = 0.1
"""... or a tenth of the answers: what is all but nothing must not look like much."""

GRID_LINE = "rgba(128, 136, 148, 0.28)"

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

    A dotted line says what it is with nothing off. The costliest bar is coloured, parts already ``off`` are
    hatched. Rows of other kinds are passed over, and those whose loss is not finite. Rows may know only some
    puzzles yet, each over those is compared with the clean run over the same; what nothing is known of is
    left out. A bar's ``customdata`` begins with its component's text.
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
    dearest = max(cost(row, clean, measure) for row in known)
    figure.add_bar(
        x=[_layer_name(row) for row in known],
        y=[level - low for level in levels],
        base=low,
        marker={
            "color": [STRONG if cost(row, clean, measure) == dearest > 0 else QUIET for row in known],
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
    """Layers x heads, each tile coloured by what switching the head off costs (red-orange) or brings (blue).

    Rows and ``customdata`` are as for :func:`layer_chart`. Heads already ``off`` are hatched and outlined. A
    number is written where the effect is large enough to be seen: how many times the clean loss, or how many
    answers more or fewer are right.
    """
    shown = [row for row in rows if row.component is not None and row.component.kind == "head"]
    layers = sorted({row.component.layer for row in shown if row.component is not None})
    heads = sorted({row.component.head for row in shown if row.component and row.component.head is not None})
    figure = base_figure(f"{_measured(measure)} with one head off", height=88 + 26 * max(len(layers), 3))
    tiles = [
        _Tile(row, clean, heads.index(row.component.head), f"L{row.component.layer}", measure, off)
        for row in shown
        if clean is not None and row.component is not None and row.component.head is not None
    ]
    known = [tile for tile in tiles if not np.isnan(tile.cost)]
    if not known:
        return nothing(figure, shown if clean is not None else [])
    _draw_tiles(figure, known, [f"H{head}" for head in heads], [f"L{layer}" for layer in layers], measure)
    return figure


def task_map(
    states: Mapping[str, SweepState],
    measure: Measure = "answers",
    off: Collection[Component] = (),
    chosen: tuple[str, Component] | None = None,
) -> go.Figure:
    """Tasks x attention layers, each tile coloured by how many answers more or fewer are right, or by how the
    loss changes, over the task's puzzles.

    Args:
        states: of the sweep over each task's puzzles, however far it is; components other than attention
            layers are passed over.
        measure: what tiles show.
        off: the layers' attention that is off already: hatched.
        chosen: the tile that is outlined.

    A tile's ``customdata`` begins with the task and the component's text.
    """
    tiles, layers = [], set()
    for task, state in states.items():
        clean, *rows = state.common()
        for row in rows:
            if row.component is not None and row.component.kind == "attn":
                layers.add(row.component.layer)
                marked = chosen == (task, row.component)
                tiles.append(_Tile(row, clean, row.component.layer, task, measure, off, marked))
    figure = base_figure(
        f"{_measured(measure)} with one attention layer off", height=88 + 24 * max(len(states), 3)
    )
    known = [tile for tile in tiles if not np.isnan(tile.cost)]
    if not known:
        return nothing(figure, [tile.row for tile in tiles])
    names = [f"L{layer}" for layer in range(max(layers) + 1)]
    _draw_tiles(figure, known, names, list(states), measure, tasks=True)
    return figure


def told(rows: Sequence[SweepRow], clean: SweepRow | None, measure: Measure = "final") -> str:
    """What a chart of these rows shows, as a sentence, for those who do not see it."""
    known = [row for row in rows if clean is not None and not np.isnan(cost(row, clean, measure))]
    diverged = 0 if clean is None else _diverged([clean, *rows])
    lost = f" In {diverged} of {len(rows) + 1} runs losses are not finite." if diverged else ""
    if clean is None or not known:
        return lost.strip() or "Nothing is measured yet."
    dearest = max(known, key=lambda row: cost(row, clean, measure))
    row, same = same_puzzles(dearest, clean)
    what = f"{_text(row)} {_verdict(cost(row, same, measure))}"
    solved = (
        f"{int(row.solved.sum())} of {len(row.solved)} puzzles solved, {int(same.solved.sum())} with nothing"
        f" off."
    )
    if measure == "answers":
        return f"{what}: {solved}{lost}"
    against = compared(value(row, measure), value(same, measure), "with nothing off")
    return f"{what}: loss {against}; {solved}{lost}"


def _verdict(dearest: float) -> str:
    """What to say of the part that costs most: it may cost nothing, or help."""
    if dearest > 0:
        return "costs most"
    if dearest < 0:
        return "is the least to help when it is off, and none costs anything"
    return "costs nothing, and no other does"


def compared(now: float, before: float, what: str) -> str:
    """A loss beside another, and how many times that it is, if it is any.

    >>> compared(3.0, 0.02, "with nothing off")
    '3.00e+00, 150 times the 2.00e-02 with nothing off'
    >>> compared(3.0, 0.0, "with nothing off")
    '3.00e+00, and exactly 0 with nothing off'
    """
    if not has_ratio(now, before):
        return f"{number(now, '.2e')}, and {'exactly 0' if before == 0 else number(before, '.2e')} {what}"
    return f"{now:.2e}, {short(now / before)} times the {before:.2e} {what}"


def _diverged(rows: Sequence[SweepRow]) -> int:
    """Of how many rows a loss is not finite."""
    return sum(not (np.isfinite(row.loss.cells).all() and np.isfinite(row.loss.marker).all()) for row in rows)


class _Tile:
    """One tile of a map: a part switched off, on some puzzles."""

    def __init__(
        self,
        row: SweepRow,
        clean: SweepRow,
        column: int,
        line: str,
        measure: Measure,
        off: Collection[Component],
        marked: bool = False,
    ):
        self.row, self.clean, self.column, self.line, self.measure = row, clean, column, line, measure
        self.cost = cost(row, clean, measure)
        self.off, self.marked = row.component in off, marked
        self.hover = _hover(row, clean, measure, off)

    @property
    def outlined(self) -> bool:
        """Heads that are off are; on the task map only what is chosen is."""
        return self.marked or (
            self.off and self.row.component is not None and self.row.component.kind == "head"
        )

    @property
    def note(self) -> str:
        """The effect as a short number; nothing where there is none to speak of."""
        if self.measure == "answers":
            lost = round(self.cost * len(self.row.solved))
            return "" if lost == 0 else f"{-lost:+d}".replace("-", "−")
        row, same = same_puzzles(self.row, self.clean)
        return factor(value(row, self.measure), value(same, self.measure))


def factor(now: float, before: float) -> str:
    """How many times a loss is another, in few letters; nothing where it is about the same, a dash where
    there is no ratio."""
    if now == before or (has_ratio(now, before) and 0.9 < now / before < 1.1):
        return ""
    return f"×{short(now / before)}" if has_ratio(now, before) and now > 0 else NO_RATIO


def _draw_tiles(
    figure: go.Figure,
    tiles: Sequence[_Tile],
    columns: Sequence[str],
    lines: Sequence[str],
    measure: Measure,
    *,
    tasks: bool = False,
) -> None:
    """Tiles as bars that fill their cell: unlike a heatmap's, a click on them is reported."""
    least = LEAST_FULL_ANSWERS if measure == "answers" else LEAST_FULL
    full = max([least, *(abs(tile.cost) for tile in tiles)])
    figure.add_bar(
        orientation="h",
        x=[0.94] * len(tiles),
        base=[tile.column - 0.47 for tile in tiles],
        y=[tile.line for tile in tiles],
        width=0.9,
        marker={
            "color": [tint(tile.cost / full) for tile in tiles],
            "pattern": hatching([tile.off for tile in tiles]),
            "line": {"color": QUIET, "width": [2 if tile.outlined else 0 for tile in tiles]},
        },
        customdata=[
            [tile.line, _text(tile.row)] if tasks else [_text(tile.row), tile.line] for tile in tiles
        ],
        hovertext=[f"{tile.line}: {tile.hover}" if tasks else tile.hover for tile in tiles],
        hovertemplate="%{hovertext}<extra></extra>",
        unselected={"marker": {"opacity": 1}},
    )
    figure.add_scatter(
        x=[tile.column for tile in tiles],
        y=[tile.line for tile in tiles],
        text=[tile.note for tile in tiles],
        mode="text",
        textfont={"size": 11},  # in the page's own colour, which reads well on every tint
        hoverinfo="skip",
    )
    figure.update_layout(margin_t=52)  # for the names of the columns, below the title
    figure.update_xaxes(
        tickvals=list(range(len(columns))),
        ticktext=list(columns),
        range=[-0.5, len(columns) - 0.5],
        side="top",
        showgrid=False,
        zeroline=False,
    )
    figure.update_yaxes(
        categoryorder="array", categoryarray=list(lines), range=[len(lines) - 0.5, -0.5], showgrid=False
    )


def tint(share: float) -> str:
    """The colour of a tile: ``share`` is its effect as a part of the largest, below 0 where it helps."""
    hue, strength = (COSTS if share > 0 else HELPS), min(abs(share), 1)
    if strength < 0.02:
        hue = NEITHER
    return f"rgba({hue[0]}, {hue[1]}, {hue[2]}, {0.1 + 0.8 * strength:.3f})"


def hatching(hatched: Sequence[bool]) -> dict[str, object]:
    return {
        "shape": ["/" if one else "" for one in hatched],
        "fillmode": "overlay",
        "size": 6,
        "solidity": 0.25,
    }


def base_figure(title: str, *, height: int) -> go.Figure:
    """An empty chart on whatever lies behind it, in whatever font the page has."""
    figure = go.Figure()
    figure.update_layout(
        title={
            "text": title,
            "font": {"size": 13},
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yanchor": "top",
            "yref": "container",
            "pad": {"t": 4, "l": 2},
        },
        hoverlabel={"align": "left"},
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        height=height,
        bargap=0.35,
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
        hovermode="closest",
        clickmode="event+select",
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": QUIET, "activecolor": STRONG},
    )
    figure.update_xaxes(fixedrange=True, automargin=True, gridcolor=GRID_LINE)
    figure.update_yaxes(fixedrange=True, automargin=True, gridcolor=GRID_LINE)
    return figure


def nothing(figure: go.Figure, rows: Sequence[SweepRow]) -> go.Figure:
    """A chart that says why it shows nothing: no row is measured yet, or there is nothing in them to
    measure."""
    told = "These puzzles have no such cell." if any(len(row.solved) for row in rows) else "Measuring …"
    if _diverged(rows):
        told = "The losses are not finite: there is nothing to compare."
    figure.add_annotation(text=told, xref="paper", yref="paper", x=0.5, y=0.5, showarrow=False)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure


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
        text="nothing off",
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
    return "Answers right, more (+) or fewer (−)," if measure == "answers" else f"Loss on {_CUTS[measure]}"


_CUTS = {
    "final": "the final grid",
    "cells": "answer cells",
    "copied": "copied cells",
    "changed": "changed cells",
}
assert set(_CUTS) == set(METRICS)


def _layer_title(measure: Measure, kind: Kind) -> str:
    measured = "Answers still right" if measure == "answers" else _measured(measure)
    return f"{measured} with one {_PARTS[kind]} off"


def _layer_name(row: SweepRow) -> str:
    assert row.component is not None
    return f"L{row.component.layer}"


def _text(row: SweepRow) -> str:
    assert row.component is not None
    return row.component.text


def _hover(row: SweepRow, clean: SweepRow, measure: Measure, off: Collection[Component]) -> str:
    """What a part's bar or tile says when pointed at."""
    row, same = same_puzzles(row, clean)
    broken, mended = row.flips(same)
    cut = "final" if measure == "answers" else measure
    loss, before = value(row, cut), value(same, cut)
    lines = [
        f"<b>{_text(row)}</b> {'is off already' if row.component in off else 'off'}",
        f"loss on {_CUTS[cut]} {_against(loss, before)}",
        f"{int(row.solved.sum())} of {len(row.solved)} solved ({int(same.solved.sum())} with nothing off):"
        f" {len(broken)} broken, {len(mended)} mended",
    ]
    if len(row.solved) < len(clean.solved):
        lines.append(f"{len(row.solved)} of {len(clean.solved)} puzzles so far")
    return "<br>".join(lines)


def _against(loss: float, before: float) -> str:
    if not has_ratio(loss, before):
        clean = "exactly 0" if before == 0 else number(before, ".3g")
        return f"{number(loss, '.3g')} ({clean} with nothing off)"
    return f"{loss:.3g}, {short(loss / before)} × that with nothing off ({before:.3g})"


def short(ratio: float) -> str:
    """Two digits of a ratio, without an exponent: 0.42, 3.1, 27,000."""
    if ratio == 0:
        return "0"
    if not 0 < ratio < float("inf"):
        return NO_RATIO
    digits = 1 - int(np.floor(np.log10(ratio)))
    return f"{round(ratio, digits):,.{max(digits, 0)}f}"


def grid_svg(
    cells: Integer[np.ndarray, "10 10"],
    wrong: Bool[np.ndarray, "10 10"] | None = None,
    *,
    title: str = "",
    size: int = 20,
    palette: Sequence[str] | None = None,
    digits: bool = False,
) -> str:
    """One grid as a stand-alone SVG: ``size`` pixels a cell, wrong cells outlined, invalid tokens as crossed
    cells.

    Args:
        palette: a colour (``#rrggbb``) for each of 0..10; left out, the original's.
        digits: whether each cell shows its colour's number.

    Raises:
        PuzzlescopeError: if the palette is not eleven such colours.
    """
    paints = [color.hex for color in COLORS] if palette is None else list(palette)
    if len(paints) != N_COLORS:
        raise PuzzlescopeError(f"A palette has {N_COLORS} colours, got {len(paints)}.")
    inks = [ink(paint) for paint in paints]
    side = SIZE * size
    shapes = [_cell_svg(int(token), i, j, size, paints) for (i, j), token in np.ndenumerate(cells)]
    if digits:
        shapes += [
            _digit_svg(int(token), i, j, size, inks)
            for (i, j), token in np.ndenumerate(cells)
            if token < N_COLORS
        ]
    if wrong is not None:
        shapes += [_outline_svg(i, j, size) for i, j in np.argwhere(wrong).tolist()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 {side + 2} {side + 2}" width="{side + 2}"'
        ' role="img">'
        f"<title>{escape(title)}</title>{''.join(shapes)}</svg>"
    )


def ink(paint: str) -> str:
    """Black or white, whichever is read better on a colour (``#rrggbb``): the one with the higher contrast
    ratio of WCAG 2.

    >>> ink("#ffe000"), ink("#0000ff")
    ('#111111', '#ffffff')

    Raises:
        PuzzlescopeError: if it is not such a colour.
    """
    if not re.fullmatch("#[0-9a-fA-F]{6}", paint):
        raise PuzzlescopeError(f"A colour is written #rrggbb, got '{paint[:40]}'.")
    black, white = _luminance("#111111"), 1.0
    here = _luminance(paint)
    return "#111111" if (here + 0.05) / (black + 0.05) > (white + 0.05) / (here + 0.05) else "#ffffff"


def _luminance(paint: str) -> float:
    """WCAG 2's relative luminance: 0 is black, 1 is white."""
    parts = [int(paint[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _cell_svg(token: int, row: int, column: int, size: int, paints: Sequence[str]) -> str:
    x, y = column * size, row * size
    box = f'<rect x="{x}" y="{y}" width="{size}" height="{size}" stroke="#c9ced6" stroke-width="0.5"'
    if token < N_COLORS:
        return f'{box} fill="{paints[token]}"/>'
    cross = f'<path d="M{x} {y}l{size} {size}M{x + size} {y}l{-size} {size}" stroke="#9aa0a8"/>'
    text = f'<text x="{x + size / 2}" y="{y + size * 0.65}" font-size="{size * 0.4}" text-anchor="middle">'
    return f'{box} fill="#ffffff"/>{cross}{text}{escape(TOKEN_NAMES[token])}</text>'


def _digit_svg(token: int, row: int, column: int, size: int, inks: Sequence[str]) -> str:
    x, y = (column + 0.5) * size, (row + 0.68) * size
    faint = "" if token else ' opacity="0.35"'
    return (
        f'<text x="{x}" y="{y}" font-size="{size / 2}" text-anchor="middle" font-family="sans-serif"'
        f' fill="{inks[token]}"{faint}>{token}</text>'
    )


def _outline_svg(row: int, column: int, size: int) -> str:
    return (
        f'<rect x="{column * size + 1}" y="{row * size + 1}" width="{size - 2}" height="{size - 2}"'
        ' fill="none" stroke="#000000" stroke-width="2"/>'
    )
