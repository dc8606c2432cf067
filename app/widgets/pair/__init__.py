"""A puzzle's counterfactual: which kind of it, and grids with the cells marked that differ."""

from app.widgets.pair.choice import ABOUT, KINDS, SHORT, show_kind
from app.widgets.pair.grids import show_marked

__all__ = ["ABOUT", "KINDS", "SHORT", "show_kind", "show_marked"]
