"""The puzzles: found, made, painted, imported and kept."""
