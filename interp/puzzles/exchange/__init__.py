"""Puzzles from other people's files and texts, looked at before any is taken, and back into such files."""

from interp.puzzles.exchange.preview import MOST_IMPORTED, Found, Preview, read_picks
from interp.puzzles.exchange.reading import preview_file, preview_path, preview_text
from interp.puzzles.exchange.truth import Truth, WorkedOut, truth_of, work_out
from interp.puzzles.exchange.writing import FORMS, Form, export_file, exported, form_of

__all__ = [
    "FORMS",
    "MOST_IMPORTED",
    "Form",
    "Found",
    "Preview",
    "Truth",
    "WorkedOut",
    "export_file",
    "exported",
    "form_of",
    "preview_file",
    "preview_path",
    "preview_text",
    "read_picks",
    "truth_of",
    "work_out",
]
