"""The attention of one head through CircuitsVis, on two rows of each grid: 405 tokens at once would choke a browser."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from jaxtyping import Float, Int

from app.bundle import BUNDLE
from interp.grids import COLORS, SIZE
from interp.puzzles import Puzzle
from interp.tokens import cell_position, marker_position

HERE = Path(__file__).parent
ROWS = 2
GRID_TOKENS_SHOWN = 1 + ROWS * SIZE

# CircuitsVis looks its container up in the document, so this component cannot live in a shadow root.
_view = st.components.v2.component(
    "attention_view",
    css=(HERE / "attention_view.css").read_text(),
    js=(HERE / "attention_view.js").read_text(),
    isolate_styles=False,
)


def window(puzzle: Puzzle, row: int) -> tuple[Int[np.ndarray, " shown"], list[str]]:
    """The positions shown and their names: the start token, each grid's marker and its cells in ``ROWS`` rows."""
    positions, names = [0], ["start"]
    for place, title in enumerate(puzzle.structure.name.split(" ")):
        positions.append(marker_position(place))
        names.append(f"[{title}]")
        for i in range(row, row + ROWS):
            for j in range(SIZE):
                positions.append(cell_position(place, i, j))
                names.append(f"{title} r{i + 1} c{j + 1} {COLORS[puzzle.grids[place, i, j]].name}")
    return np.array(positions), names


@dataclass(frozen=True)
class Shown:
    """What the picture leaves out: the ``share`` of attention on the keys shown, and the value of the fullest colour."""

    share: float
    full: float


def show(pattern: Float[np.ndarray, "query key"], puzzle: Puzzle, row: int, *, key: str) -> Shown:
    """Draw the pattern on two rows of each grid."""
    positions, names = window(puzzle, row)
    shown = pattern[np.ix_(positions, positions)]
    attention = shown.astype(np.float64).round(4).tolist()
    # The first tokens can look almost nowhere but at themselves; they must not wash out the rest.
    full = round(float(max(shown[GRID_TOKENS_SHOWN:].max(), 0.05)), 2)
    _view(
        key=key,
        data={"tokens": names, "attention": attention, "full": full, "bundle": f"app/static/{BUNDLE}"},
    )
    return Shown(float(shown.sum(1).mean()), full)
