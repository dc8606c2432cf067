"""A puzzle as a short text, for links: whoever has the text has the puzzle, on any machine.

The text is ``own.`` and base64url of: a byte that names version and order of the grids, the task, 173 bytes
that hold the 400 cells as one number to the base 11, and a checksum of 4 bytes. There is exactly one text a
puzzle, and none that is damaged by a letter is taken for another puzzle.

>>> from interp.puzzles import load_puzzles
>>> puzzle = load_puzzles("bank")[0]
>>> text = spelled(puzzle)
>>> len(text), read_spelled(text) == puzzle
(243, True)
"""

import base64
import binascii
import re
import zlib
from functools import lru_cache

import numpy as np

from interp.errors import PuzzlescopeError
from interp.grids import CELLS, N_COLORS, SIZE
from interp.puzzles.puzzle import LONGEST_TASK, Puzzle
from interp.tasks import TASKS
from interp.tokens import STRUCTURES, encode

PREFIX = "own."
VERSION = 1
N_CELLS = 4 * CELLS
PACKED = ((N_COLORS**N_CELLS - 1).bit_length() + 7) // 8
"""Bytes of all cells together: 173."""
CHECKSUM = 4
LEAST = 40
"""Letters below which a text is no puzzle, whole or cut off: it may be the name of a file."""
OTHER = 255
"""Stands for the number of a task that is not in the table; its name follows."""
LONGEST = 2 * (1 + 1 + 1 + 4 * LONGEST_TASK + PACKED + CHECKSUM)
"""More letters than any text has."""


@lru_cache(maxsize=1024)
def spelled(puzzle: Puzzle) -> str:
    """The text of a puzzle."""
    head = bytes([VERSION << 2 | STRUCTURES.index(puzzle.structure)])
    number = 0
    for cell in puzzle.grids.ravel().tolist():
        number = number * N_COLORS + cell
    body = head + _task_bytes(puzzle.task) + number.to_bytes(PACKED, "big")
    data = body + zlib.crc32(body).to_bytes(CHECKSUM, "big")
    return PREFIX + base64.urlsafe_b64encode(data).decode().rstrip("=")


def read_spelled(text: str) -> Puzzle:
    """The puzzle of a text.

    Raises:
        PuzzlescopeError: if it is not the whole text of a puzzle.
    """
    body = _body(text)
    version, order = body[0] >> 2, body[0] & 3
    if version != VERSION:
        raise PuzzlescopeError(
            f"The puzzle that begins with '{PREFIX}' is written in version {version}, and only {VERSION} is"
            " known here: open it with the Puzzlescope that made it."
        )
    task, packed = _read_task(body[1:])
    number = int.from_bytes(packed, "big")
    if len(packed) != PACKED or number >= N_COLORS**N_CELLS:
        raise _damaged()
    cells = np.zeros(N_CELLS, dtype=np.uint8)
    for k in reversed(range(N_CELLS)):
        number, cells[k] = divmod(number, N_COLORS)
    structure = STRUCTURES[order]
    found = Puzzle.of(task, encode(cells.reshape(4, SIZE, SIZE), structure))
    if spelled(found) != text:  # one text a puzzle
        raise _damaged()
    return found


def is_spelled(text: str) -> bool:
    """Whether a text means to be a puzzle, and not the id of one or the name of a file."""
    return text.startswith(PREFIX) and len(text) >= LEAST


def _body(text: str) -> bytes:
    letters = text.removeprefix(PREFIX)
    if not is_spelled(text) or len(text) > LONGEST or not re.fullmatch(r"[A-Za-z0-9_-]+", letters):
        raise _damaged()
    try:
        data = base64.urlsafe_b64decode(letters + "=" * (-len(letters) % 4))
    except (binascii.Error, ValueError):
        raise _damaged() from None
    body, check = data[:-CHECKSUM], data[-CHECKSUM:]
    if len(body) < 2 + PACKED or zlib.crc32(body).to_bytes(CHECKSUM, "big") != check:
        raise _damaged()
    return body


def _task_bytes(task: str) -> bytes:
    if task in TASKS:
        return bytes([list(TASKS).index(task)])
    name = task.encode()
    return bytes([OTHER, *len(name).to_bytes(2, "big")]) + name


def _read_task(body: bytes) -> tuple[str, bytes]:
    """The task's name, and the bytes behind it."""
    if body[0] != OTHER:
        if body[0] >= len(TASKS):
            raise _damaged()
        return list(TASKS)[body[0]], body[1:]
    length = int.from_bytes(body[1:3], "big")
    try:
        return body[3 : 3 + length].decode(), body[3 + length :]
    except UnicodeDecodeError:
        raise _damaged() from None


def _damaged() -> PuzzlescopeError:
    return PuzzlescopeError(
        f"The puzzle that begins with '{PREFIX}' is damaged, perhaps cut off: copy the whole of it."
    )
