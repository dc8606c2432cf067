"""Plotly figures of the analyses' results."""
