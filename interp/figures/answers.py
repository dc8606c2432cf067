"""Direct logit attribution and activation patching as plotly charts. What can be clicked has its name in
``customdata``."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from interp.analyses.activation_patching import PatchState
from interp.analyses.direct_attribution import Attribution
from interp.figures.sweep import COSTS, GRID_LINE, HELPS, QUIET, base_figure, tint
from interp.grids import CELLS, COLORS, N_COLORS, SIZE
from interp.tokens import TOKEN_NAMES

NAMED = 6
"""So many of the largest bars are named."""
NOTED = 0.1
"""Tiles with less than this share of the full colour have no number in them."""
MOST_NOTED = 12
"""Nor have tiles of a map of more columns: there is no room."""

NOT_FINITE = "What the model computes here is not finite: there is nothing to compare."

LEAST_TOLD = 0.05
"""Smaller effects are not spoken of."""


def token_name(token: int) -> str:
    """A colour by name, a marker as ``marker Y``."""
    return COLORS[token].name if token < N_COLORS else f"marker {TOKEN_NAMES[token]}"


def cell_name(cell: int) -> str:
    """A cell of the answer (0..99), for people: counted from 1."""
    return f"row {cell // SIZE + 1}, column {cell % SIZE + 1}"


# ---- direct logit attribution ------------------------------------------------------------------------------


def compared(found: Attribution, cell: int, toward: int | None = None, over: int | None = None) -> str:
    """The two tokens at a cell, such as ``red over blank``."""
    first, second = found.tokens(toward, over)[cell].tolist()
    return f"{token_name(first)} over {token_name(second)}"


def attribution_bars(
    found: Attribution,
    cell: int,
    toward: int | None = None,
    over: int | None = None,
    marked: str | None = None,
) -> go.Figure:
    """A bar a part, up where it pushes toward the first token, down where toward the second; layer by layer.

    Heads are plain bars, MLPs hatched, what is in no layer dotted. A bar's ``customdata`` is its part's name.

    Args:
        cell: of the answer, 0..99.
        toward, over: see :meth:`interp.analyses.direct_attribution.Attribution.tokens`.
        marked: the part that is outlined.
    """
    pushes = found.push(toward, over)[:, cell]
    groups = [_group(part) for part in found.parts]
    order = list(dict.fromkeys(groups))
    x = np.arange(len(pushes)) + np.array([order.index(group) for group in groups])  # a gap after each group
    if not np.isfinite(pushes).all():
        return _empty(base_figure(f"What each part adds at {cell_name(cell)}", height=140), NOT_FINITE)
    total = f"{float(found.difference(toward, over)[cell]):+.2f}".replace("-", "−")
    names = compared(found, cell, toward, over)
    figure = base_figure(f"What each part adds to {names} at {cell_name(cell)}: {total} in all", height=300)
    figure.add_bar(
        x=x,
        y=pushes,
        width=0.9,
        marker={
            "color": [_rgb(HELPS if push > 0 else COSTS) for push in pushes],
            "pattern": {"shape": [_pattern(part) for part in found.parts], "fillmode": "overlay", "size": 5},
            "line": {"color": QUIET, "width": [2 if part == marked else 0 for part in found.parts]},
        },
        customdata=[[part] for part in found.parts],
        hovertext=[f"<b>{part}</b> adds {push:+.3f}" for part, push in zip(found.parts, pushes, strict=True)],
        hovertemplate="%{hovertext}<extra></extra>",
        unselected={"marker": {"opacity": 1}},
    )
    _name_largest(figure, x, pushes, found.parts)
    centres = [x[[k for k, own in enumerate(groups) if own == group]].mean() for group in order]
    figure.update_xaxes(tickvals=centres, ticktext=order, showgrid=False, range=[x[0] - 1, x[-1] + 1])
    figure.update_yaxes(title="logits", zeroline=True, zerolinecolor=QUIET)
    return figure


def attribution_map(
    found: Attribution,
    cell: int,
    toward: int | None = None,
    over: int | None = None,
    marked: str | None = None,
) -> go.Figure:
    """Layers x heads and MLP, each tile blue where the part pushes toward the first token, orange where
    toward the second.

    Arguments and ``customdata`` are as for :func:`attribution_bars`.
    """
    pushes = found.push(toward, over)[:, cell]
    inside = [(part, float(push)) for part, push in zip(found.parts, pushes, strict=True) if "." in part]
    columns = sorted({part.split(".")[1] for part, _ in inside}, key=_column_order)
    lines = list(dict.fromkeys(part.split(".")[0] for part, _ in inside))
    if not np.isfinite(pushes).all():
        return _empty(base_figure("The same by layer", height=140), NOT_FINITE)
    full = max(1e-6, *(abs(push) for _, push in inside))
    tiles = [
        _Tile(
            columns.index(part.split(".")[1]),
            part.split(".")[0],
            -push / full,
            f"{push:+.1f}",
            f"<b>{part}</b> adds {push:+.3f}",
            [part],
            part == marked,
        )
        for part, push in inside
    ]
    figure = base_figure("The same by layer", height=96 + 26 * max(len(lines), 3))
    _draw(figure, tiles, columns, lines)
    return figure


def part_map(
    found: Attribution,
    part: str,
    toward: int | None = None,
    over: int | None = None,
    marked: int | None = None,
) -> go.Figure:
    """One part's push at all 100 cells of the answer, on the grid; ``marked`` is outlined. ``customdata`` is
    the cell."""
    pushes = found.push(toward, over)[found.parts.index(part)]
    if not np.isfinite(found.push(toward, over)).all():
        return _empty(base_figure(f"{part} at every cell", height=140), NOT_FINITE)
    largest = max(float(np.abs(found.push(toward, over)).max(0).mean()), 1e-6)
    notes = [
        f"<b>{cell_name(cell)}</b><br>{part} adds {push:+.3f} to {compared(found, cell, toward, over)}"
        for cell, push in enumerate(pushes)
    ]
    return _cells(f"{part} at every cell", -pushes / largest, notes, marked)


# ---- activation patching -----------------------------------------------------------------------------------


def patch_map(state: PatchState, cell: int, marked: tuple[str, str] | None = None) -> go.Figure:
    """What is patched x where, each tile the effect on one cell of the answer: orange toward the source's
    run, full at 1; blue away from it. What is not known yet is left out.

    Args:
        cell: of the answer, 0..99.
        marked: site and block of the tile that is outlined.

    A tile's ``customdata`` is its site and its block's name.
    """
    lines, columns = list(state.sites), [block.name for block in state.blocks]
    high = 17 if len(lines) > 12 else 26
    figure = base_figure(
        "Effect of each patch", height=(120 if len(columns) <= MOST_NOTED else 160) + high * len(lines)
    )
    effects = state.effects()[:, :, cell]
    tiles = [
        _patch_tile(state, i, j, cell, float(effects[i, j]), column=j, line=lines[i], marked=marked)
        for i, j in np.argwhere(np.isfinite(effects)).tolist()
    ]
    if not tiles:
        return _say(figure, state, cell)
    _draw(figure, tiles, columns, lines)
    return figure


def head_patch_map(
    state: PatchState, cell: int, block: str, marked: tuple[str, str] | None = None
) -> go.Figure:
    """Layers x heads: the effect of each head's patch at one block. Otherwise as :func:`patch_map`."""
    number = [one.name for one in state.blocks].index(block)
    places = [site.split(".") for site in state.sites]
    lines, columns = (
        list(dict.fromkeys(layer for layer, _ in places)),
        list(dict.fromkeys(head for _, head in places)),
    )
    figure = base_figure(f"Effect of patching one head, {_at(block)}", height=96 + 26 * max(len(lines), 3))
    effects = state.effects()[:, number, cell]
    tiles = [
        _patch_tile(
            state,
            i,
            number,
            cell,
            float(effects[i]),
            column=columns.index(places[i][1]),
            line=places[i][0],
            marked=marked,
        )
        for i in np.flatnonzero(np.isfinite(effects)).tolist()
    ]
    if not tiles:
        return _say(figure, state, cell)
    _draw(figure, tiles, columns, lines)
    return figure


def effect_cells(state: PatchState, site: str, block: str, marked: int | None = None) -> go.Figure:
    """The effect of one patch on all 100 cells of the answer; cells at which the two runs hardly differ are
    empty. ``customdata`` is the cell."""
    j = [one.name for one in state.blocks].index(block)
    effects = state.effects()[state.sites.index(site), j]
    notes = [f"<b>{cell_name(cell)}</b><br>effect {effect:.3f}" for cell, effect in enumerate(effects)]
    return _cells(f"{site}, {_at(block)}: every cell", effects, notes, marked)


def gap_cells(state: PatchState, marked: int | None = None) -> go.Figure:
    """How much the two runs differ at each cell of the answer: where there is something to patch.
    ``customdata`` is the cell."""
    gaps = np.where(state.comparable, np.abs(state.gap), np.nan)
    largest = float(np.nanmax(gaps)) if state.comparable.any() else 1.0
    notes = [
        f"<b>{cell_name(cell)}</b><br>{metric_name(state, cell)}:<br>{state.target[cell]:.2f} in this"
        f" puzzle's run,"
        f" {state.source[cell]:.2f} in the source's"
        for cell in range(CELLS)
    ]
    return _cells("Where the two runs differ", gaps / largest, notes, marked)


def metric_name(state: PatchState, cell: int) -> str:
    """What is measured at a cell, such as ``logit of red over blank``."""
    return f"logit of {token_name(int(state.truth[cell]))} over {token_name(int(state.contrast[cell]))}"


def told_patches(state: PatchState, cell: int, n: int = 4) -> str:
    """The largest effects on a cell as a sentence; not that of the whole stream everywhere, which is 1 by
    itself."""
    if diverged(state):
        return NOT_FINITE
    if np.isnan(state.target).any():
        return "Nothing is measured yet."
    if not state.comparable[cell]:
        return (
            "The two runs hardly differ at this cell, so there is nothing to carry over: choose one where"
            " they do."
        )
    effects = np.nan_to_num(state.effects()[:, :, cell])
    if state.kind == "resid_pre":
        effects = effects[:, :-1]
    order = np.argsort(-np.abs(effects), axis=None)[:n]
    places = [np.unravel_index(k, effects.shape) for k in order]
    largest = [
        f"{state.sites[i]} {_at(state.blocks[j].name)} {effects[i, j]:.2f}"
        for i, j in places
        if abs(effects[i, j]) >= LEAST_TOLD
    ]
    return f"Largest effects: {'; '.join(largest)}." if largest else "No patch has an effect so far."


def _patch_tile(
    state: PatchState,
    site: int,
    block: int,
    cell: int,
    effect: float,
    *,
    column: int,
    line: str,
    marked: tuple[str, str] | None,
) -> "_Tile":
    data = [state.sites[site], state.blocks[block].name]
    hover = (
        f"<b>{data[0]}</b>, {_at(data[1])}: effect {effect:.3f}"
        f"<br>{metric_name(state, cell)}: {state.values[site, block, cell]:.2f}"
        f"<br>({state.target[cell]:.2f} in this puzzle's run, {state.source[cell]:.2f} in the source's)"
    )
    return _Tile(column, line, effect, f"{effect:.2f}", hover, data, marked == (data[0], data[1]))


def _at(block: str) -> str:
    return "at all positions" if block == "everywhere" else f"at {block}"


def _say(figure: go.Figure, state: PatchState, cell: int) -> go.Figure:
    waiting = np.isnan(state.target).any() or state.comparable[cell]
    text = "Computing …" if waiting else "The two runs hardly differ at this cell."
    return _empty(figure, NOT_FINITE if diverged(state) else text)


def diverged(state: PatchState) -> bool:
    """Whether all is computed and yet not known: what the model computes is not finite."""
    return state.fraction == 1 and not (np.isfinite(state.target).all() and np.isfinite(state.source).all())


def _empty(figure: go.Figure, text: str) -> go.Figure:
    """A chart that says why it shows nothing."""
    figure.add_annotation(text=text, xref="paper", yref="paper", x=0.5, y=0.5, showarrow=False)
    figure.update_layout(height=140)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure


# ---- tiles -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Tile:
    """A tile of a map: its colour is ``share`` of the full one, orange above 0 and blue below."""

    column: int
    line: str
    share: float
    note: str
    hover: str
    data: list[str]
    marked: bool = False


def _draw(figure: go.Figure, tiles: Sequence[_Tile], columns: Sequence[str], lines: Sequence[str]) -> None:
    """Tiles as bars that fill their place: unlike a heatmap's, a click on them is reported."""
    figure.add_bar(
        orientation="h",
        x=[0.94] * len(tiles),
        base=[tile.column - 0.47 for tile in tiles],
        y=[lines.index(tile.line) for tile in tiles],
        width=0.9,
        marker={
            "color": [tint(tile.share) for tile in tiles],
            "line": {"color": QUIET, "width": [2 if tile.marked else 0 for tile in tiles]},
        },
        customdata=[tile.data for tile in tiles],
        hovertext=[tile.hover for tile in tiles],
        hovertemplate="%{hovertext}<extra></extra>",
        unselected={"marker": {"opacity": 1}},
    )
    noted = [tile for tile in tiles if abs(tile.share) >= NOTED and len(columns) <= MOST_NOTED]
    figure.add_scatter(
        x=[tile.column for tile in noted],
        y=[lines.index(tile.line) for tile in noted],
        text=[tile.note.replace("-", "−") for tile in noted],
        mode="text",
        textfont={"size": 11},  # in the page's own colour, which reads well on every tint
        hoverinfo="skip",
    )
    crowded = len(columns) > MOST_NOTED
    figure.update_layout(margin_t=100 if crowded else 52)  # for the names of the columns, below the title
    figure.update_xaxes(
        tickvals=list(range(len(columns))),
        ticktext=list(columns),
        range=[-0.5, len(columns) - 0.5],
        side="top",
        showgrid=False,
        zeroline=False,
        tickangle=-90 if crowded else 0,
        tickfont_size=9 if crowded else 12,
    )
    figure.update_yaxes(
        tickvals=list(range(len(lines))),
        ticktext=list(lines),
        range=[len(lines) - 0.5, -0.5],
        showgrid=False,
        zeroline=False,
    )


def _cells(
    title: str, shares: Float[np.ndarray, " 100"], notes: Sequence[str], marked: int | None
) -> go.Figure:
    """A value at each cell of a grid, as tiles; none where it is not a number."""
    numbers = [str(k + 1) for k in range(SIZE)]
    tiles = [
        _Tile(cell % SIZE, numbers[cell // SIZE], float(share), "", notes[cell], [str(cell)], cell == marked)
        for cell, share in enumerate(shares)
        if np.isfinite(share)
    ]
    figure = base_figure(title, height=320)
    _draw(figure, tiles, numbers, numbers)
    figure.update_yaxes(scaleanchor="x", constrain="domain")  # a grid is square
    figure.update_xaxes(constrain="domain", constraintoward="left")
    for edge in range(SIZE + 1):  # the empty cells are cells too
        figure.add_vline(edge - 0.5, line={"color": GRID_LINE, "width": 1}, layer="below")
        figure.add_hline(edge - 0.5, line={"color": GRID_LINE, "width": 1}, layer="below")
    return figure


def _group(part: str) -> str:
    """Where a part stands on the bars' axis: its layer, or beside all layers."""
    layer, _, inside = part.partition(".")
    return layer if inside else ("bias" if part == "bias" else "embed")


def _column_order(name: str) -> tuple[bool, int]:
    return not name.startswith("H"), int(name[1:]) if name.startswith("H") else "attn mlp".index(name)


def _pattern(part: str) -> str:
    return "" if ".H" in part else "/" if "." in part else "."


def _rgb(color: tuple[int, int, int]) -> str:
    return f"rgb{color}"


def _name_largest(
    figure: go.Figure, x: np.ndarray, pushes: Float[np.ndarray, " part"], parts: Sequence[str]
) -> None:
    largest = np.argsort(-np.abs(pushes))[:NAMED]
    figure.add_scatter(
        x=x[largest],
        y=pushes[largest],
        text=[parts[k] for k in largest],
        mode="text",
        textposition=["top center" if pushes[k] > 0 else "bottom center" for k in largest],
        textfont={"size": 11},
        hoverinfo="skip",
    )
    low, high = min(0.0, float(pushes.min())), max(0.0, float(pushes.max()))
    room = 0.12 * max(high - low, 1e-6)
    figure.update_yaxes(range=[low - room, high + room])
