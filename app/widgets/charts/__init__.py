"""Plotly charts and lists that can be clicked."""
