"""The page of the studies."""
