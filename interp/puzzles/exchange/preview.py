"""What a file or a text holds, before anything of it is taken: values that a page or a command shows."""

from collections.abc import Iterable
from dataclasses import dataclass

from interp.errors import PuzzlescopeError, brief
from interp.puzzles.kept import LONGEST_NAME, LONGEST_PROVENANCE, Kept, one_line
from interp.puzzles.puzzle import Puzzle

MOST_IMPORTED = 5000
"""Puzzles of one file or text that are shown to be picked from."""


@dataclass(frozen=True)
class Found:
    """A puzzle that a file or a text holds, or what was to be one.

    Attributes:
        name: what it would be called.
        place: where it stands: "puzzle 3", "task '007bbfb7', train pair 1, test pair 1", "lines 4 to 46".
        puzzle: none if it is refused.
        done: what was done to make a puzzle of it, a sentence each: padded, its answer worked out.
        truth: what the tasks' solvers say of its answer, in a sentence.
        refused: why it is no puzzle, in a sentence that names file, puzzle and cell; empty if it is one.
    """

    name: str
    place: str
    puzzle: Puzzle | None = None
    done: tuple[str, ...] = ()
    truth: str = ""
    refused: str = ""


@dataclass(frozen=True)
class Preview:
    """All of them.

    Attributes:
        source: the file's name, or "pasted text".
        form: what it was read as: "ARC JSON", "text", ".npz" ...
        found: in the order in which they stand there.
        notes: what else there is to say of the whole, a sentence each.
    """

    source: str
    form: str
    found: tuple[Found, ...]
    notes: tuple[str, ...] = ()

    @property
    def sound(self) -> tuple[Found, ...]:
        """Those that can be taken."""
        return tuple(one for one in self.found if one.puzzle is not None)

    @property
    def refused(self) -> tuple[Found, ...]:
        """Those that cannot."""
        return tuple(one for one in self.found if one.puzzle is None)

    def taken(self, which: Iterable[int] | None = None) -> tuple[Kept, ...]:
        """Puzzles to be kept.

        Args:
            which: their numbers in ``found``, from 0; all that can be taken by default.

        Raises:
            PuzzlescopeError: if there is no such number, or that one is refused.
        """
        if which is None:
            return tuple(self._kept(one) for one in self.sound)
        chosen = list(which)
        for number in chosen:
            if not 0 <= number < len(self.found):
                raise PuzzlescopeError(
                    f"{self.source} has puzzles 1 to {len(self.found)}, and none with number {number + 1}."
                )
            if self.found[number].puzzle is None:
                raise PuzzlescopeError(self.found[number].refused)
        return tuple(self._kept(self.found[number]) for number in chosen)

    def _kept(self, one: Found) -> Kept:
        assert one.puzzle is not None
        words = " ".join([f"{self.source}, {one.place}.", *one.done])
        return Kept(one.puzzle, one_line(one.name, LONGEST_NAME), one_line(words, LONGEST_PROVENANCE))


def read_picks(text: str, most: int) -> tuple[int, ...]:
    """Numbers from 0 of a choice as people write it, from 1; each once, in their order.

    Args:
        text: as in "1,3-5"; empty or "all" is all.
        most: how many there are.

    Raises:
        PuzzlescopeError: if it is no such text, or names what there is not.

    >>> read_picks("2, 4-6", 9)
    (1, 3, 4, 5)
    """
    if text.strip().lower() in ("", "all"):
        return tuple(range(most))
    found: dict[int, None] = {}
    for piece in text.split(","):
        first, dash, last = (word.strip() for word in piece.partition("-"))
        words = (first, last) if dash else (first, first)
        if not all(word.isascii() and word.isdigit() and len(word) < 8 for word in words):
            raise PuzzlescopeError(f"Expected numbers such as 1,3-5, got '{brief(text)}'.")
        start, end = (int(word) for word in words)
        if not 1 <= start <= end <= most:
            raise PuzzlescopeError(f"Expected numbers from 1 to {most}, as in 1,3-5; got '{brief(piece)}'.")
        found.update(dict.fromkeys(range(start - 1, end)))
    return tuple(found)
