"""Puzzles as small pictures, to be opened, painted and picked."""
