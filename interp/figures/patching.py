"""Activation patching as charts. What can be clicked has its name in ``customdata``."""

import numpy as np

from interp.analyses.activation_patching import EVERYWHERE, Cells, Measured, PatchState, at_block
from interp.figures.cells import cells_map
from interp.figures.draft import Draft, drawn
from interp.figures.scale import shade, tint
from interp.figures.style import base_figure, empty
from interp.figures.tiles import MOST_NOTED, Tile, draw_tiles, signed
from interp.grids import CELLS
from interp.tokens import cell_name, token_name

NOTED = 0.1
"""Tiles with a smaller effect have no number in them."""

UPRIGHT = 68
"""Pixels above the tiles: the names of the blocks stand upright where the chart is narrow."""

NOT_FINITE = "What the model computes here is not finite: there is nothing to compare."


@drawn
def patch_map(state: PatchState, cell: Cells, marked: tuple[str, str] | None = None) -> Draft:
    """What is patched x where, each tile the effect on one cell of the answer, or on the mean of several:
    teal toward the source's run, full at 1; purple away from it. What is not known yet is left out.

    Args:
        cell: of the answer, 0..99, or several.
        marked: site and block of the tile that is outlined.

    A tile's ``customdata`` is its site and its block's name.
    """
    lines = list(state.sites)
    columns = ["all" if block == EVERYWHERE else block.name for block in state.blocks]
    high = 17 if len(lines) > 12 else 26
    figure = base_figure(
        "Effect of each patch", height=(136 if len(columns) <= MOST_NOTED else 160) + high * len(lines)
    )
    measured = state.measured(cell)
    tiles = [
        _patch_tile(state, i, j, cell, measured, column=j, line=i, marked=marked)
        for i, j in np.argwhere(np.isfinite(measured.effects)).tolist()
    ]
    if not tiles:
        return _say(figure, state, cell)
    draw_tiles(figure, tiles, lines, columns)
    if len(columns) <= MOST_NOTED:
        figure.update_layout(margin_t=UPRIGHT)
    return figure


@drawn
def head_patch_map(
    state: PatchState, cell: Cells, block: str, marked: tuple[str, str] | None = None
) -> Draft:
    """Layers x heads: the effect of each head's patch at one block. Otherwise as :func:`patch_map`."""
    number = [one.name for one in state.blocks].index(block)
    places = [site.split(".") for site in state.sites]
    lines, columns = (
        list(dict.fromkeys(layer for layer, _ in places)),
        list(dict.fromkeys(head for _, head in places)),
    )
    figure = base_figure(
        f"Effect of patching one head, {at_block(block)}", height=96 + 26 * max(len(lines), 3)
    )
    measured = state.measured(cell)
    tiles = [
        _patch_tile(
            state,
            i,
            number,
            cell,
            measured,
            column=columns.index(places[i][1]),
            line=lines.index(places[i][0]),
            marked=marked,
        )
        for i in np.flatnonzero(np.isfinite(measured.effects[:, number])).tolist()
    ]
    if not tiles:
        return _say(figure, state, cell)
    draw_tiles(figure, tiles, lines, columns)
    return figure


@drawn
def effect_cells(state: PatchState, site: str, block: str, marked: Cells | None = None) -> Draft:
    """The effect of one patch on all 100 cells of the answer; cells at which the two runs hardly differ are
    empty. ``customdata`` is the cell."""
    j = [one.name for one in state.blocks].index(block)
    effects = state.effects()[state.sites.index(site), j]
    notes = [f"<b>{cell_name(cell)}</b><br>effect {effect:.3f}" for cell, effect in enumerate(effects)]
    return cells_map(f"{site}, {at_block(block)}: every cell", effects, notes, marked, tint)


@drawn
def gap_cells(state: PatchState, marked: Cells | None = None) -> Draft:
    """How much the two runs differ at each cell of the answer: where there is something to patch.
    ``customdata`` is the cell."""
    gaps = np.where(state.comparable, np.abs(state.gap), np.nan)
    largest = float(np.nanmax(gaps)) if state.comparable.any() else 1.0
    notes = [
        f"<b>{cell_name(cell)}</b><br>{metric_name(state, cell)}:<br>{state.target[cell]:.2f} unpatched,"
        f" {state.source[cell]:.2f} in the source's run"
        for cell in range(CELLS)
    ]
    return cells_map("Where the two runs differ", gaps / largest, notes, marked, shade)


def metric_name(state: PatchState, cell: Cells) -> str:
    """What is measured at a cell, such as ``logit of red over blank``, or over several."""
    if not isinstance(cell, int):
        return "mean logit of its right colour over the source's"
    return f"logit of {token_name(int(state.truth[cell]))} over {token_name(int(state.contrast[cell]))}"


def _patch_tile(
    state: PatchState,
    site: int,
    block: int,
    cell: Cells,
    measured: Measured,
    *,
    column: int,
    line: int,
    marked: tuple[str, str] | None,
) -> Tile:
    data = (state.sites[site], state.blocks[block].name)
    effect = float(measured.effects[site, block])
    hover = (
        f"<b>{data[0]}</b>, {at_block(data[1])}: effect {effect:.3f}<br>{metric_name(state, cell)}:"
        f" {measured.values[site, block]:.2f}<br>({measured.target:.2f} unpatched,"
        f" {measured.source:.2f} in the source's run)"
    )
    return Tile(
        line=line,
        column=column,
        colour=tint(effect),
        data=data,
        hover=hover,
        note=signed(f"{effect:.2f}") if abs(effect) >= NOTED else "",
        outlined=marked == data,
    )


def _say(figure: Draft, state: PatchState, cell: Cells) -> Draft:
    waiting = np.isnan(state.target).any() or state.measured(cell).comparable
    here = "this cell" if isinstance(cell, int) else "these cells"
    text = "Computing …" if waiting else f"The two runs hardly differ at {here}."
    return empty(figure, NOT_FINITE if state.diverged else text, height=140)
