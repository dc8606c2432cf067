"""The logit lens as a film over the layers."""

from app.widgets.lens_film.film import data, show

__all__ = ["data", "show"]
