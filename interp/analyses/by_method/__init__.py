"""What depends on how a component is ablated: constants that cost least, draws of other runs, rankings by
several methods."""
