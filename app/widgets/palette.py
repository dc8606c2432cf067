"""The colours the dashboard paints cells in: each palette has the original eleven, in their order and under
their names."""

from interp.grids import COLORS

CELL_COLORS = (
    "#f6f6f3",
    "#e5484d",
    "#2f9e68",
    "#3557d6",
    "#f2cc0c",
    "#22b8cf",
    "#b072e8",
    "#a9dd97",
    "#96592f",
    "#a6b6f4",
    "#83878f",
)
"""The original colours, softened so that they are calm side by side."""

SAFE_COLORS = (
    "#fcfcfc",
    "#ec6b5a",
    "#0a4c37",
    "#161ed9",
    "#f2b610",
    "#2289a6",
    "#502374",
    "#73ffaa",
    "#7c410c",
    "#a5cdff",
    "#afb0aa",
)
"""Found by simulated annealing within what each name allows, for the largest distance between the two colours
that are hardest to tell apart, with normal sight and with each kind of colour blindness (a test measures
it)."""

PALETTES: dict[str, tuple[str, ...]] = {
    "soft": CELL_COLORS,
    "original": tuple(color.hex for color in COLORS),
    "safe": SAFE_COLORS,
}
assert all(len(colors) == len(COLORS) for colors in PALETTES.values())
