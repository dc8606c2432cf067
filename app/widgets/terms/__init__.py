"""Terms of the field, explained where they are used."""

from app.widgets.terms.glossary import TERMS, Term
from app.widgets.terms.marking import caption, markdown, marked, prepare

__all__ = ["TERMS", "Term", "caption", "markdown", "marked", "prepare"]
