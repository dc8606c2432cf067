"""The bar of a story that is told: the caption of its scene, and the way to the next."""

from app.widgets.story_bar.bar import Close, Return, Step, Telling, TellingScene, Wish, read_wish, show

__all__ = ["Close", "Return", "Step", "Telling", "TellingScene", "Wish", "read_wish", "show"]
