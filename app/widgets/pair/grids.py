"""The grids of a second puzzle, with cells outlined."""

from base64 import b64encode
from html import escape

import numpy as np
import streamlit as st
from jaxtyping import Bool

from app.widgets.palette import PALETTES
from app.widgets.puzzle_strip import PLAIN, Look
from interp.figures.grids import grid_svg
from interp.puzzles import Puzzle


def show_marked(
    puzzle: Puzzle, marked: Bool[np.ndarray, "4 10 10"], *, of: str = "the source", look: Look = PLAIN
) -> None:
    """Draw the four grids as pictures.

    Args:
        marked: the cells that are outlined.
        of: whose grids they are, for who cannot see them.
    """
    pictures = []
    for place, name in enumerate(puzzle.structure.name.split(" ")):
        own = marked[place] if marked[place].any() else None
        svg = grid_svg(puzzle.grids[place], own, palette=PALETTES[look.palette], digits=look.digits)
        # As a picture: Streamlit takes bare SVG out of HTML.
        address = f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
        count = int(marked[place].sum())
        told = f"{escape(name)} of {escape(of)}" + (
            f", {count} cell{'s' * (count > 1)} marked" if count else ""
        )
        picture = f'<img src="{address}" alt="{told}" style="width:100%;display:block">'
        pictures.append(f'<div style="flex:1 1 0;min-width:0">{escape(name)}{picture}</div>')
    st.html(f'<div style="display:flex;gap:10px;font-size:13px">{"".join(pictures)}</div>')
