"""Four grids to paint on, with the steps that led there."""
