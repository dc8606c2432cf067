"""The losses of the clean and the ablated run."""

from app.widgets.loss_readout.readout import (
    LABELS,
    LONGEST_RATIO,
    Item,
    has_cells,
    items,
    scientific,
    show,
    times,
)

__all__ = [
    "LABELS",
    "LONGEST_RATIO",
    "Item",
    "has_cells",
    "items",
    "scientific",
    "show",
    "times",
]
