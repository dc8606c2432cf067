"""A value at each cell of the answer's grid, as tiles."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from interp.figures.draft import Draft
from interp.figures.style import GRID_LINE, base_figure
from interp.figures.tiles import Tile, draw_tiles
from interp.grids import SIZE


def cells_map(
    title: str,
    shares: Float[np.ndarray, " 100"],
    notes: Sequence[str],
    marked: int | tuple[int, ...] | None,
    paint: Callable[[float], str],
) -> Draft:
    """A tile at each cell: ``shares`` of the full colour, none where one is not a number.

    Args:
        notes: what each says when pointed at.
        marked: number of the cell that is outlined, or of several.
        paint: the colour of a share (:mod:`interp.figures.scale`).
    """
    numbers = [str(k + 1) for k in range(SIZE)]
    outlined = marked if isinstance(marked, tuple) else (marked,)
    tiles = [
        Tile(
            line=cell // SIZE,
            column=cell % SIZE,
            colour=paint(float(share)),
            data=(str(cell),),
            hover=notes[cell],
            outlined=cell in outlined,
        )
        for cell, share in enumerate(shares)
        if np.isfinite(share)
    ]
    figure = base_figure(title, height=320)
    draw_tiles(figure, tiles, numbers, numbers)
    figure.update_yaxes(scaleanchor="x", constrain="domain")  # a grid is square
    figure.update_xaxes(constrain="domain", constraintoward="left")
    for edge in range(SIZE + 1):  # the empty cells are cells too
        figure.add_vline(edge - 0.5, line={"color": GRID_LINE, "width": 1}, layer="below")
        figure.add_hline(edge - 0.5, line={"color": GRID_LINE, "width": 1}, layer="below")
    return figure
