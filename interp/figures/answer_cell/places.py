"""Where the boxes of a cell's graph stand: positions by role from left to right, layers upward."""

from collections.abc import Sequence
from dataclasses import dataclass

from interp.circuits.cells import ROLES, Node

ABREAST = 3
"""Boxes beside one another at one place; more stand in lines above one another."""
GAP = 0.35
"""Between the columns of two roles, in boxes."""
STAGGER = (0.0, -0.5, 0.5)
"""How far into the free room of its column a band is moved, band by band: so that flows up a column do not
run over one another."""

Kind = tuple[int, bool]
"""A band of the chart: its layer (-1: sources; one above the last: the target), and whether of its MLP."""


@dataclass(frozen=True)
class Places:
    """A layout.

    Attributes:
        at: the middle of each box, in boxes from the left and lines from the bottom, in the order of the
            nodes.
        columns: of each role that is there, its name and the middle of its column.
        bands: the name of each band and its middle.
        size: how many boxes wide and lines high it is.
    """

    at: tuple[tuple[float, float], ...]
    columns: tuple[tuple[str, float], ...]
    bands: tuple[tuple[str, float], ...]
    size: tuple[float, float]


def places(nodes: Sequence[Node]) -> Places:
    """The layout of some nodes of a graph. No two boxes overlap; a box stands above all in the bands before
    its own. What is at no position stands in a column of its own at the left, but the target above the place
    where it is predicted."""
    kinds = [_band(node) for node in nodes]
    bands = sorted(set(kinds))
    roles = sorted({_column(node) for node in nodes})
    held = {
        (band, role): [k for k, node in enumerate(nodes) if kinds[k] == band and _column(node) == role]
        for band in bands
        for role in roles
    }
    at: dict[int, tuple[float, float]] = {}
    columns, left = [], 0.0
    wide = {role: max(min(len(held[band, role]), ABREAST) for band in bands) for role in roles}
    high = {band: max(-(-len(held[band, role]) // ABREAST) for role in roles) for band in bands}
    for role in roles:
        columns.append((ROLES[role] if role >= 0 else "", left + wide[role] / 2))
        left += wide[role] + GAP
    bottoms, bottom = {}, 0.0
    for band in bands:
        bottoms[band] = bottom
        bottom += high[band] + 1  # a line between bands, for the edges
    for (band, role), own in held.items():
        free = wide[role] - min(len(own), ABREAST)
        middle = columns[roles.index(role)][1] + free * STAGGER[bands.index(band) % len(STAGGER)]
        for place, k in enumerate(own):
            line, column = divmod(place, ABREAST)
            beside = min(len(own) - line * ABREAST, ABREAST)
            x = middle + column - (beside - 1) / 2
            at[k] = x, bottoms[band] + line + 0.5
    named = tuple((_name(band), bottoms[band] + high[band] / 2) for band in bands)
    size = left - GAP, bottom - 1
    return Places(tuple(at[k] for k in range(len(nodes))), tuple(columns), named, size)


def _band(node: Node) -> Kind:
    if node.layer is None:
        return (-1, False) if node.rank == 0 else (node.rank, False)
    return node.layer, ".H" not in node.part


def _column(node: Node) -> int:
    if node.role:
        return ROLES.index(node.role)
    return -1 if node.rank == 0 else len(ROLES) - 1


def _name(band: Kind) -> str:
    layer, mlp = band
    if layer < 0:
        return "input"
    return "" if layer >= 10**6 else f"L{layer} {'MLP' if mlp else 'heads'}"
