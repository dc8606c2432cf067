"""The tour: its invitation, and the bar that leads through it."""

from app.widgets.tour.bar import Stop, Wish, read_wish, show, show_invitation

__all__ = ["Stop", "Wish", "read_wish", "show", "show_invitation"]
