"""What is said about the log."""

from dataclasses import dataclass
from typing import Literal, cast, get_args

from app.server.words import Words
from interp.errors import PuzzlescopeError, brief

Form = Literal["auto", "text", "json"]


@dataclass(frozen=True)
class LogSettings:
    """How events are written.

    Attributes:
        form: ``text`` for people, ``json`` for programs; ``auto`` is text where somebody looks on, on a
            terminal.
        people: whether names and addresses of people are written too.
    """

    form: Form = "auto"
    people: bool = False


def read(words: Words) -> LogSettings:
    """``PUZZLESCOPE_LOG`` and ``PUZZLESCOPE_LOG_PEOPLE``.

    Raises:
        PuzzlescopeError: if one of them cannot be.
    """
    form = words.text("PUZZLESCOPE_LOG", "auto").lower()
    if form not in get_args(Form):
        raise PuzzlescopeError(f"PUZZLESCOPE_LOG must be text or json, got '{brief(form)}'.")
    return LogSettings(cast(Form, form), words.flag("PUZZLESCOPE_LOG_PEOPLE"))
