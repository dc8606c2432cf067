"""The losses of the clean and the ablated run."""

from app.widgets.loss_readout.readout import Item, has_cells, items, show

__all__ = ["Item", "has_cells", "items", "show"]
