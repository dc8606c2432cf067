"""What a circuit's certificate says, line by line."""

from app.widgets.certificate.view import Line, Section, show

__all__ = ["Line", "Section", "show"]
