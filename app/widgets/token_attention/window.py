"""Which tokens CircuitsVis shows, as a value and as it stands in a link."""

import re
from dataclasses import dataclass, replace
from typing import Literal, get_args

from interp.errors import PuzzlescopeError, brief
from interp.grids import SIZE
from interp.tokens import N_CTX

What = Literal["pattern", "heads"]
Way = Literal["rows", "grid", "positions"]
MOST_TOKENS: dict[What, int] = {"pattern": 101, "heads": 85}
"""How many tokens a browser draws in about a second: a whole grid for one head, two rows of each grid for
eight."""

_TEXT = re.compile("(?P<way>rows|grid|positions)(?P<place>[0-2])?-(?P<first>[0-9]{1,3})-(?P<last>[0-9]{1,3})")


@dataclass(frozen=True)
class Window:
    """Which tokens are shown.

    Attributes:
        way: "rows": the start token, and of each grid its marker and the rows ``first`` to ``last``. "grid":
            these rows of grid ``place`` as keys, and as queries the positions that predict these rows of the
            answer. "positions": the positions ``first`` to ``last``.
        first, last: both are shown; rows and positions count from 0.
        place: of the grid that the answer is compared with, 0 to 2; only for "grid".
    """

    way: Way = "rows"
    first: int = 4
    last: int = 5
    place: int = 2

    @property
    def text(self) -> str:
        """As it stands in a link: ``rows-4-5``, ``grid2-0-4``, ``positions-0-100``."""
        return f"{self.way}{self.place if self.way == 'grid' else ''}-{self.first}-{self.last}"

    @property
    def size(self) -> int:
        """How many tokens these are."""
        span = self.last - self.first + 1
        return {"rows": 1 + 4 * (1 + SIZE * span), "grid": 2 * SIZE * span, "positions": span}[self.way]

    def fitted(self, what: What) -> "Window":
        """This window, or its beginning where all of it would be too much to draw."""
        return replace(self, last=min(self.last, self.first + longest(self.way, what) - 1))


def longest(way: Way, what: What) -> int:
    """How many rows or positions can be shown at once."""
    most = MOST_TOKENS[what]
    return {"rows": (most // 4 - 1) // SIZE, "grid": most // (2 * SIZE), "positions": most}[way]


def length(way: Way) -> int:
    """How many rows or positions there are."""
    return N_CTX if way == "positions" else SIZE


def read_window(text: str) -> Window:
    """The window of this text, the inverse of ``Window.text``.

    Raises:
        PuzzlescopeError: if there is none.
    """
    match = _TEXT.fullmatch(text)
    if match is not None:
        way = next(way for way in get_args(Way) if way == match["way"])
        window = Window(way, int(match["first"]), int(match["last"]), int(match["place"] or Window.place))
        if (way == "grid") == bool(match["place"]) and window.first <= window.last < length(window.way):
            return window
    raise PuzzlescopeError(
        f"Expected tokens such as rows-4-5, grid2-0-4 or positions-0-100, got '{brief(text)}'."
    )
