"""Why the chosen head looks where it looks, at a cell of the answer."""
