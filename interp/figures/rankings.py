"""How far methods of ablation agree on which components matter, as a map."""

import numpy as np

from interp.analyses.by_method.rankings import Rankings
from interp.figures.draft import Draft, drawn
from interp.figures.scale import colour
from interp.figures.style import MEASURING, base_figure, empty
from interp.figures.tiles import Tile, draw_tiles

LEGEND = (
    "Spearman's rank correlation of the components' effects by two methods, over the components that both"
    " fit: 1 where they put them in the same order, 0 where the orders have nothing to do with each other."
    " The darker, the less they agree."
)
"""What the map shows, in sentences."""


@drawn
def rankings_map(rankings: Rankings) -> Draft:
    """Every method with every other: the rank correlation of their effects, darker the lower it is. What is
    not known yet is left out."""
    names = [method.text for method in rankings.methods]
    figure = base_figure("Do methods rank components alike? Rank correlation", height=88 + 26 * len(names))
    found = rankings.spearman
    tiles = [
        Tile(
            line=i,
            column=j,
            colour=colour(float(np.clip(1 - found[i, j], 0, 1))),
            data=(names[i], names[j]),
            hover=f"<b>{names[i]}</b> and <b>{names[j]}</b><br>rank correlation {found[i, j]:.3f}<br>over"
            f" {rankings.shared(i, j)} components",
            note=f"{found[i, j]:.2f}",
        )
        for i in range(len(names))
        for j in range(len(names))
        if np.isfinite(found[i, j])
    ]
    if not tiles:
        return empty(figure, MEASURING)
    draw_tiles(figure, tiles, names, names)
    return figure
