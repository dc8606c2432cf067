"""Grids in a row, with what a run answers."""

from app.widgets.puzzle_strip.strip import (
    PLAIN,
    Look,
    Panel,
    painting,
    report_cell,
    show,
)

__all__ = ["PLAIN", "Look", "Panel", "painting", "report_cell", "show"]
