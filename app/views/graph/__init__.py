"""The page of the graph."""
