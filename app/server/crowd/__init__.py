"""How many people there may be, and how many of their pages compute at the same time."""
