"""The losses of the clean and the ablated run."""

from app.widgets.loss_readout.readout import LONGEST_RATIO, has_cells, items, scientific, times

__all__ = ["LONGEST_RATIO", "has_cells", "items", "scientific", "times"]
