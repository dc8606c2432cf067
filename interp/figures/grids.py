"""Grids as SVG, and the names of their cells and colours."""

import re
from collections.abc import Sequence
from html import escape

import numpy as np
from jaxtyping import Bool, Integer

from interp.errors import PuzzlescopeError
from interp.grids import COLORS, N_COLORS, SIZE
from interp.tokens import TOKEN_NAMES


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
