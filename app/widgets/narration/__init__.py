"""What just happened, in a sentence."""

from app.widgets.narration.view import show

__all__ = ["show"]
