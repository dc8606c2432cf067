"""Grids in a row, with what a run answers."""

from app.widgets.puzzle_strip.strip import (
    PLAIN,
    Changes,
    Look,
    Panel,
    changes,
    painting,
    report_cell,
    show,
)

__all__ = ["PLAIN", "Changes", "Look", "Panel", "changes", "painting", "report_cell", "show"]
