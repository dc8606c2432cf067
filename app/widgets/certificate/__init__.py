"""What a circuit's certificate says, line by line."""

from app.widgets.certificate.view import show

__all__ = ["show"]
