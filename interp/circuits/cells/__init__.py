"""One cell of the answer explained: its exact linear attribution graph, and how far its predictions hold."""

from interp.circuits.cells.attribute import MOST_NEURONS, NEURONS, cell_graph, check_neurons
from interp.circuits.cells.effects import CellEffects, cell_effects
from interp.circuits.cells.graph import CellGraph, Flow, Node
from interp.circuits.cells.questions import CellEffectsOf, CellGraphOf
from interp.circuits.cells.roles import ROLES, roles_of
from interp.circuits.cells.target import CellTarget

__all__ = [
    "MOST_NEURONS",
    "NEURONS",
    "ROLES",
    "CellEffects",
    "CellEffectsOf",
    "CellGraph",
    "CellGraphOf",
    "CellTarget",
    "Flow",
    "Node",
    "cell_effects",
    "cell_graph",
    "check_neurons",
    "roles_of",
]
