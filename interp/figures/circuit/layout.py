"""Where the parts of a circuit stand: layers upward, a layer's MLP above its heads and aside.

>>> from interp.figures.circuit.layout import layout_of
>>> found = layout_of(("embed", "L0.H1", "L0.H2", "L0.mlp", "logits"), {"L0.H2": "copy"}, 6)
>>> [spot.part for spot in found.spots]
['embed', 'L0.H2', 'L0.H1', 'L0.mlp', 'logits']
>>> found.columns, found.height
(5, 296)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

WIDE = 3
"""Columns that the embedding and the logits take."""
FEWEST = 5
"""Columns, however few heads there are: boxes need not be wider."""
MANY = 8
"""Layers, from which on they stand closer."""
LEFT, RIGHT = 34.0, 14.0
"""Pixels beside the columns: the layers' names, and the margin."""
GAP = 8.0
"""Pixels between two boxes at the least, and widths of boxes at the most."""
WIDEST, WIDEST_END = 84.0, 264.0
TOP = 26.0
"""Pixels from the edge to the first box's and from the last one's."""


@dataclass(frozen=True)
class Spot:
    """Where a part stands.

    Attributes:
        part: which.
        x: of its centre, from 0 to 1 across the columns.
        y: of its centre, in pixels from above.
        columns: that it may take.
    """

    part: str
    x: float
    y: float
    columns: int = 1


@dataclass(frozen=True)
class Layout:
    """Where all parts stand: across in shares of whatever width there is, upward in pixels.

    Attributes:
        spots: in the order of the run, heads of a layer from left to right.
        columns: next to one another.
        box: the height of a box, in pixels.
        layers: the names of the layers that have parts, and where each is.
        height: of all, in pixels.
    """

    spots: tuple[Spot, ...]
    columns: int
    box: int
    layers: tuple[tuple[str, float], ...]
    height: int

    def data(self) -> dict[str, Any]:
        """As a browser takes it."""
        return {
            "spots": {spot.part: [spot.x, spot.y, spot.columns] for spot in self.spots},
            "columns": self.columns,
            "box": self.box,
            "layers": self.layers,
            "height": self.height,
            "left": LEFT,
            "right": RIGHT,
            "gap": GAP,
            "widest": [WIDEST, WIDEST_END],
        }


def layout_of(parts: Sequence[str], labels: Mapping[str, str], n_layers: int) -> Layout:
    """The layout of these parts, in the order of the run: the embedding first, the logits last.

    Heads of a layer that have the same label stand side by side. A layer of which there is nothing takes no
    room.

    Args:
        labels: what parts do, in a word.
        n_layers: of the model.
    """
    box, step = (36, 104) if n_layers <= MANY else (26, 76)
    first, *inner, last = parts
    by_layer = {
        layer: _ordered(list(own), labels)
        for layer, own in groupby(inner, lambda part: part.partition(".")[0])
    }
    most = max((len(heads) for heads, _ in by_layer.values()), default=0)
    columns = max(most + 1, FEWEST)
    height = round(2 * TOP + box + step * (len(by_layer) + 0.5 * bool(by_layer) + 0.5))
    bottom = height - TOP - box / 2
    middle = (columns - 1) / 2 / columns
    spots, layers = [Spot(first, middle, bottom, WIDE)], []
    for number, (name, (heads, mlps)) in enumerate(by_layer.items(), 1):
        y = bottom - step * number
        layers.append((name, y))
        start = (columns - 1 - len(heads)) / 2
        spots += [Spot(head, (start + k + 0.5) / columns, y) for k, head in enumerate(heads)]
        spots += [Spot(mlp, (columns - 0.5) / columns, y - step / 2) for mlp in mlps]
    spots.append(Spot(last, middle, TOP + box / 2, WIDE))
    return Layout(tuple(spots), columns, box, tuple(layers), height)


def _ordered(parts: list[str], labels: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """A layer's heads from left to right, and its MLP: labels in the order in which they were given."""
    ranks = {label: rank for rank, label in enumerate(dict.fromkeys(labels.values()))}
    heads = [part for part in parts if not part.endswith(".mlp")]
    heads.sort(key=lambda part: ranks.get(labels.get(part, ""), len(ranks)))
    return heads, [part for part in parts if part.endswith(".mlp")]
