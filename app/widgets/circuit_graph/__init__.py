"""A circuit as a graph that can be walked in: threshold, groups, moves; clicks ablate parts and cut edges."""

from app.widgets.circuit_graph.graph import Event, circuit_graph, read_event

__all__ = ["Event", "circuit_graph", "read_event"]
