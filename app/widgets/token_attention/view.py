"""The attention of one head, or of all heads of a layer, through CircuitsVis, on some of the tokens.

All 405 at once would choke a browser: CircuitsVis draws an element for every pair of tokens. So a visitor
chooses which.
"""

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from jaxtyping import Int, UInt16

from app.startup.bundles import CIRCUITSVIS, bundle_address
from app.widgets.browser.scripts import ELEMENT, component, joined
from app.widgets.browser.sending import finite
from app.widgets.text import escape_markdown
from app.widgets.token_attention.window import Way, What, Window
from interp.analyses.attention import LayerAttention, packed
from interp.grids import COLORS, SIZE
from interp.puzzles import Puzzle
from interp.tokens import GRID_TOKENS, TOKEN_NAMES, cell_position, marker_position, predicting_position

HERE = Path(__file__).parent

FAINTEST = 0.05
DECIMALS = 10_000

SCRIPT = joined(ELEMENT, HERE / "view.js")

# CircuitsVis looks its container up in the document, so this component cannot live in a shadow root.
_view = component(
    "attention_view",
    css=(HERE / "view.css").read_text(),
    js=SCRIPT,
    isolate_styles=False,
)


def positions_of(window: Window) -> Int[np.ndarray, " shown"]:
    """The positions shown, in ascending order; the start token is position 0."""
    rows = [(i, j) for i in range(window.first, window.last + 1) for j in range(SIZE)]
    if window.way == "positions":
        found = list(range(window.first, window.last + 1))
    elif window.way == "grid":
        found = [cell_position(window.place, i, j) for i, j in rows]
        found += [predicting_position(i, j) for i, j in rows]
    else:
        found = [0]
        for place in range(4):
            found += [marker_position(place), *(cell_position(place, i, j) for i, j in rows)]
    return np.array(found)


def names_of(positions: Int[np.ndarray, " shown"], puzzle: Puzzle) -> list[str]:
    """What stands at each position: ``start``, ``[Y]`` for a marker, ``Y·r5c1·red`` for a cell.

    No name has a space, for CircuitsVis removes them.
    """
    titles = puzzle.structure.name.split(" ")
    tokens = puzzle.tokens
    names = []
    for position in positions.tolist():
        place, index = divmod(position - 1, 1 + SIZE * SIZE)
        if position == 0:
            names.append("start")
        elif index == 0:
            names.append(f"[{TOKEN_NAMES[tokens[position - 1]]}]")
        else:
            row, column = divmod(index - 1, SIZE)
            color = COLORS[tokens[position - 1]].name
            names.append(f"{titles[place]}·r{row + 1}c{column + 1}·{color.replace(' ', '-')}")
    return names


def bands_of(positions: Int[np.ndarray, " shown"], way: Way, puzzle: Puzzle) -> list[dict[str, Any]]:
    """The grids that stand beside each other among these positions: the name of each, which of the positions
    is its first, and how many are its. A grid's marker is one of its own; the start token is none."""
    titles = puzzle.structure.name.split(" ")
    if way == "grid":
        # The second half are the positions that predict the answer's rows, each one before its cell.
        half = len(positions) // 2
        title = titles[int((positions[0] - 1) // GRID_TOKENS)]
        return [
            {"name": title, "first": 0, "length": half},
            {"name": titles[3], "first": half, "length": half},
        ]
    places = np.where(positions == 0, -1, (positions - 1) // GRID_TOKENS)
    bands = []
    for place in np.unique(places).tolist():
        (found,) = np.nonzero(places == place)
        name = "start" if place < 0 else titles[place]
        bands.append({"name": name, "first": int(found[0]), "length": len(found)})
    return bands


def show(
    attention: LayerAttention,
    puzzle: Puzzle,
    window: Window,
    *,
    key: str,
    layer: int,
    head: int | None,
    note: str = "",
) -> None:
    """Draw the pattern of one head, or with ``head=None`` of all heads of the layer.

    Args:
        attention: of the run on screen: the ablated one if something is off.
        window: which tokens; what is too much to draw is cut off at its end.
        note: which run this is, as it reads after "in", such as "the run with L1.attn off".
    """
    what: What = "heads" if head is None else "pattern"
    positions = positions_of(window.fitted(what))
    heads = list(range(len(attention.off))) if head is None else [head]
    shown = finite(attention.pattern[np.ix_(np.array(heads), np.array(positions), np.array(positions))])
    # The first tokens can look almost nowhere but at themselves; they must not wash out the rest.
    later = shown[:, len(positions) // 4 :]
    full = round(float(max(later.max(), FAINTEST)), 2)
    header = {
        "view": what,
        "tokens": names_of(positions, puzzle),
        "heads": [f"L{layer} H{k}{', ablated' if attention.off[k] else ''}" for k in heads],
        "bands": bands_of(positions, window.way, puzzle),
        "label": f"Attention of layer {layer}, " + ("all heads" if head is None else f"head {head}"),
        "full": full,
        "bundle": bundle_address(CIRCUITSVIS),
    }
    _view(key=key, data=packed(header, _in_ten_thousandths(shown)))
    whose = f"Layer {layer}, {'all heads' if head is None else f'head {head}'}"
    st.caption(
        f"{whose}, in {escape_markdown(note or 'the clean run')}. Rows are queries, columns keys; full grey"
        f" is {full:.2f}. {shown.sum(-1).mean():.0%} of the attention of these tokens falls on those shown."
        " Logits at a token predict the next one, so the row of a cell decides the cell after it."
    )


def _in_ten_thousandths(weights: np.ndarray) -> UInt16[np.ndarray, "head query key"]:
    return np.rint(weights * DECIMALS).astype(np.uint16)
