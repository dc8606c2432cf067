"""A page that is shown to an audience."""

from app.widgets.presenter.presenter import KEYS_OF_PAGE, show

__all__ = ["KEYS_OF_PAGE", "show"]
