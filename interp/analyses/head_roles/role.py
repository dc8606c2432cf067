"""What a role is: the words and the sign for what a head attends to."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from interp.ablation import Component
from interp.analyses.head_study import LEAST_TOLD

AT_LEAST = 0.5
"""The share of a head's attention that gives it a role: more than on all else together."""

RoleKey = Literal[
    "copy",
    "earlier",
    "previous",
    "above",
    "current",
    "fixed",
    "markers",
    "start",
    "content",
    "off",
    "unknown",
]


@dataclass(frozen=True)
class Role:
    """What a head attends to.

    Attributes:
        key: in tables and links.
        name: in a word or two.
        glyph: one character that stands for it, legible in 11 pixels, in black and white.
        help: what that means, in a sentence.
    """

    key: RoleKey
    name: str
    glyph: str
    help: str


ROLES: Mapping[RoleKey, Role] = MappingProxyType(
    {
        role.key: role
        for role in (
            Role(
                "copy",
                "copy",
                "=",
                "Looks 100 back, at the cell about to be predicted as it stands one grid earlier: what a cell"
                " that does not change is copied from.",
            ),
            Role(
                "earlier",
                "earlier grids",
                "≡",
                "Looks at the same cell two or three grids back (201, 202, 302 or 303): at the example.",
            ),
            Role("previous", "previous token", "←", "Looks 1 back, at the token before."),
            Role(
                "above",
                "cell above",
                "↑",
                "Looks 9 or 10 back, at the cell above the one about to be predicted, or above the current"
                " one.",
            ),
            Role(
                "current",
                "current cell",
                "≈",
                "Looks 101 back, at the current token's own cell one grid earlier.",
            ),
            Role(
                "fixed",
                "fixed offset",
                "»",
                "Looks at another fixed offset, such as 90 back: the cell below the one about to be"
                " predicted, one grid earlier.",
            ),
            Role("markers", "markers", "#", "Looks at the markers between the grids, wherever they are."),
            Role(
                "start",
                "rests on start",
                "○",
                "Rests on the start token, which usually means that it does nothing.",
            ),
            Role(
                "content",
                "by content",
                "◊",
                "No fixed place has half of its attention: where it looks depends on what is there, or is"
                " spread out.",
            ),
            Role("off", "ablated", "×", "Ablated: it looks somewhere, but writes nothing of it."),
            Role("unknown", "not known", "?", "Its attention is not finite: where it looks is not known."),
        )
    }
)
"""Every role by its key, in the order in which they are listed. A head has the first fixed place that has at
least half of its attention (:data:`AT_LEAST`); only one can."""


@dataclass(frozen=True)
class HeadRole:
    """One head's role.

    Attributes:
        layer, head: which head.
        role: its role.
        share: of its attention, 0 to 1, that the role is read off: on the offsets of the role, on the
            markers, on the start token; by content, on the strongest offset; nan where the head is
            ablated or nothing is known of it.
        distance: the offset, in positions back, that has most of it; ``None`` where the role has none.
    """

    layer: int
    head: int
    role: Role
    share: float
    distance: int | None = None

    @property
    def component(self) -> Component:
        return Component(self.layer, "head", self.head)

    @property
    def words(self) -> str:
        """As it is said: "copy: 0.97 of its attention 100 back"."""
        if not np.isfinite(self.share):
            return self.role.name
        if self.distance is not None:
            place = f"{self.distance} back"
        else:
            place = {"markers": "on markers", "start": "on the start token"}[self.role.key]
        share = f"{self.share:.2f}" if self.share >= LEAST_TOLD else f"less than {LEAST_TOLD}"
        most = "at most " if self.role.key == "content" and self.share >= LEAST_TOLD else ""
        return f"{self.role.name}: {most}{share} of its attention {place}"
