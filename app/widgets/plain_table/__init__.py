"""A table of plain words that may change while one looks, in a room that does not."""

from app.widgets.plain_table.table import facts, show

__all__ = ["facts", "show"]
