"""Activation patching: from what into what, what is patched, and what each patch does."""

from app.widgets.patching.choices import (
    ABOUT,
    DETAILS,
    EDITED,
    KINDS,
    OVERS,
    PAIR,
    SHORT,
    WAYS,
    Over,
    Patching,
    show_choices,
)
from app.widgets.patching.effects import show
from app.widgets.patching.sources import show_edit_of, show_source, source_of

__all__ = [
    "ABOUT",
    "DETAILS",
    "EDITED",
    "KINDS",
    "OVERS",
    "PAIR",
    "SHORT",
    "WAYS",
    "Over",
    "Patching",
    "show",
    "show_choices",
    "show_edit_of",
    "show_source",
    "source_of",
]
