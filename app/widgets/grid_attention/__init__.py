"""Where the heads of a layer attend, on the four grids: what is looked at stands apart from what draws it."""
