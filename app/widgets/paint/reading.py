"""What a browser's easel says, read as a claim: each painting is whole, so that the last one counts."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import UInt8

from app.widgets.ablation_board.wishes import Seen
from interp.grids import CELLS, N_COLORS, SIZE

MOST = 500
"""Paintings in a message, more than a browser keeps."""


@dataclass(frozen=True)
class Painted:
    """What was painted.

    Attributes:
        cells: the 400 cells of the four grids, a colour each.
        follow: whether the answer is to be worked out from the other three grids, which have changed.
    """

    cells: bytes
    follow: bool

    @property
    def grids(self) -> UInt8[np.ndarray, "4 10 10"]:
        """The four grids."""
        return np.frombuffer(self.cells, dtype=np.uint8).reshape(4, SIZE, SIZE)


def read_painted(payload: Any, seen: Seen) -> Painted | None:
    """The last painting of a message that has not been seen before; ``None`` if there is none, or if it is no
    such message."""
    match payload:
        case {"client": str(client), "first": int(first), "wishes": list(wishes)} if len(client) < 100:
            done = seen.number if seen.client == client else 0
            fresh = wishes[:MOST][max(done + 1 - first, 0) :]
            return _read(fresh[-1]) if fresh else None
    return None


def _read(item: Any) -> Painted | None:
    match item:
        case {"cells": str(text), "follow": bool(follow)} if len(text) == 4 * CELLS and text.isascii():
            cells = [_DIGITS.find(digit) for digit in text]
            return None if min(cells) < 0 else Painted(bytes(cells), follow)
    return None


_DIGITS = "".join(f"{color:x}" for color in range(N_COLORS))
