"""The colours the dashboard paints cells in: the original eleven, softened so that they are calm side by side."""

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
assert len(CELL_COLORS) == len(COLORS)
