"""A row of a grid as people write it: digits with and without spaces, commas, pipes or tabs between them.

>>> row_fields("0 1 10 0"), row_fields("01a0"), row_fields("| 0 | 1 | 10 | 0 |"), row_fields("0, 1, 10, 0,")
([[0, 1, 10, 0]], [[0, 1, 10, 0]], [[0, 1, 10, 0]], [[0, 1, 10, 0]])

Several grids may stand beside one another, parted by a pipe, a tab, three spaces, or where there are no other
spaces by one:

>>> row_fields("0 1 2   3 4 5"), row_fields("012 345"), row_fields("0 1 2 | 3 4 5")
([[0, 1, 2], [3, 4, 5]], [[0, 1, 2], [3, 4, 5]], [[0, 1, 2], [3, 4, 5]])
"""

import re

from interp.grids import N_COLORS
from interp.puzzles.puzzle import quoted

SIGNS = {**{str(digit): digit for digit in range(10)}, ".": 0, "a": 10, "A": 10}
"""Cells that are written as one sign: a dot is blank, an a is colour 10."""

_NUMBER = re.compile(r"[0-9]{1,9}(\.0*)?")
_BETWEEN = re.compile(r"[\s,]+")
_WIDE = re.compile(r" {4,}")
"""Is as good as three spaces; shortened, no text takes the expressions below more than a glance."""
_PARTED = re.compile(r"\s*[|\t]\s*|\s{3,}")
_TOKENS = re.compile(r"[\s,|]+")


class BadCellError(Exception):
    """A sign that is no colour.

    Args:
        cell: which of its row, from 1.
        token: what stands there.
    """

    def __init__(self, cell: int, token: str):
        super().__init__(
            f"a cell is a colour, a whole number from 0 to {N_COLORS - 1}, got {quoted(token, 20)}"
        )
        self.cell = cell


def looks_like_a_row(line: str) -> bool:
    """Whether a line is meant to be one of a grid: most of it is cells. It may have a wrong one."""
    tokens = [token for token in _TOKENS.split(line) if token]
    if not tokens:
        return False
    if len(tokens) == 1:
        token = tokens[0]
        signs = sum(sign in SIGNS for sign in token)
        sure = len(token) > 1 if set(token) <= {"a", "A"} else bool(set(token) & set(".0123456789"))
        return sure and 3 * signs > 2 * len(token)
    cells = sum(_is_cells(token) for token in tokens)
    if not _is_cells(tokens[0]) and (len(tokens) < 4 or len(tokens[0]) > 3):
        return False  # "Example 1"
    return 3 * cells > 2 * len(tokens)


def looks_like_the_row_after(line: str, before: str) -> bool:
    """Whether a line that stands directly below a row of single cells is meant to be the next: as many, and
    more than half of them are cells. In a small grid one wrong cell is much of a row.

    >>> looks_like_the_row_after("0 0 9x", "1 0 2"), looks_like_the_row_after("Example 2", "1 0")
    (True, False)
    """
    tokens, above = ([token for token in _TOKENS.split(one) if token] for one in (line, before))
    cells = sum(_is_cells(token) for token in tokens)
    return len(tokens) == len(above) > 2 and 2 * cells > len(tokens)


def row_fields(line: str) -> list[list[int]]:
    """The rows that stand in a line, one for each of the grids that stand beside one another.

    Raises:
        BadCellError: if one of its cells is no colour.
    """
    line = _WIDE.sub("   ", line.strip().strip("|").strip(",; \t"))
    parts = [part for part in _PARTED.split(line) if part.strip(", ")]
    if len(parts) > 1 and not all(_is_one_cell(part) for part in parts):
        return [_cells(part) for part in parts]
    tokens = [token for part in parts for token in _BETWEEN.split(part) if token]
    beside = len({len(token) for token in tokens}) == 1 and len(tokens) in (2, 3, 4)
    if beside and all(_is_compact(token) for token in tokens) and not all(map(_is_one_cell, tokens)):
        return [_cells(token) for token in tokens]
    return [_cells(" ".join(tokens))]


def cells_between_brackets(text: str) -> list[int]:
    """The row that stands in a pair of brackets, as Python and NumPy write it.

    Raises:
        BadCellError: if one of its cells is no colour.

    >>> cells_between_brackets("0, 1, 10"), cells_between_brackets(" 0.  1. 10.")
    ([0, 1, 10], [0, 1, 10])
    """
    return _cells(" ".join(token for token in _BETWEEN.split(text.strip(", \t\r\n;")) if token))


def _cells(text: str) -> list[int]:
    tokens = [token for token in _BETWEEN.split(text.strip(", \t")) if token]
    if len(tokens) == 1 and not _is_float(tokens[0]) and len(tokens[0]) > 1:
        tokens = list(tokens[0])
    found = []
    for number, token in enumerate(tokens, start=1):
        plain = token.strip("'\"")
        value = SIGNS.get(plain)
        if value is None and _NUMBER.fullmatch(plain):
            value = int(plain.split(".")[0])
        if value is None or value >= N_COLORS:
            raise BadCellError(number, token)
        found.append(value)
    return found


def _is_float(token: str) -> bool:
    return re.fullmatch(r"10\.0*|[0-9]\.0+", token) is not None and len(token) > 3


def _is_one_cell(text: str) -> bool:
    plain = text.strip(" ,'\"")
    return plain in SIGNS or (_NUMBER.fullmatch(plain) is not None and len(plain.split(".")[0]) < 3)


def _is_compact(token: str) -> bool:
    return len(token) > 1 and all(sign in SIGNS for sign in token)


def _is_cells(token: str) -> bool:
    plain = token.strip("'\"")
    return (
        _is_compact(plain) or _is_one_cell(plain) or re.fullmatch(r"-?[0-9]+(\.[0-9]*)?", plain) is not None
    )
