"""What somebody has made of a picture: what is merged, named, moved, pinned and hidden, and how much is
drawn. All of it is plain JSON, which a page or a link may keep.

>>> state = PictureState(groups=(("L1.H1", "L1.H5"),), names={"L1.H1+L1.H5": "copy"})
>>> state.data()["groups"], state.data()["names"]
([['L1.H1', 'L1.H5']], {'L1.H1+L1.H5': 'copy'})
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeGuard

from interp.circuits.blocks import BLOCKS
from interp.circuits.graph import EMBED, LOGITS
from interp.figures.circuit.picture import KINDS, CircuitPicture
from interp.figures.paper.words import writable
from interp.outputs import plain

JOINS = "+"
"""Between the parts of a group, whose name in a state it is."""
LONGEST = 40
"""Letters of a name."""
LARGEST = 1e12
"""Numbers of a state are smaller."""


@dataclass(frozen=True)
class PictureState:
    """What somebody has made of a picture. A box is a part, or a group by its parts' names with a ``+``
    between them.

    Attributes:
        least: edges with a smaller effect, in logits, are not drawn; ``None`` as long as nobody has chosen.
        block: of positions, if only the part of the effects through one is drawn.
        kinds: of edges that are drawn.
        groups: parts that are one box.
        names: what boxes are called.
        places: where boxes were moved to: across, from 0 to 1, and in pixels from above.
        pinned: boxes whose edges are drawn, however small.
        hidden: boxes that are not drawn, nor their edges.
    """

    least: float | None = None
    block: str = ""
    kinds: tuple[str, ...] = tuple(KINDS)
    groups: tuple[tuple[str, ...], ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    pinned: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        """As JSON."""
        found: dict[str, Any] = plain(asdict(self))
        return found


DEFAULT_STATE = PictureState()


def box_of(parts: Collection[str]) -> str:
    """What a group of parts is called in a state."""
    return JOINS.join(parts)


def read_state(value: object, picture: CircuitPicture) -> PictureState:
    """The state that a browser or a link says, which is only a claim: what does not fit the picture is passed
    over."""
    given = value if isinstance(value, dict) else {}
    groups = _groups(given.get("groups"), picture)
    boxes = {*picture.parts, *map(box_of, groups)}
    least, block = given.get("least"), given.get("block")
    kinds = given.get("kinds")
    return PictureState(
        float(least) if _is_number(least) and least >= 0 else None,
        block if block in BLOCKS and picture.blocks is not None else "",
        tuple(kind for kind in KINDS if kind in kinds) if isinstance(kinds, list) else tuple(KINDS),
        groups,
        {box: name for box, said in _items(given.get("names"), boxes) if (name := _name(said))},
        {box: place for box, said in _items(given.get("places"), boxes) if (place := _place(said, picture))},
        _some(given.get("pinned"), boxes),
        _some(given.get("hidden"), boxes - {EMBED, LOGITS}),
    )


def _groups(value: object, picture: CircuitPicture) -> tuple[tuple[str, ...], ...]:
    """Groups of two parts or more, none of which is in two."""
    left = [part for part in picture.parts if part not in (EMBED, LOGITS)]
    found = []
    for said in value if isinstance(value, list) else ():
        parts = tuple(part for part in left if part in said) if isinstance(said, list) else ()
        if len(parts) > 1:
            found.append(parts)
            left = [part for part in left if part not in parts]
    return tuple(found)


def _items(value: object, boxes: Collection[str]) -> list[tuple[str, Any]]:
    return [(box, value[box]) for box in sorted(boxes) if box in value] if isinstance(value, dict) else []


def _some(value: object, boxes: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(box for box in boxes if box in value)) if isinstance(value, list) else ()


def _name(value: object) -> str:
    return " ".join(writable(value).split())[:LONGEST] if isinstance(value, str) else ""


def _place(value: object, picture: CircuitPicture) -> tuple[float, float] | None:
    if not (isinstance(value, list | tuple) and len(value) == 2 and all(map(_is_number, value))):
        return None
    x, y = map(float, value)
    return min(max(x, 0.0), 1.0), min(max(y, 0.0), float(picture.layout.height))


def _is_number(value: object) -> TypeGuard[float]:
    """Whether it is a number that anything here can be; no nan either."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST
