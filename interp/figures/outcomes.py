"""What became of each cell of an answer, beside the clean run's: broken, fixed, still wrong."""

import numpy as np
from jaxtyping import Integer

WRONG, BROKEN, FIXED, BOTH = "wrong", "broken", "fixed", "both"
KINDS = (WRONG, BROKEN, FIXED, BOTH)
NAMES = {WRONG: "wrong", BROKEN: "broken", FIXED: "fixed", BOTH: "still wrong"}

INKS = {WRONG: "#111111", BROKEN: "#a3082f", FIXED: "#00594a", BOTH: "#111111"}
"""The colours in which cells are outlined; the shapes differ too."""


def told(wrong: int) -> str:
    """How an answer came out, as it stands beside its title.

    >>> told(22), told(0)
    ('22 wrong', 'solved')
    """
    return f"{wrong} wrong" if wrong else "solved"


def counted(kind: str, count: int) -> str:
    """How many cells became what, as in a legend.

    >>> counted(BROKEN, 27), counted(BOTH, 3)
    ('27 broken', '3 still wrong')
    """
    return f"{count} {NAMES[kind]}"


def outcomes(
    cells: Integer[np.ndarray, "*cells"],
    truth: Integer[np.ndarray, "*cells"],
    compared: Integer[np.ndarray, "*cells"] | None = None,
) -> np.ndarray:
    """What became of each cell, one of :data:`KINDS`; empty where there is nothing to say.

    Args:
        compared: the answer of the clean run, if these are cells of an ablated one; left out, cells are
            right or wrong.
    """
    wrong = cells != truth
    if compared is None:
        return np.where(wrong, WRONG, "")
    before = compared != truth
    return np.select([wrong & ~before, ~wrong & before, wrong & before], [BROKEN, FIXED, BOTH], "")
