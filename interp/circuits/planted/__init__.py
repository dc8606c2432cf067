"""Circuits that are planted in a model, so that it is known what a search should find: making them, and runs
of such models with some of their edges cut."""
