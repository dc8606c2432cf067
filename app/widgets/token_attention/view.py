"""The attention of one head, or of all heads of a layer, through CircuitsVis, on some of the tokens.

All 405 at once would choke a browser: CircuitsVis draws an element for every pair of tokens. So a visitor
chooses which.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import streamlit as st
from jaxtyping import Int, UInt16

from app.startup.circuitsvis import bundle_address
from app.widgets.browser.sending import finite
from app.widgets.text import escape_markdown
from interp.analyses.attention import LayerAttention, packed
from interp.errors import PuzzlescopeError, brief
from interp.grids import COLORS, SIZE
from interp.puzzles import Puzzle
from interp.tokens import N_CTX, TOKEN_NAMES, cell_position, marker_position, predicting_position

HERE = Path(__file__).parent

What = Literal["pattern", "heads"]
Way = Literal["rows", "grid", "positions"]
MOST_TOKENS: dict[What, int] = {"pattern": 101, "heads": 85}
"""How many tokens a browser draws in about a second: a whole grid for one head, two rows of each grid for
eight."""

_TEXT = re.compile("(?P<way>rows|grid|positions)(?P<place>[0-2])?-(?P<first>[0-9]{1,3})-(?P<last>[0-9]{1,3})")

FAINTEST = 0.05
DECIMALS = 10_000

# CircuitsVis looks its container up in the document, so this component cannot live in a shadow root.
_view = st.components.v2.component(
    "attention_view",
    css=(HERE / "view.css").read_text(),
    js=(HERE / "view.js").read_text(),
    isolate_styles=False,
)


@dataclass(frozen=True)
class Window:
    """Which tokens are shown.

    Attributes:
        way: "rows": the start token, and of each grid its marker and the rows ``first`` to ``last``. "grid":
            these rows of grid ``place`` as keys, and as queries the positions that predict these rows of the
            answer. "positions": the positions ``first`` to ``last``.
        first, last: both are shown; rows and positions count from 0.
        place: of the grid that the answer is compared with, 0 to 2; only for "grid".
    """

    way: Way = "rows"
    first: int = 4
    last: int = 5
    place: int = 2

    @property
    def text(self) -> str:
        """As it stands in a link: ``rows-4-5``, ``grid2-0-4``, ``positions-0-100``."""
        return f"{self.way}{self.place if self.way == 'grid' else ''}-{self.first}-{self.last}"

    @property
    def size(self) -> int:
        """How many tokens these are."""
        span = self.last - self.first + 1
        return {"rows": 1 + 4 * (1 + SIZE * span), "grid": 2 * SIZE * span, "positions": span}[self.way]

    def fitted(self, what: What) -> "Window":
        """This window, or its beginning where all of it would be too much to draw."""
        return replace(self, last=min(self.last, self.first + longest(self.way, what) - 1))


def longest(way: Way, what: What) -> int:
    """How many rows or positions can be shown at once."""
    most = MOST_TOKENS[what]
    return {"rows": (most // 4 - 1) // SIZE, "grid": most // (2 * SIZE), "positions": most}[way]


def length(way: Way) -> int:
    """How many rows or positions there are."""
    return N_CTX if way == "positions" else SIZE


def read_window(text: str) -> Window:
    """The window of this text, the inverse of ``Window.text``.

    Raises:
        PuzzlescopeError: if there is none.
    """
    match = _TEXT.fullmatch(text)
    if match is not None:
        window = Window(
            match["way"], int(match["first"]), int(match["last"]), int(match["place"] or Window.place)
        )
        if (match["way"] == "grid") == bool(match["place"]) and window.first <= window.last < length(
            window.way
        ):
            return window
    raise PuzzlescopeError(
        f"Expected tokens such as rows-4-5, grid2-0-4 or positions-0-100, got '{brief(text)}'."
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
    shown = finite(attention.pattern[np.ix_(heads, positions, positions)])
    # The first tokens can look almost nowhere but at themselves; they must not wash out the rest.
    later = shown[:, len(positions) // 4 :]
    full = round(float(max(later.max(), FAINTEST)), 2)
    header = {
        "view": what,
        "tokens": names_of(positions, puzzle),
        "heads": [f"L{layer} H{k}{' off' if attention.off[k] else ''}" for k in heads],
        "label": f"Attention of layer {layer}, " + ("all heads" if head is None else f"head {head}"),
        "full": full,
        "bundle": bundle_address(),
    }
    _view(key=key, data=packed(header, _in_ten_thousandths(shown)))
    whose = f"Layer {layer}, {'all heads' if head is None else f'head {head}'}"
    st.caption(
        f"{whose}, in {escape_markdown(note or 'the run with nothing off')}. Each row is a token that looks"
        f" (destination), each column a"
        f" token looked at (source); full colour is {full:.2f}. {shown.sum(-1).mean():.0%} of the attention"
        f" of these tokens"
        " falls on those shown. Logits at a token predict the next one, so the row of a cell decides the"
        " cell after it."
    )


def _in_ten_thousandths(weights: np.ndarray) -> UInt16[np.ndarray, "head query key"]:
    return np.rint(weights * DECIMALS).astype(np.uint16)
