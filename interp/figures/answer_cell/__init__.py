"""One cell of the answer explained, as charts."""

from interp.figures.answer_cell.flows import cell_flows
from interp.figures.answer_cell.predictions import cell_predictions

__all__ = ["cell_flows", "cell_predictions"]
