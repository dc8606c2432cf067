"""The figure that a link speaks of, brought into sight when the link's scene is entered."""

from app.widgets.sight.sight import show

__all__ = ["show"]
