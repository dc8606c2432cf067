"""Where the heads of a layer attend, on the four grids."""

from app.widgets.grid_attention.view import Choice, View, Weighting, message, read_choice, show

__all__ = ["Choice", "View", "Weighting", "message", "read_choice", "show"]
