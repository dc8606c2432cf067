"""Experiments to try, as cards."""

from app.widgets.experiments.cards import Card, news, show

__all__ = ["Card", "news", "show"]
