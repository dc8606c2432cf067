"""Circuits: which connections between components a model needs for a task.

The model as a graph: what each component writes into the residual stream, who reads it, and what it costs to
put something else in the place of one such connection.
"""
