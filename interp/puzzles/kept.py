"""A puzzle that somebody keeps: with a name, and where it comes from."""

from dataclasses import dataclass

from interp.errors import PuzzlescopeError, brief
from interp.puzzles.puzzle import Puzzle

LONGEST_NAME = 80
"""Letters of a puzzle's name."""
LONGEST_PROVENANCE = 400
"""Letters of where it comes from."""


@dataclass(frozen=True)
class Kept:
    """A puzzle as it stands in a collection, or is about to.

    Attributes:
        puzzle: the puzzle.
        name: for people, on one line; need not be the only one of its kind.
        provenance: where it comes from and what was done to it, on one line.
        added: when it was kept, in seconds since 1970; 0 as long as it is not.
    """

    puzzle: Puzzle
    name: str = ""
    provenance: str = ""
    added: float = 0.0

    def __post_init__(self) -> None:
        for what, text, most in (
            ("name", self.name, LONGEST_NAME),
            ("provenance", self.provenance, LONGEST_PROVENANCE),
        ):
            if len(text) > most or not text.isprintable():
                raise PuzzlescopeError(
                    f"A puzzle's {what} is text on one line of at most {most} letters, got '{brief(text)}'."
                )


def one_line(text: str, most: int) -> str:
    """A text of somebody else's made fit to be a name: on one line, printable, cut where it is long.

    >>> one_line(" two\\n lines ", 80)
    'two lines'
    """
    return brief(text, most)
