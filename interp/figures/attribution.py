"""Direct logit attribution as charts. What can be clicked has its name in ``customdata``."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from interp.analyses.direct_attribution import Attribution
from interp.figures.cells import cells_map
from interp.figures.draft import Draft, drawn
from interp.figures.scale import AWAY, TOWARD, rgb, tint
from interp.figures.style import QUIET, base_figure, empty
from interp.figures.tiles import Tile, draw_tiles, signed
from interp.tokens import cell_name

NAMED = 6
"""How many of the largest bars are named."""
NOTED = 0.1
"""Tiles with less than this share of the full colour have no number in them."""

NOT_FINITE = "What the model computes here is not finite: there is nothing to compare."


@drawn
def attribution_bars(
    found: Attribution,
    cell: int,
    toward: int | None = None,
    over: int | None = None,
    marked: str | None = None,
) -> Draft:
    """A bar a component, up where it pushes toward the first token, down where toward the second; layer by
    layer.

    Heads are plain bars, MLPs hatched, what is in no layer dotted. A bar's ``customdata`` is its part's name.

    Args:
        cell: of the answer, 0..99.
        toward, over: see :meth:`interp.analyses.direct_attribution.Attribution.tokens`.
        marked: the component that is outlined.
    """
    pushes = found.push(toward, over)[:, cell]
    groups = [_group(part) for part in found.parts]
    order = list(dict.fromkeys(groups))
    x = np.arange(len(pushes)) + np.array([order.index(group) for group in groups])  # a gap after each group
    if not np.isfinite(pushes).all():
        return empty(base_figure(f"What each component adds at {cell_name(cell)}", height=140), NOT_FINITE)
    total = signed(f"{float(found.difference(toward, over)[cell]):+.2f}")
    names = found.compared(cell, toward, over)
    figure = base_figure(
        f"What each component adds to {names} at {cell_name(cell)}: {total} in all", height=300
    )
    figure.add_bar(
        x=x,
        y=pushes,
        width=0.9,
        marker={
            "color": [rgb(TOWARD if push > 0 else AWAY) for push in pushes],
            "pattern": {"shape": [_pattern(part) for part in found.parts], "fillmode": "overlay", "size": 5},
            "line": {"color": QUIET, "width": [2 if part == marked else 0 for part in found.parts]},
        },
        customdata=[[part] for part in found.parts],
        hovertext=[f"<b>{part}</b> adds {push:+.3f}" for part, push in zip(found.parts, pushes, strict=True)],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    _name_largest(figure, x, pushes, found.parts)
    centres = [x[[k for k, own in enumerate(groups) if own == group]].mean() for group in order]
    figure.update_xaxes(
        tickvals=centres, ticktext=order, showgrid=False, zeroline=False, range=[x[0] - 1, x[-1] + 1]
    )
    figure.update_yaxes(title="logits", zeroline=True, zerolinecolor=QUIET)
    return figure


@drawn
def attribution_map(
    found: Attribution,
    cell: int,
    toward: int | None = None,
    over: int | None = None,
    marked: str | None = None,
) -> Draft:
    """Layers x heads and MLP, each tile teal where the component pushes toward the first token, purple
    where toward the second.

    Arguments and ``customdata`` are as for :func:`attribution_bars`.
    """
    pushes = found.push(toward, over)[:, cell]
    inside = [(part, float(push)) for part, push in zip(found.parts, pushes, strict=True) if "." in part]
    columns = sorted({part.split(".")[1] for part, _ in inside}, key=_column_order)
    lines = list(dict.fromkeys(part.split(".")[0] for part, _ in inside))
    if not np.isfinite(pushes).all():
        return empty(base_figure("The same by layer", height=140), NOT_FINITE)
    full = max(1e-6, *(abs(push) for _, push in inside))
    tiles = [
        Tile(
            line=lines.index(part.split(".")[0]),
            column=columns.index(part.split(".")[1]),
            colour=tint(push / full),
            data=(part,),
            hover=f"<b>{part}</b> adds {push:+.3f}",
            note=signed(f"{push:+.1f}") if abs(push / full) >= NOTED else "",
            outlined=part == marked,
        )
        for part, push in inside
    ]
    figure = base_figure("The same by layer", height=96 + 26 * max(len(lines), 3))
    draw_tiles(figure, tiles, lines, columns)
    return figure


@drawn
def part_map(
    found: Attribution,
    part: str,
    toward: int | None = None,
    over: int | None = None,
    marked: int | None = None,
) -> Draft:
    """One part's push at all 100 cells of the answer, on the grid; ``marked`` is outlined. ``customdata`` is
    the cell."""
    of_all = found.push(toward, over)
    pushes = of_all[found.parts.index(part)]
    if not np.isfinite(of_all).all():
        return empty(base_figure(f"{part} at every cell", height=140), NOT_FINITE)
    largest = max(float(np.abs(of_all).max(0).mean()), 1e-6)
    notes = [
        f"<b>{cell_name(cell)}</b><br>{part} adds {push:+.3f} to {found.compared(cell, toward, over)}"
        for cell, push in enumerate(pushes)
    ]
    return cells_map(f"{part} at every cell", pushes / largest, notes, marked, tint)


def _group(part: str) -> str:
    """Where a component stands on the bars' axis: its layer, or beside all layers."""
    layer, _, inside = part.partition(".")
    return layer if inside else ("bias" if part == "bias" else "embed")


def _column_order(name: str) -> tuple[bool, int]:
    return not name.startswith("H"), int(name[1:]) if name.startswith("H") else "attn mlp".index(name)


def _pattern(part: str) -> str:
    return "" if ".H" in part else "/" if "." in part else "."


def _name_largest(
    figure: Draft, x: np.ndarray, pushes: Float[np.ndarray, " part"], parts: Sequence[str]
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
