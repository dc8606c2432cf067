"""Experiments to try, as cards."""

from app.widgets.experiments.cards import Card, show

__all__ = ["Card", "show"]
