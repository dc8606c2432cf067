"""Puzzles in the project's own formats, and the public data sets', to be picked from: one that is none does
not keep the others from being taken."""

from collections import Counter
from io import BufferedIOBase
from typing import Any

import numpy as np

from interp.errors import PuzzlescopeError
from interp.puzzles.exchange.arc import ArcFinder, check_number
from interp.puzzles.exchange.making import refusal, with_origin
from interp.puzzles.exchange.preview import MOST_IMPORTED, Found
from interp.puzzles.exchange.truth import truth_of
from interp.puzzles.files import errors_in_words, read_into
from interp.puzzles.json_files import read_row, values_of
from interp.puzzles.kept import LONGEST_NAME, one_line
from interp.puzzles.rows import BadRowError, Gathering, Labels, Wanted


class _Sieve(Gathering):
    """Takes rows one by one, and notes of each whether it is a puzzle."""

    def __init__(self, where: str):
        super().__init__(where, Wanted(), MOST_IMPORTED)
        self.found: list[Found] = []
        self.said: dict[str, Any] = {}
        self._of_task: Counter[str] = Counter()

    def add(self, labels: Labels, numbers: np.ndarray, place: str, first: int | None = None) -> None:
        self.expect(len(labels))
        for row, label in enumerate(labels):
            where = place if first is None else f"{place} {first + row}"
            try:
                super().add([label], numbers[row : row + 1], where)
            except PuzzlescopeError as error:
                self.seen += 1
                self.found.append(Found(self._name(label or where), where, refused=str(error)))
            else:
                puzzle = self._kept[-1]
                self._of_task[puzzle.task] += 1
                name = self._name(f"{puzzle.task} {self._of_task[puzzle.task]}")
                found = Found(name, where, puzzle, truth=truth_of(puzzle).words)
                self.found.append(with_origin(found, self.said.get("provenance")))

    def _name(self, usual: str) -> str:
        said = self.said.get("name")
        return one_line(said if isinstance(said, str) and said.strip() else usual, LONGEST_NAME)


def read_known(file: BufferedIOBase, name: str, source: str) -> tuple[Found, ...]:
    """The puzzles of a ``.npz``, ``.npy`` or ``.parquet`` file, compressed or not.

    Args:
        file: stands at its beginning.
        name: with the ending that says what it is.
        source: what to call it.

    Raises:
        PuzzlescopeError: if it cannot be read at all, or holds too many.
    """
    sieve = _Sieve(source)
    with errors_in_words(source):
        read_into(sieve, file, name)
    return tuple(sieve.found)


def read_json_entries(text: str, source: str, name: str, place: str) -> tuple[tuple[Found, ...], bool]:
    """The puzzles of JSON or JSON Lines, by our names or the public data sets', and of ARC.

    Args:
        text: the file's.
        source: what to call it.
        name: of tasks of ARC that have none of their own.
        place: where a smaller grid of ARC goes, of PLACES.

    Returns:
        The puzzles; and whether any of them is of ARC.

    Raises:
        PuzzlescopeError: if it is no JSON, or holds too many.
    """
    sieve, arc, of_arc = _Sieve(source), ArcFinder(source, name, place), False
    for where, value in values_of(text, source):
        found = arc.find(value, where)
        of_arc |= found is not None
        if found is None:
            _read_entry(value, sieve, where)
        else:
            for one in found:
                sieve.found.append(one)
                check_number(len(sieve.found), source)
    if arc.alone:
        sieve.found.append(
            refusal(name, source, "pair 1", "a puzzle needs two pairs, an example and the one to be solved.")
        )
    return tuple(sieve.found), of_arc


def _read_entry(value: Any, sieve: _Sieve, where: str) -> None:
    sieve.said = value if isinstance(value, dict) else {}
    try:
        read_row(value, sieve, where)
    except BadRowError as bad:
        sieve.expect(1)
        sieve.seen += 1
        sieve.found.append(refusal(where, sieve.where, where, str(bad)))
