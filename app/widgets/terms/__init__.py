"""Terms of the field, explained where they are used."""

from app.widgets.terms.glossary import TERMS, Term
from app.widgets.terms.marking import caption, how_to_read, markdown, marked, prepare

__all__ = ["TERMS", "Term", "caption", "how_to_read", "markdown", "marked", "prepare"]
