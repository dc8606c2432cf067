"""The choice of a puzzle: by task, prompt order, whether the model solves it, number, or picture."""
