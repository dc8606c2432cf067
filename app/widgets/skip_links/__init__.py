"""Short ways through a page for people who use the keyboard."""

from app.widgets.skip_links.links import Target, show

__all__ = ["Target", "show"]
