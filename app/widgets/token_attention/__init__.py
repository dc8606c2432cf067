"""CircuitsVis's attention between tokens, and its window."""
