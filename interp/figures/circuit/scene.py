"""What of a picture is drawn, and where: as ``geometry.js`` does it in the browser, for files that are made
without one."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from interp.circuits.graph import EMBED, LOGITS
from interp.figures.circuit.layout import GAP, LEFT, RIGHT, WIDEST, WIDEST_END
from interp.figures.circuit.picture import MOST_DRAWN, CircuitPicture, Kind, kind_of, part_of
from interp.figures.circuit.state import PictureState, box_of

THINNEST, THICKEST = 0.7, 11.0
"""Pixels of the weakest edge and the strongest."""
PORTS: dict[Kind, float] = {"q": -0.3, "k": 0.0, "v": 0.3}
"""Where the inputs of a head are, in widths of its box from its middle."""


@dataclass(frozen=True)
class Box:
    """A part or a group, in pixels.

    Attributes:
        name: the part's, or the group's in a state.
        title: what it is called.
        label: what it does, in a word.
        parts: that it is.
        x, y: of its centre.
        width, height: its sides.
    """

    name: str
    title: str
    label: str
    parts: tuple[str, ...]
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class DrawnEdge:
    """All edges of one kind between two boxes, in pixels.

    Attributes:
        source, target: the boxes.
        kind: what they are read by.
        value: the sum of their effects.
        edges: how many they are.
        width: of the line.
        path: of the line, as SVG has it.
    """

    source: str
    target: str
    kind: Kind
    value: float
    edges: int
    width: float
    path: str


@dataclass(frozen=True)
class Scene:
    """What is drawn, in pixels.

    Attributes:
        boxes: all, those of parts in the order of the run.
        edges: the strongest first.
        there: how many edges there are to draw, with those too weak.
        least: the effect from which on they are drawn.
        width, height: of all.
    """

    boxes: tuple[Box, ...]
    edges: tuple[DrawnEdge, ...]
    there: int
    least: float
    width: float
    height: float


def scene_of(picture: CircuitPicture, state: PictureState, width: int | float) -> Scene:
    """What is drawn of a picture, as somebody has made it, in this width."""
    width = float(width)
    boxes = boxes_of(picture, state, width)
    merged = merged_edges(picture, state, boxes)
    order = sorted(merged, key=lambda ends: -abs(merged[ends][0]))
    sizes = [abs(merged[ends][0]) for ends in order]
    least = (
        state.least
        if state.least is not None
        else (sizes[min(picture.first, len(sizes)) - 1] if sizes else 0.0)
    )
    pinned = set(state.pinned)
    shown = [ends for ends in order if abs(merged[ends][0]) >= least or pinned & set(ends[:2])][:MOST_DRAWN]
    edges = []
    for source, target, kind in shown:
        value, count = merged[source, target, kind]
        path = path_of(boxes[source], boxes[target], kind, picture, width)
        thickness = line_width(value, picture.strongest)
        edges.append(DrawnEdge(source, target, kind, value, count, thickness, path))
    return Scene(tuple(boxes.values()), tuple(edges), len(order), least, width, float(picture.layout.height))


def line_width(value: float, strongest: float) -> float:
    """Of an edge's line, by the square root of its effect: effects differ a thousandfold."""
    return max(THINNEST, THICKEST * min(1.0, sqrt(abs(value) / strongest)))


def boxes_of(picture: CircuitPicture, state: PictureState, width: float) -> dict[str, Box]:
    """Every box by its name: a group stands where its first part would."""
    layout, group_of = picture.layout, {part: parts for parts in state.groups for part in parts}
    inner = width - LEFT - RIGHT
    found: dict[str, Box] = {}
    for spot in layout.spots:
        parts = group_of.get(spot.part, (spot.part,))
        name = box_of(parts)
        if name in found or name in state.hidden:
            continue
        x, y = state.places.get(name, (spot.x, spot.y))
        most = WIDEST_END if spot.columns > 1 else WIDEST
        side = min(most, spot.columns * inner / layout.columns - GAP)
        title, label = _words(name, parts, picture, state)
        found[name] = Box(name, title, label, parts, LEFT + x * inner, y, side, float(layout.box))
    return found


def _words(
    name: str, parts: tuple[str, ...], picture: CircuitPicture, state: PictureState
) -> tuple[str, str]:
    """What a box is called, and what stands below it: the names of a group's parts."""
    labels = {picture.labels.get(part, "") for part in parts}
    label = labels.pop() if len(labels) == 1 else ""
    if len(parts) > 1:
        return state.names.get(name) or label or f"{len(parts)} parts", " ".join(parts)
    return state.names.get(name, name), label if name not in state.names else name


Merged = dict[tuple[str, str, Kind], tuple[float, int]]


def merged_edges(picture: CircuitPicture, state: PictureState, boxes: Mapping[str, Box]) -> Merged:
    """The edges between boxes: the sum of the effects of all of a kind, and how many they are. Those inside
    a group are left out."""
    box_by_part = {part: box.name for box in boxes.values() for part in box.parts}
    sums: dict[tuple[str, str, Kind], list[float]] = defaultdict(list)
    for edge, value in zip(picture.edges, picture.values_in(state.block), strict=True):
        kind = kind_of(edge.reader)
        source, target = box_by_part.get(edge.writer), box_by_part.get(part_of(edge.reader))
        if source and target and source != target and kind in state.kinds:
            sums[source, target, kind].append(value)
    return {ends: (sum(values), len(values)) for ends, values in sums.items()}


def path_of(source: Box, target: Box, kind: Kind, picture: CircuitPicture, width: float) -> str:
    """The line from the top of a box to the bottom of another. One that would run behind boxes of its own
    column bows out of it."""
    inner = width - LEFT - RIGHT
    column = inner / picture.layout.columns

    def aside(own: Box, other: Box, share: float) -> float:
        return own.x + share * own.width * max(-1.0, min(1.0, (other.x - own.x) / (0.5 * inner)))

    x1, y1 = aside(source, target, 0.36), source.y - source.height / 2
    x2 = target.x + PORTS[kind] * target.width if kind in PORTS else aside(target, source, 0.42)
    y2 = target.y + target.height / 2
    rise = y1 - y2
    bend = 0.5 * rise if rise > 0 else 40.0
    bow = 0.0
    if rise > 2 * source.height and abs(x2 - x1) < column:
        outward = {"q": -1, "v": 1}.get(kind, -1 if x1 > LEFT + inner / 2 else 1)
        bow = outward * 0.95 * (column - abs(x2 - x1))
    points = (x1, y1, x1 + bow, y1 - bend, x2 + bow, y2 + bend, x2, y2)
    return "M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}".format(*points)


def is_end(box: Box) -> bool:
    """Whether it is the embedding or the logits."""
    return box.name in (EMBED, LOGITS)
