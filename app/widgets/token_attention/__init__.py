"""CircuitsVis's attention between tokens: its window stands apart from what draws it."""
