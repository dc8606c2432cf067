"""The heads' attention by offset and by cell."""

from app.widgets.head_offsets.view import PLACES, message, read_head, show

__all__ = ["PLACES", "message", "read_head", "show"]
